/* SPDX-License-Identifier: MIT */
#include "runtime/seccomp-compile.h"

#include <endian.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

#define NUMBERS_MAX 2048U
#define JUMP_MAX 255U
/* ARM has a few calls of its own far above the common ones. */
#define COMMON_NUMBERS 0x10000U
#define X32_NUMBERS 0x40000000U
/* The last call that was taken out of its multiplexer, msgctl(), has 402. */
#define MULTIPLEXED_NUMBERS 403U

/* One set of numbers, and what the kernel calls the architecture; x32 is a part of x86-64. */
typedef struct Architecture {
        uint32_t token, audit;
        uint32_t base; /* added to all numbers */
        /* It once had one call for all of sockets and one for all of System V's IPC: libseccomp names
         * no number for what got one of its own only later, but knows the name of the number. */
        bool multiplexed;
} Architecture;

/* What a kernel of this architecture executes; those with one audit number side by side. */
/* clang-format off */
static const Architecture architectures[] = {
#if defined(__x86_64__)
        { SCMP_ARCH_X86_64,  AUDIT_ARCH_X86_64,  0,           false },
        { SCMP_ARCH_X32,     AUDIT_ARCH_X86_64,  X32_NUMBERS, false },
        { SCMP_ARCH_X86,     AUDIT_ARCH_I386,    0,           true  },
#elif defined(__aarch64__)
        { SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, false },
        { SCMP_ARCH_ARM,     AUDIT_ARCH_ARM,     0, false },
#elif defined(__riscv) && __riscv_xlen == 64
        { SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0, false },
#else
#error "the seccomp profile has not been tried on this architecture"
#endif
};
/* clang-format on */

/*
 * The program is written from its end to its beginning, since jumps only lead forward: what is jumped
 * to is there already. A position counts from the end, beginning with 1.
 */
typedef struct Builder {
        const SeccompRow *rows; /* borrowed */
        size_t n_rows;
        uint64_t capabilities;
        struct sock_filter program[BPF_MAXINSNS];
        unsigned size;
        bool overflow;
        unsigned allow, refuse, unknown; /* positions of what is returned */
} Builder;

/* From this number up to the next segment's, go to a position. */
typedef struct Segment {
        uint32_t first;
        unsigned target;
} Segment;

typedef struct SegmentList {
        Segment segments[NUMBERS_MAX];
        size_t n;
} SegmentList;

static unsigned emit(Builder *b, struct sock_filter instruction) {
        if (b->size >= BPF_MAXINSNS) {
                b->overflow = true;
                return b->size;
        }
        b->size++;
        b->program[BPF_MAXINSNS - b->size] = instruction;
        return b->size;
}

static unsigned emit_statement(Builder *b, unsigned code, uint32_t k) {
        return emit(b, (struct sock_filter) BPF_STMT((unsigned short) code, k));
}

/* A position that the next instruction can reach: conditional jumps have eight bits. */
static unsigned within_reach(Builder *b, unsigned target, unsigned reserve) {
        unsigned distance = b->size - target;

        return distance + reserve <= JUMP_MAX ? target
                                              : emit_statement(b, BPF_JMP | BPF_JA, distance);
}

static unsigned emit_branch(
                Builder *b, unsigned code, uint32_t k, unsigned if_true, unsigned if_false) {
        if_true = within_reach(b, if_true, 1); /* the other may need an instruction in between */
        if_false = within_reach(b, if_false, 0);
        return emit(b,
                        (struct sock_filter) BPF_JUMP((unsigned short) (BPF_JMP | code | BPF_K),
                                        k,
                                        (unsigned char) (b->size - if_true),
                                        (unsigned char) (b->size - if_false)));
}

/*
 * All arguments that are looked at are ints to the kernel: it cuts off the upper half, and so do we. A
 * comparison of 64 bits could be passed by with a bit set there.
 */
static unsigned emit_argument_check(Builder *b, const SeccompArgument *a, unsigned otherwise) {
        uint32_t offset = (uint32_t) (offsetof(struct seccomp_data, args) +
                                      a->index * sizeof(uint64_t));
        bool masked = a->compare == SCMP_CMP_MASKED_EQ;
        bool negated = a->compare == SCMP_CMP_NE;

        if (BYTE_ORDER == BIG_ENDIAN)
                offset += sizeof(uint32_t);
        emit_branch(b,
                        BPF_JEQ,
                        (uint32_t) (masked ? a->b : a->a),
                        negated ? otherwise : b->allow,
                        negated ? b->allow : otherwise);
        if (masked)
                emit_statement(b, BPF_ALU | BPF_AND | BPF_K, (uint32_t) a->a);
        return emit_statement(b, BPF_LD | BPF_W | BPF_ABS, offset);
}

static bool row_has(const SeccompRow *row, const char *name) {
        for (const char *const *n = row->names; *n; n++) {
                if (strcmp(*n, name) == 0)
                        return true;
        }
        return false;
}

int seccomp_row_applies(const SeccompRow *row, uint64_t capabilities) {
        if (row->needs && !(row->needs & capabilities))
                return false;
        return !(row->excluded & capabilities);
}

/* The code that decides about a call: any row that allows it will do. Return: its position. */
static unsigned emit_decision(Builder *b, const char *name) {
        unsigned target = b->refuse;

        for (size_t i = 0; i < b->n_rows; i++) {
                const SeccompRow *row = &b->rows[i];

                if (!seccomp_row_applies(row, b->capabilities) || !row_has(row, name))
                        continue;
                if (row->argument)
                        target = emit_argument_check(b, row->argument, target);
                else
                        return row->error == 0 ? b->allow
                                               : emit_statement(b,
                                                                 BPF_RET | BPF_K,
                                                                 SECCOMP_RET_ERRNO |
                                                                                 (uint32_t) row->error);
        }
        return target;
}

static bool list_has(const SegmentList *l, uint32_t number) {
        for (size_t i = 0; i < l->n; i++) {
                if (l->segments[i].first == number)
                        return true;
        }
        return false;
}

static void list_add(Builder *b, SegmentList *l, uint32_t first, unsigned target) {
        if (l->n >= NUMBERS_MAX)
                b->overflow = true;
        else
                l->segments[l->n++] = (Segment) { first, target };
}

static void list_add_names(Builder *b, SegmentList *l, const Architecture *a) {
        for (size_t i = 0; i < b->n_rows; i++) {
                for (const char *const *name = b->rows[i].names; *name; name++) {
                        int number = seccomp_syscall_resolve_name_arch(a->token, *name);

                        /* Not of this architecture, or newer than libseccomp. */
                        if (number < 0 || list_has(l, (uint32_t) number))
                                continue;
                        list_add(b, l, (uint32_t) number, emit_decision(b, *name));
                }
        }
}

static void list_add_multiplexed(Builder *b, SegmentList *l, const Architecture *a) {
        for (uint32_t number = 0; number < MULTIPLEXED_NUMBERS; number++) {
                _cleanup_free_ char *name =
                                seccomp_syscall_resolve_num_arch(a->token, (int) number);

                if (!name || list_has(l, number))
                        continue;
                unsigned target = emit_decision(b, name);
                if (target != b->refuse)
                        list_add(b, l, number, target);
        }
}

/* Every number that a row names, with its decision; the first above them is where the unknown begins. */
static void list_add_architecture(Builder *b, SegmentList *l, const Architecture *a) {
        uint32_t last = a->base;
        size_t before = l->n;

        list_add_names(b, l, a);
        if (a->multiplexed)
                list_add_multiplexed(b, l, a);

        size_t after = l->n;
        for (size_t i = before; i < after; i++) {
                if (l->segments[i].first - a->base < COMMON_NUMBERS)
                        last = MAX(last, l->segments[i].first);
        }

        /* What lies between two of them, or above those of ARM's own. */
        if (!list_has(l, a->base))
                list_add(b, l, a->base, b->refuse);
        for (size_t i = before; i < after; i++) {
                uint32_t next = l->segments[i].first + 1;

                if (!list_has(l, next))
                        list_add(b, l, next, next > last ? b->unknown : b->refuse);
        }
}

static int segment_compare(const void *a, const void *b) {
        uint32_t x = ((const Segment *) a)->first, y = ((const Segment *) b)->first;

        return (x > y) - (x < y);
}

/* In order, neighbours with one target joined. */
static void list_finish(SegmentList *l) {
        size_t n = 0;

        qsort(l->segments, l->n, sizeof(*l->segments), segment_compare);
        for (size_t i = 0; i < l->n; i++) {
                if (n == 0 || l->segments[n - 1].target != l->segments[i].target)
                        l->segments[n++] = l->segments[i];
        }
        l->n = n;
}

/* Binary search; as deep as the logarithm of the number of ranges. */
static unsigned emit_search(Builder *b, const Segment *segments, size_t n) {
        if (n == 1)
                return segments[0].target;

        size_t middle = n / 2;
        unsigned upper = emit_search(b, segments + middle, n - middle);
        unsigned lower = emit_search(b, segments, middle);
        return emit_branch(b, BPF_JGE, segments[middle].first, upper, lower);
}

/* Return: how many entries of the table share the audit number. */
static size_t emit_architecture(Builder *b, size_t first, unsigned *ret_position) {
        _cleanup_free_ SegmentList *l = calloc(1, sizeof(*l));
        size_t n = 0;

        if (!l) {
                b->overflow = true;
                return ELEMENTSOF(architectures);
        }
        for (; first + n < ELEMENTSOF(architectures) &&
                        architectures[first + n].audit == architectures[first].audit;
                        n++)
                list_add_architecture(b, l, &architectures[first + n]);
        list_finish(l);

        unsigned target = emit_search(b, l->segments, l->n);
        if (target != b->size)
                emit_statement(b, BPF_JMP | BPF_JA, b->size - target);
        *ret_position = emit_statement(
                        b, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        return n;
}

static void emit_program(Builder *b) {
        b->allow = emit_statement(b, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        b->refuse = emit_statement(b, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
        b->unknown = emit_statement(b, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);

        unsigned entries[ELEMENTSOF(architectures)] = {};
        for (size_t i = 0; i < ELEMENTSOF(architectures) && !b->overflow;)
                i += emit_architecture(b, i, &entries[i]);

        /* An architecture that the kernel should not have: its numbers mean nothing to us. */
        unsigned otherwise = emit_statement(b, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        for (size_t i = ELEMENTSOF(architectures); i-- > 0;) {
                if (entries[i] != 0)
                        otherwise = emit_branch(
                                        b, BPF_JEQ, architectures[i].audit, entries[i], otherwise);
        }
        emit_statement(b, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
}

int seccomp_compile(const SeccompRow *rows,
                size_t n_rows,
                uint64_t capabilities,
                struct sock_fprog *ret) {
        _cleanup_free_ Builder *b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->rows = rows;
        b->n_rows = n_rows;
        b->capabilities = capabilities;

        emit_program(b);
        if (b->overflow)
                return -E2BIG;

        struct sock_filter *filter = calloc(b->size, sizeof(*filter));
        if (!filter)
                return -ENOMEM;
        memcpy(filter, b->program + BPF_MAXINSNS - b->size, b->size * sizeof(*filter));
        *ret = (struct sock_fprog) { .len = (unsigned short) b->size, .filter = filter };
        return 0;
}
