/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Host ids that belong to one unit alone: UserNS=auto. They are noted in a file of the state directory, so that
 * what a container has written outside of its own storage is its own at the next start too, also of the machine.
 *
 * From 2147483648 on, as Podman's manual proposes, in steps of 65536; ids of people, of services and of
 * /etc/subuid are below.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define USER_RANGES_FIRST UINT32_C(0x80000000)
#define USER_RANGES_END UINT32_C(0xFFFF0000) /* the ids from here on have no whole step left */
#define USER_RANGES_STEP UINT32_C(0x10000)

/* Units whose ranges must not be given to others, if there is no room. */
typedef struct UserRangesKeep {
        bool (*is_known)(const char *unit_id, const void *userdata);
        const void *userdata; /* borrowed */
} UserRangesKeep;

/**
 * user_ranges_take() - the unit's range: the one it has had, if that is large enough, else a free one
 * @size: ids, from 1 on
 *
 * Return: 0; -ENOSPC with an error if all are taken; another negative errno of reading or writing the file.
 */
int user_ranges_take(const char *state_dir,
                const char *unit_id,
                uint32_t size,
                const UserRangesKeep *keep,
                uint32_t *ret_first,
                Error *error);
