/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where the cgroup hierarchies are mounted and where in them this process is, worked out from the text of
 * /proc/self/mountinfo and /proc/self/cgroup. Pure: reads nothing, opens nothing.
 */

#include "base/error.h"

/* What limits and rules are made of. "blkio" on v1 is "io" here; the rest has one name. */
typedef enum CgroupController {
        CGROUP_CPU,
        CGROUP_CPUSET,
        CGROUP_DEVICES,
        CGROUP_IO,
        CGROUP_MEMORY,
        CGROUP_PIDS,
        _CGROUP_CONTROLLER_MAX,
        _CGROUP_CONTROLLER_INVALID = -EINVAL,
} CgroupController;

const char *cgroup_controller_to_string(CgroupController controller);
/** cgroup_controllers_parse() - mask of 1U << CGROUP_… from a list with any of @separators; others ignored */
unsigned cgroup_controllers_parse(const char *list, const char *separators);
/** cgroup_controllers_format() - "cpu memory"; owned by the caller; NULL: out of memory */
char *cgroup_controllers_format(unsigned controllers);

/* One hierarchy as this process sees it. */
typedef struct CgroupPlace {
        unsigned controllers; /* v1: what is mounted together; 0 for the v2 tree */
        char *path;           /* owned; in the hierarchy, as /proc/self/cgroup has it */
        char *mount_point;    /* owned; NULL: not visible */
        char *directory;      /* owned; the group itself, at or below mount_point */
} CgroupPlace;

typedef struct CgroupLayout {
        CgroupPlace v2;
        CgroupPlace v1[_CGROUP_CONTROLLER_MAX]; /* only those with controllers of ours, and visible */
        size_t n_v1;
} CgroupLayout;

/**
 * cgroup_layout_parse() - both texts to places
 *
 * Mind that a mount may show only a part of its hierarchy (a bind mount, another cgroup namespace).
 * Return: 0; -EOPNOTSUPP with an explanation if there is no v2 tree in which we see ourselves.
 */
int cgroup_layout_parse(
                const char *mountinfo, const char *self_cgroup, CgroupLayout *ret, Error *error);
/** cgroup_place_up() - from a group to its parent; -ENOENT at the mount point */
int cgroup_place_up(CgroupPlace *place);
void cgroup_layout_done(CgroupLayout *layout);
