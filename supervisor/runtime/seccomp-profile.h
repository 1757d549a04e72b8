/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The default profile as data: what is not listed is refused with EPERM. It allows what Docker's default
 * profile allows. Names that libseccomp does not know, or the machine does not have, are skipped.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct SeccompArgument {
        unsigned index;
        int compare;   /* enum scmp_compare */
        uint64_t a, b; /* b: with SCMP_CMP_MASKED_EQ, what a selects must equal */
} SeccompArgument;

typedef struct SeccompRow {
        const char *const *names;        /* NULL-terminated */
        uint64_t needs;                  /* capabilities, one of which must be there; 0: none */
        uint64_t excluded;               /* not with any of these */
        int error;                       /* answer with this errno; 0: allow */
        const SeccompArgument *argument; /* NULL: any arguments */
} SeccompRow;

extern const SeccompRow seccomp_profile[];
extern const size_t seccomp_profile_size;
