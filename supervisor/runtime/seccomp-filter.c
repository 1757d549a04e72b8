/* SPDX-License-Identifier: MIT */
#include "runtime/seccomp-filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "runtime/seccomp-profile.h"

typedef struct SeccompProgram {
        struct SeccompProgram *next; /* owned */
        uint64_t capabilities;       /* those that the profile asks for */
        struct sock_fprog program;   /* filter: owned */
} SeccompProgram;

struct SeccompCache {
        SeccompProgram *programs; /* owned */
};

/* The second and third architectures that a kernel of the first executes programs of. */
#if defined(__x86_64__)
static const uint32_t further_architectures[] = { SCMP_ARCH_X86, SCMP_ARCH_X32 };
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
static const uint32_t further_architectures[] = { SCMP_ARCH_ARM };
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
static const uint32_t further_architectures[] = {};
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_RISCV64
#else
#error "the seccomp profile has not been tried on this architecture"
#endif

#define X32_NUMBERS 0x40000000U

static void seccomp_releasep(scmp_filter_ctx *f) {
        if (*f)
                seccomp_release(*f);
}

SeccompCache *seccomp_cache_new(void) {
        return calloc(1, sizeof(SeccompCache));
}

static SeccompProgram *program_free(SeccompProgram *p) {
        if (!p)
                return NULL;
        free(p->program.filter);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(SeccompProgram *, program_free);

SeccompCache *seccomp_cache_free(SeccompCache *c) {
        if (!c)
                return NULL;

        while (c->programs) {
                SeccompProgram *p = c->programs;

                c->programs = p->next;
                p = program_free(p);
        }
        free(c);
        return NULL;
}

/* Two sets that differ in other capabilities only share a program. */
static uint64_t relevant_capabilities(uint64_t capabilities) {
        uint64_t relevant = 0;

        for (size_t i = 0; i < seccomp_profile_size; i++)
                relevant |= seccomp_profile[i].needs | seccomp_profile[i].excluded;
        return capabilities & relevant;
}

static bool row_applies(const SeccompRow *row, uint64_t capabilities) {
        if (row->needs && !(row->needs & capabilities))
                return false;
        return !(row->excluded & capabilities);
}

static int add_row(scmp_filter_ctx f, const SeccompRow *row) {
        uint32_t action = row->error ? SCMP_ACT_ERRNO(row->error) : SCMP_ACT_ALLOW;
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

                /* Newer than libseccomp; the prologue answers it with ENOSYS. */
                if (number == __NR_SCMP_ERROR)
                        continue;
                int r = seccomp_rule_add_array(f, action, number, row->argument ? 1 : 0, &compare);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_filter(uint64_t capabilities, scmp_filter_ctx f) {
        int r;

        /* no_new_privs is the plan's decision. A binary tree: the hot calls are not the first in a list. */
        r = seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0);
        if (r >= 0)
                r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(further_architectures); i++) {
                r = seccomp_arch_add(f, further_architectures[i]);
                if (r == -EEXIST)
                        r = 0;
        }
        for (size_t i = 0; r >= 0 && i < seccomp_profile_size; i++) {
                if (row_applies(&seccomp_profile[i], capabilities))
                        r = add_row(f, &seccomp_profile[i]);
        }
        return r;
}

/* The last system call that the profile can decide about. */
static uint32_t last_known_number(void) {
        int last = 0;

        for (size_t i = 0; i < seccomp_profile_size; i++) {
                for (const char *const *name = seccomp_profile[i].names; *name; name++)
                        last = MAX(last, seccomp_syscall_resolve_name(*name));
        }
        return (uint32_t) last;
}

/*
 * EPERM for a call that the program was built to try and do without makes C libraries give up; ENOSYS
 * makes them fall back. So what is newer than the profile is answered before it is asked, as Docker does.
 */
static size_t put_prologue(struct sock_filter *to) {
        const struct sock_filter prologue[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_AUDIT_ARCH, 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_NUMBERS, 2, 0),
                BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_known_number(), 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        };

        if (to)
                memcpy(to, prologue, sizeof(prologue));
        return ELEMENTSOF(prologue);
}

/* libseccomp writes a program to descriptors only. */
static int export_program(scmp_filter_ctx f, struct sock_fprog *ret) {
        struct stat st;
        size_t head = put_prologue(NULL);

        _cleanup_close_ int fd = neg_errno(memfd_create("seccomp", MFD_CLOEXEC));
        if (fd < 0)
                return fd;
        int r = seccomp_export_bpf(f, fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;

        size_t n = (size_t) st.st_size / sizeof(struct sock_filter);
        if (n == 0 || head + n > BPF_MAXINSNS)
                return -E2BIG;
        _cleanup_free_ struct sock_filter *filter = calloc(head + n, sizeof(*filter));
        if (!filter)
                return -ENOMEM;
        put_prologue(filter);
        if (pread(fd, filter + head, (size_t) st.st_size, 0) != st.st_size)
                return -EIO;

        *ret = (struct sock_fprog) { .len = (unsigned short) (head + n),
                .filter = TAKE_PTR(filter) };
        return 0;
}

static int compile(uint64_t capabilities, struct sock_fprog *ret) {
        _cleanup_(seccomp_releasep) scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!f)
                return -ENOMEM;

        int r = build_filter(capabilities, f);
        return r < 0 ? r : export_program(f, ret);
}

int seccomp_cache_get(SeccompCache *c,
                uint64_t capabilities,
                const struct sock_fprog **ret,
                Error *error) {
        capabilities = relevant_capabilities(capabilities);
        for (SeccompProgram *p = c->programs; p; p = p->next) {
                if (p->capabilities == capabilities) {
                        *ret = &p->program;
                        return 0;
                }
        }

        _cleanup_(program_freep) SeccompProgram *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->capabilities = capabilities;
        int r = compile(capabilities, &p->program);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "compile the seccomp filter");

        p->next = c->programs;
        c->programs = TAKE_PTR(p);
        *ret = &c->programs->program;
        return 0;
}
