/* SPDX-License-Identifier: MIT */
#include "runtime/device-program.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "runtime/device-attach.h"
#include "runtime/device-rule.h"

#define ANY UINT32_MAX

/* The few instructions that the programs are made of, as the kernel's documentation defines them; any
 * other one, and a jump out of the program, fails the test. */
static uint32_t run(
                const struct bpf_insn *code, size_t n, const struct bpf_cgroup_dev_ctx *context) {
        uint64_t regs[11] = {};
        bool has_context = true;

        for (size_t pc = 0, steps = 0; pc < n; pc++) {
                const struct bpf_insn *i = &code[pc];
                uint64_t *dst = &regs[i->dst_reg], src = regs[i->src_reg];

                assert_true(steps++ < n); /* no way back */
                if (i->dst_reg == BPF_REG_1)
                        has_context = false;
                switch (i->code) {
                case BPF_LDX | BPF_MEM | BPF_W:
                        assert_true(has_context && i->src_reg == BPF_REG_1);
                        assert_true((size_t) i->off + 4 <= sizeof(*context) && i->off % 4 == 0);
                        *dst = ((const uint32_t *) context)[i->off / 4];
                        break;
                case BPF_ALU | BPF_MOV | BPF_X:
                        *dst = (uint32_t) src;
                        break;
                case BPF_ALU64 | BPF_MOV | BPF_K:
                        *dst = (uint64_t) (int64_t) i->imm;
                        break;
                case BPF_ALU | BPF_AND | BPF_K:
                        *dst = (uint32_t) *dst & (uint32_t) i->imm;
                        break;
                case BPF_ALU | BPF_RSH | BPF_K:
                        *dst = (uint32_t) *dst >> i->imm;
                        break;
                case BPF_JMP32 | BPF_JNE | BPF_K:
                        pc += (uint32_t) *dst != (uint32_t) i->imm ? (size_t) i->off : 0;
                        break;
                case BPF_JMP32 | BPF_JNE | BPF_X:
                        pc += (uint32_t) *dst != (uint32_t) src ? (size_t) i->off : 0;
                        break;
                case BPF_JMP | BPF_EXIT:
                        return (uint32_t) regs[BPF_REG_0];
                default:
                        fail_msg("instruction 0x%02x at %zu", i->code, pc);
                }
        }
        fail_msg("the program runs past its end");
        return 0;
}

static int access_mask(const char *access) {
        return (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
               (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
               (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
}

static bool allows(const DeviceRule *rules,
                size_t n_rules,
                char type,
                uint32_t major,
                uint32_t minor,
                const char *access) {
        const int bpf_type = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        const struct bpf_cgroup_dev_ctx context = {
                .access_type = (uint32_t) (access_mask(access) << 16 | bpf_type),
                .major = major,
                .minor = minor,
        };
        _cleanup_free_ DeviceRule *merged = NULL;
        _cleanup_free_ struct bpf_insn *code = NULL;
        size_t n_merged, n;

        assert_int_equal(device_rules_merge(rules, n_rules, &merged, &n_merged, NULL), 0);
        assert_int_equal(device_program_build(merged, n_merged, &code, &n), 0);
        uint32_t answer = run(code, n, &context);
        assert_true(answer <= 1);
        return answer;
}

/* clang-format off */
static const DeviceRule some[] = {
        { 'c', 1,      3,      true,  true,  false }, /* null: no mknod */
        { 'c', 1,      5,      true,  true,  true  },
        { 'c', 136,    ANY,    true,  true,  false }, /* pts */
        { 'b', 8,      0,      true,  false, false },
        { 'c', ANY,    ANY,    false, false, true  }, /* mknod of any character device */
        { 'c', 4095, 1048575,  true,  false, false }, /* the largest numbers there are */
};
/* clang-format on */

static void test_only_listed_devices_are_allowed(void **state) {
        const size_t n = ELEMENTSOF(some);

        (void) state;
        assert_true(allows(some, n, 'c', 1, 3, "rw"));
        assert_false(allows(some, n, 'c', 1, 4, "r"));
        assert_false(allows(some, n, 'c', 2, 3, "r"));
        assert_false(allows(some, n, 'b', 1, 3, "r"));
        assert_true(allows(some, n, 'b', 8, 0, "r"));
        assert_false(allows(some, n, 'c', 8, 0, "r"));
        assert_true(allows(some, n, 'c', 4095, 1048575, "r"));
}

static void test_every_way_of_an_access_must_be_allowed(void **state) {
        const size_t n = ELEMENTSOF(some);

        (void) state;
        assert_true(allows(some, n, 'c', 1, 3, "r"));
        assert_true(allows(some, n, 'c', 1, 3, "w"));
        assert_true(allows(some, n, 'c', 1, 5, "rwm"));
        assert_false(allows(some, n, 'c', 1, 3, "rm"));
        assert_false(allows(some, n, 'b', 8, 0, "rw"));
        assert_false(allows(some, n, 'b', 8, 0, "m"));
}

static void test_stars_match_any_number(void **state) {
        const size_t n = ELEMENTSOF(some);

        (void) state;
        assert_true(allows(some, n, 'c', 136, 0, "rw"));
        assert_true(allows(some, n, 'c', 136, 77, "r"));
        assert_false(allows(some, n, 'c', 137, 0, "r"));
        assert_true(allows(some, n, 'c', 10, 200, "m"));
        assert_false(allows(some, n, 'b', 10, 200, "m"));
}

static void test_no_rules_allow_nothing(void **state) {
        (void) state;
        assert_false(allows(NULL, 0, 'c', 1, 3, "r"));
        assert_false(allows(NULL, 0, 'b', 8, 0, "m"));
}

static void test_rule_a_allows_everything(void **state) {
        const DeviceRule rules[] = { some[0], { 'a' }, some[1] };

        (void) state;
        assert_true(allows(rules, ELEMENTSOF(rules), 'b', 8, 0, "rwm"));
        assert_true(allows(rules, ELEMENTSOF(rules), 'c', 999, 999, "rwm"));
}

static void test_rules_for_one_device_add_up(void **state) {
        const DeviceRule rules[] = {
                { 'c', 5, 0, true, false, false },
                { 'c', 5, 0, false, true, false },
        };

        (void) state;
        assert_true(allows(rules, ELEMENTSOF(rules), 'c', 5, 0, "rw"));
        assert_false(allows(rules, ELEMENTSOF(rules), 'c', 5, 0, "rwm"));
}

static void test_the_longest_list_still_reaches_its_last_rule(void **state) {
        static DeviceRule rules[DEVICE_RULES_MAX];

        (void) state;
        for (uint32_t i = 0; i < DEVICE_RULES_MAX; i++)
                rules[i] = (DeviceRule) { 'c', 100, i, true, false, false };
        assert_true(allows(rules, DEVICE_RULES_MAX, 'c', 100, DEVICE_RULES_MAX - 1, "r"));
        assert_false(allows(rules, DEVICE_RULES_MAX, 'c', 100, DEVICE_RULES_MAX, "r"));
}

/* What the interpreter above can't tell: whether the verifier takes it. */
static void test_the_kernel_accepts_the_programs(void **state) {
        static const DeviceRule all[] = { { 'a' } };
        const struct {
                const DeviceRule *rules;
                size_t n;
        } lists[] = { { NULL, 0 }, { some, ELEMENTSOF(some) }, { all, 1 } };

        (void) state;
        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                _cleanup_free_ struct bpf_insn *code = NULL;
                size_t n;

                assert_int_equal(device_program_build(lists[i].rules, lists[i].n, &code, &n), 0);
                _cleanup_close_ int fd = device_program_load(code, n, NULL);
                assert_true(fd >= 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_listed_devices_are_allowed),
                cmocka_unit_test(test_every_way_of_an_access_must_be_allowed),
                cmocka_unit_test(test_stars_match_any_number),
                cmocka_unit_test(test_no_rules_allow_nothing),
                cmocka_unit_test(test_rule_a_allows_everything),
                cmocka_unit_test(test_rules_for_one_device_add_up),
                cmocka_unit_test(test_the_longest_list_still_reaches_its_last_rule),
                cmocka_unit_test(test_the_kernel_accepts_the_programs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
