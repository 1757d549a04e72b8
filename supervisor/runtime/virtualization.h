/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whether the machine is a real one: what the kernel, the firmware and those who start containers leave to be
 * found. A guess, as everybody's is; names are systemd's.
 */

#include <stdbool.h>

typedef struct Virtualization {
        const char *machine;   /* static; "kvm", "vmware", …, "vm-other"; NULL: none found */
        const char *container; /* static; "docker", "podman", …, "container-other"; NULL: in none */
        bool private_users;    /* in a user namespace that is not the machine's */
} Virtualization;

Virtualization virtualization_detect(void);
