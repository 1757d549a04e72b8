/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What specifiers tell about the machine (UNITS.md 2.3, group Identity), read once so that loading
 * units stays pure.
 */

#include "base/macro.h"

/* A member may be NULL: it could not be learnt, and its specifier gives the empty string. */
typedef struct MachineFacts {
        char *host_name, *pretty_host_name;   /* owned */
        char *machine_id, *boot_id;           /* owned */
        char *kernel_release, *architecture;  /* owned */
        char *os_id, *os_version_id;          /* owned */
        char *os_variant_id, *os_build_id;    /* owned */
        char *os_image_id, *os_image_version; /* owned */
} MachineFacts;

/** machine_facts_read() - from uname(2), /etc and /proc; what is missing is left out. 0 or -ENOMEM. */
int machine_facts_read(MachineFacts *ret);
void machine_facts_done(MachineFacts *f);
