/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What this kernel can do, found out once. Linux 5.10 is the oldest served: what it has is not probed
 * but required.
 */

#include <stdbool.h>

#include "base/error.h"

typedef struct RuntimeFeatures {
        bool clone3_into_cgroup;  /* may be missing in nested use, by a seccomp filter */
        bool mount_setattr;       /* 5.12 */
        bool close_range_cloexec; /* 5.11 */
        bool overlay;
        bool overlay_layers;  /* 6.7: lower layers one by one */
        bool mount_from_file; /* 6.12, for erofs: not probed, since that would load its module; false
                               * keeps from trying */
        bool pidfd_info;      /* 6.15 */
        bool seccomp;
        bool apparmor;
        bool user_namespaces;
        bool idmap;         /* 5.12, with mount_setattr */
        bool overlay_idmap; /* 5.19, but some older ones have it: not probed, since that would take a mount;
                             * false keeps from trying */
} RuntimeFeatures;

/** probe_features() - Return: 0; -EOPNOTSUPP with a text if something required is missing */
int probe_features(RuntimeFeatures *ret, Error *error);

/** probe_describe() - "clone3 into cgroup, overlay"; owned by the caller; NULL: out of memory */
char *probe_describe(const RuntimeFeatures *f);
