/* SPDX-License-Identifier: MIT */

/* Our layout of the filter against libseccomp's own, number by number, in a small interpreter. */

#include "runtime/seccomp-compile.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/text.h"
#include "runtime/container.h"

/* The native one first. */
/* clang-format off */
static const struct {
        uint32_t token, audit, base;
} architectures[] = {
#if defined(__x86_64__)
        { SCMP_ARCH_X86_64,  AUDIT_ARCH_X86_64,  0          },
        { SCMP_ARCH_X86,     AUDIT_ARCH_I386,    0          },
        { SCMP_ARCH_X32,     AUDIT_ARCH_X86_64,  0x40000000 },
#elif defined(__aarch64__)
        { SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0          },
        { SCMP_ARCH_ARM,     AUDIT_ARCH_ARM,     0          },
#elif defined(__riscv)
        { SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0          },
#endif
};
/* clang-format on */

/* Newer than libseccomp 2.5.4 of Debian 12: compiled in as soon as libseccomp knows them. */
static const char *const newer[] = {
        "cachestat",
        "fchmodat2",
        "futex_requeue",
        "futex_wait",
        "futex_wake",
        "getxattrat",
        "listmount",
        "listxattrat",
        "lsm_get_self_attr",
        "lsm_list_modules",
        "lsm_set_self_attr",
        "map_shadow_stack",
        "mseal",
        "removexattrat",
        "riscv_hwprobe",
        "setxattrat",
        "statmount",
};

/* As the kernel does it, with the instructions that either program has. */
static uint32_t interpret(const struct sock_fprog *p, const struct seccomp_data *data) {
        uint32_t a = 0;

        for (unsigned pc = 0; pc < p->len; pc++) {
                const struct sock_filter *i = &p->filter[pc];

                switch (i->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        assert_true(i->k % 4 == 0 && i->k < sizeof(*data));
                        memcpy(&a, (const char *) data + i->k, sizeof(a));
                        break;
                case BPF_ALU | BPF_AND | BPF_K:
                        a &= i->k;
                        break;
                case BPF_JMP | BPF_JA:
                        pc += i->k;
                        break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        pc += a == i->k ? i->jt : i->jf;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        pc += a >= i->k ? i->jt : i->jf;
                        break;
                case BPF_JMP | BPF_JGT | BPF_K:
                        pc += a > i->k ? i->jt : i->jf;
                        break;
                case BPF_RET | BPF_K:
                        return i->k;
                default:
                        fail_msg("instruction %#x at %u", i->code, pc);
                }
        }
        fail_msg("ran off the end");
        return 0;
}

static void reference_add(scmp_filter_ctx f, const SeccompRow *row) {
        struct scmp_arg_cmp compare = {};

        if (row->argument)
                compare = (struct scmp_arg_cmp) {
                        .arg = row->argument->index,
                        .op = (enum scmp_compare) row->argument->compare,
                        .datum_a = row->argument->a,
                        .datum_b = row->argument->b,
                };
        for (const char *const *name = row->names; *name; name++) {
                int number = seccomp_syscall_resolve_name(*name);

                if (number != __NR_SCMP_ERROR)
                        assert_int_equal(seccomp_rule_add_array(f,
                                                         row->error ? SCMP_ACT_ERRNO(row->error)
                                                                    : SCMP_ACT_ALLOW,
                                                         number,
                                                         row->argument ? 1 : 0,
                                                         &compare),
                                        0);
        }
}

/* filter: owned by the caller */
static struct sock_fprog reference(uint64_t capabilities) {
        struct stat st;

        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        assert_non_null(f);
        for (size_t i = 1; i < ELEMENTSOF(architectures); i++)
                assert_int_equal(seccomp_arch_add(f, architectures[i].token), 0);
        for (size_t i = 0; i < seccomp_profile_size; i++) {
                if (seccomp_row_applies(&seccomp_profile[i], capabilities))
                        reference_add(f, &seccomp_profile[i]);
        }
        _cleanup_close_ int fd = memfd_create("reference", MFD_CLOEXEC);
        assert_int_equal(seccomp_export_bpf(f, fd), 0);
        seccomp_release(f);
        assert_int_equal(fstat(fd, &st), 0);
        struct sock_filter *filter = malloc((size_t) st.st_size);
        assert_int_equal(pread(fd, filter, (size_t) st.st_size, 0), st.st_size);
        return (struct sock_fprog) {
                .len = (unsigned short) ((size_t) st.st_size / sizeof(*filter)),
                .filter = filter,
        };
}

static struct sock_fprog compiled(uint64_t capabilities) {
        struct sock_fprog p;

        assert_int_equal(seccomp_compile(seccomp_profile, seccomp_profile_size, capabilities, &p),
                        0);
        return p;
}

static void compare(const struct sock_fprog *ours,
                const struct sock_fprog *theirs,
                uint32_t arch,
                uint32_t number) {
        /* All values that a row names, their neighbours, and flags of clone(). */
        static const uint64_t values[] = {
                0,
                1,
                8,
                9,
                39,
                40,
                41,
                0x11,
                0x20000,
                0x20008,
                0x20009,
                0xffffffff,
                0x01200011,
                0x10000000,
                0x00020000,
                0x02000000,
                0x04000011,
                0x08000000,
                0x40000000,
                0x7e020000,
                0x003d0f00,
        };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                struct seccomp_data data = {
                        .nr = (int) number, .arch = arch, .args = { values[i] }
                };
                uint32_t a = interpret(ours, &data), b = interpret(theirs, &data);

                /* What is above every known number: they refuse, we say that there is no such call. */
                if (a == (SECCOMP_RET_ERRNO | ENOSYS) && b == (SECCOMP_RET_ERRNO | EPERM))
                        continue;
                if (a != b)
                        fail_msg("arch %#x number %u argument %#llx: ours %#x, libseccomp's %#x",
                                        arch,
                                        number,
                                        (unsigned long long) values[i],
                                        a,
                                        b);
        }
}

static void compare_all(uint64_t capabilities) {
        struct sock_fprog ours = compiled(capabilities), theirs = reference(capabilities);

        for (uint32_t number = 0; number < 1200; number++) {
                for (size_t i = 0; i < ELEMENTSOF(architectures); i++)
                        compare(&ours,
                                        &theirs,
                                        architectures[i].audit,
                                        architectures[i].base + number);
        }
        free(ours.filter);
        free(theirs.filter);
}

static void test_it_decides_as_libseccomp_whatever_the_capabilities(void **state) {
        (void) state;
        compare_all(runtime_capabilities_default());
        compare_all(0);
        compare_all(UINT64_MAX);
        compare_all(UINT64_C(1) << CAP_SYS_ADMIN);
        compare_all(UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_SYSLOG |
                        UINT64_C(1) << CAP_SYS_PTRACE);
}

static uint32_t ask(uint64_t capabilities, uint32_t arch, int number, uint64_t argument) {
        struct sock_fprog p = compiled(capabilities);
        struct seccomp_data data = { .nr = number, .arch = arch, .args = { argument } };
        uint32_t answer = interpret(&p, &data);

        free(p.filter);
        return answer;
}

#define NATIVE architectures[0].audit
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

static void test_unknown_numbers_are_not_implemented(void **state) {
        (void) state;
        assert_int_equal(ask(0, NATIVE, 600, 0), UNKNOWN);
        assert_int_equal(ask(0, NATIVE, 0x3fffffff, 0), UNKNOWN);
        assert_int_equal(ask(0, NATIVE, -1, 0), UNKNOWN);
        assert_int_equal(ask(UINT64_MAX, NATIVE, 600, 0), UNKNOWN);
        assert_int_equal(ask(0, 0x12345678, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void test_clone3_is_not_implemented_without_the_right_to_namespaces(void **state) {
        (void) state;
        assert_int_equal(ask(0, NATIVE, SYS_clone3, 0), UNKNOWN);
        assert_int_equal(ask(UINT64_C(1) << CAP_SYS_ADMIN, NATIVE, SYS_clone3, 0),
                        SECCOMP_RET_ALLOW);
        assert_int_equal(ask(0, NATIVE, SYS_clone, 0x11), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(0, NATIVE, SYS_clone, 0x10000011), REFUSED);
}

static void test_upper_halves_of_arguments_do_not_pass_the_filter_by(void **state) {
        (void) state;
        assert_int_equal(ask(0, NATIVE, SYS_socket, AF_INET), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(0, NATIVE, SYS_socket, AF_VSOCK), REFUSED);
        assert_int_equal(ask(0, NATIVE, SYS_socket, UINT64_C(1) << 32 | AF_VSOCK), REFUSED);
        assert_int_equal(ask(0, NATIVE, SYS_clone, UINT64_C(1) << 32 | 0x10000000), REFUSED);
}

static void test_dangerous_calls_are_refused_by_default(void **state) {
        static const int calls[] = {
                SYS_mount,
                SYS_umount2,
                SYS_unshare,
                SYS_setns,
                SYS_reboot,
                SYS_keyctl,
                SYS_add_key,
                SYS_bpf,
                SYS_request_key,
                SYS_init_module,
                SYS_kexec_load,
                SYS_perf_event_open,
                SYS_userfaultfd,
                SYS_open_by_handle_at,
                SYS_pivot_root,
                SYS_io_uring_setup,
                SYS_swapon,
                SYS_acct,
                SYS_settimeofday,
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                assert_int_equal(ask(runtime_capabilities_default(), NATIVE, calls[i], 0), REFUSED);
}

static void test_every_name_of_the_profile_is_a_system_call(void **state) {
        (void) state;
        for (size_t i = 0; i < seccomp_profile_size; i++) {
                for (const char *const *name = seccomp_profile[i].names; *name; name++) {
                        bool known = seccomp_syscall_resolve_name(*name) != __NR_SCMP_ERROR;

                        for (size_t k = 0; k < ELEMENTSOF(newer); k++)
                                known = known || str_equal(*name, newer[k]);
                        if (!known)
                                fail_msg("no system call '%s'", *name);
                }
        }
}

static void test_the_program_stays_short(void **state) {
        struct sock_fprog p = compiled(runtime_capabilities_default());

        (void) state;
        /* Its translation is a part of every container's start. */
        assert_true(p.len < 600);
        free(p.filter);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_it_decides_as_libseccomp_whatever_the_capabilities),
                cmocka_unit_test(test_unknown_numbers_are_not_implemented),
                cmocka_unit_test(test_clone3_is_not_implemented_without_the_right_to_namespaces),
                cmocka_unit_test(test_upper_halves_of_arguments_do_not_pass_the_filter_by),
                cmocka_unit_test(test_dangerous_calls_are_refused_by_default),
                cmocka_unit_test(test_every_name_of_the_profile_is_a_system_call),
                cmocka_unit_test(test_the_program_stays_short),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
