/* SPDX-License-Identifier: MIT */
#include "runtime/device-program.h"

#include <linux/bpf.h>

/*
 * The kernel calls the program with r1 pointing at struct bpf_cgroup_dev_ctx: access_type (type of the
 * device in the lower half, ways of access in the upper), major, minor. It answers in r0: 1 allows.
 *
 *      r2 = type, r3 = access, r4 = major, r5 = minor
 *      for each rule: if a field differs, jump to the next rule; else return 1
 *      return 0
 *
 * No maps, no helpers, no loops: every kernel since 4.15 takes it, and it costs a few nanoseconds.
 */

#define PROLOGUE_SIZE 6U
#define RULE_SIZE_MAX 8U /* type, three for the access, major, minor, two for the answer */
#define EPILOGUE_SIZE 2U

enum {
        REG_RESULT = BPF_REG_0,
        REG_CONTEXT = BPF_REG_1,
        REG_SCRATCH = BPF_REG_1, /* the context is not needed once its fields are loaded */
        REG_TYPE = BPF_REG_2,
        REG_ACCESS = BPF_REG_3,
        REG_MAJOR = BPF_REG_4,
        REG_MINOR = BPF_REG_5,
};

#define ACCESS_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)
#define TYPE_MASK 0xffff
#define ACCESS_SHIFT 16

typedef struct Assembler {
        struct bpf_insn *code; /* borrowed */
        size_t n;
} Assembler;

static void emit(Assembler *a, uint8_t code, unsigned dst, unsigned src, int16_t off, int32_t imm) {
        a->code[a->n++] = (struct bpf_insn) {
                .code = code,
                .dst_reg = dst & 0xf,
                .src_reg = src & 0xf,
                .off = off,
                .imm = imm,
        };
}

static void emit_load(Assembler *a, unsigned dst, size_t offset) {
        emit(a, BPF_LDX | BPF_MEM | BPF_W, dst, REG_CONTEXT, (int16_t) offset, 0);
}

static void emit_move(Assembler *a, unsigned dst, unsigned src) {
        emit(a, BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void emit_return(Assembler *a, bool allow) {
        emit(a, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, allow);
        emit(a, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Comparing 32 bits (Linux 5.1): a plain jump would extend the sign of a large number. Where it leads is
 * filled in when the end of the rule is known. */
static void emit_unless_equal(Assembler *a, unsigned reg, uint32_t value) {
        emit(a, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, (int32_t) value);
}

static void emit_unless_same(Assembler *a, unsigned reg, unsigned other) {
        emit(a, BPF_JMP32 | BPF_JNE | BPF_X, reg, other, 0, 0);
}

static void emit_prologue(Assembler *a) {
        emit_load(a, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
        emit_load(a, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
        emit_load(a, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
        emit_move(a, REG_ACCESS, REG_TYPE);
        emit(a, BPF_ALU | BPF_AND | BPF_K, REG_TYPE, 0, 0, TYPE_MASK);
        emit(a, BPF_ALU | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, ACCESS_SHIFT);
}

static int32_t rule_access(const DeviceRule *rule) {
        return (rule->read ? BPF_DEVCG_ACC_READ : 0) | (rule->write ? BPF_DEVCG_ACC_WRITE : 0) |
               (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0);
}

static void emit_rule(Assembler *a, const DeviceRule *rule) {
        int32_t access = rule_access(rule);
        size_t start = a->n;

        emit_unless_equal(
                        a, REG_TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
        if (access != ACCESS_ALL) {
                emit_move(a, REG_SCRATCH, REG_ACCESS);
                emit(a, BPF_ALU | BPF_AND | BPF_K, REG_SCRATCH, 0, 0, access);
                emit_unless_same(a, REG_SCRATCH, REG_ACCESS);
        }
        if (rule->major != UINT32_MAX)
                emit_unless_equal(a, REG_MAJOR, rule->major);
        if (rule->minor != UINT32_MAX)
                emit_unless_equal(a, REG_MINOR, rule->minor);
        emit_return(a, /* allow= */ true);

        for (size_t i = start; i < a->n; i++) {
                if (BPF_CLASS(a->code[i].code) == BPF_JMP32)
                        a->code[i].off = (int16_t) (a->n - i - 1);
        }
}

int device_program_build(
                const DeviceRule *rules, size_t n_rules, struct bpf_insn **ret, size_t *ret_n) {
        size_t size = PROLOGUE_SIZE + n_rules * RULE_SIZE_MAX + EPILOGUE_SIZE;
        Assembler a = { .code = calloc(size, sizeof(struct bpf_insn)) };

        if (!a.code)
                return -ENOMEM;

        /* The verifier refuses code that can't be reached: nothing may follow "all is allowed". */
        if (n_rules == 1 && rules[0].type == 'a')
                emit_return(&a, /* allow= */ true);
        else {
                emit_prologue(&a);
                for (size_t i = 0; i < n_rules; i++)
                        emit_rule(&a, &rules[i]);
                emit_return(&a, /* allow= */ false);
        }

        assert(a.n <= size);
        *ret = a.code;
        *ret_n = a.n;
        return 0;
}
