/* SPDX-License-Identifier: MIT */
#include "runtime/seccomp-filter.h"

#include "runtime/seccomp-compile.h"

typedef struct SeccompProgram {
        struct SeccompProgram *next; /* owned */
        uint64_t capabilities;       /* those that the profile asks for */
        struct sock_fprog program;   /* filter: owned */
} SeccompProgram;

struct SeccompCache {
        SeccompProgram *programs; /* owned */
};

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
        int r = seccomp_compile(seccomp_profile, seccomp_profile_size, capabilities, &p->program);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "compile the seccomp filter");

        p->next = c->programs;
        c->programs = TAKE_PTR(p);
        *ret = &c->programs->program;
        return 0;
}
