/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What differs between cgroup v2 alone and the hybrid layout, and the structs that both drivers share with
 * cgroup.c and cgroup-tree.c. For this folder only.
 *
 * The v2 directory of a group is made and removed by cgroup.c under either driver.
 */

#include "runtime/cgroup-layout.h"
#include "runtime/cgroup-limits.h"
#include "runtime/cgroup.h"

typedef struct CgroupStatRow CgroupStatRow;

typedef struct CgroupDriverOps {
        const char *name;
        /* Enable the controllers for the children of the root, or take back what was enabled, and learn
         * which work (tree->controllers). NULL: nothing to do. */
        int (*enable)(CgroupTree *t, bool on, Error *error);
        /* Have the slice @path, below the root, hand down what the root does. NULL: nothing to do. */
        int (*enable_slice)(CgroupTree *t, const char *path);
        /* Make the group a member of the hierarchies of these controllers; those that are not there are
         * passed over. NULL: it is one of all. */
        int (*join)(Cgroup *c, unsigned controllers, Error *error);
        /* Return: a descriptor; -EOPNOTSUPP where the group has no files of that controller. */
        int (*open_file)(const Cgroup *c, CgroupController controller, const char *file, int flags);
        int (*plan_limits)(
                        const CgroupLimits *limits, bool reset, CgroupWriteList *ret, Error *error);
        /* @rules are merged. */
        int (*apply_devices)(Cgroup *c, const DeviceRule *rules, size_t n_rules, Error *error);
        const CgroupStatRow *stats; /* ends with a row without file */
        /* The group's directories beside the v2 one. NULL: none. Return: 0; -EBUSY. */
        int (*remove)(Cgroup *c);
} CgroupDriverOps;

extern const CgroupDriverOps cgroup_driver_v2, cgroup_driver_hybrid;

typedef struct CgroupV1Hierarchy {
        unsigned controllers;
        int root_fd; /* owned */
} CgroupV1Hierarchy;

struct CgroupTree {
        const CgroupDriverOps *ops;
        char *path;             /* owned; of the root, in the v2 hierarchy */
        char *leaf;             /* owned; NULL until entered */
        char *controllers_text; /* owned */
        unsigned controllers;   /* what works */
        unsigned enabled;       /* v2: those that were not enabled before us */
        int root_fd;            /* owned; v2 directory */
        int lock_fd;            /* owned; -EBADF until entered */
        bool is_top;            /* the root of the whole v2 hierarchy, which may hold processes */
        CgroupV1Hierarchy v1[_CGROUP_CONTROLLER_MAX];
        size_t n_v1;
        /* Most containers have the same devices: the last program is kept and shared. */
        int program_fd;            /* owned; -EBADF: none */
        DeviceRule *program_rules; /* owned */
        size_t n_program_rules;
};

struct Cgroup {
        CgroupTree *tree;     /* borrowed; outlives the group */
        char *name;           /* owned */
        char *path;           /* owned; in the v2 hierarchy */
        int dir_fd;           /* owned; v2 directory */
        int events_fd;        /* owned; cgroup.events */
        bool created;         /* by us, so nothing is in it that we did not put there */
        bool killed;          /* by us, with cgroup.kill */
        unsigned n_scratches; /* opened below it: no number comes twice */

        /* Hybrid: hierarchies joined, as bits of the index in tree->v1, and a "tasks" of each. */
        unsigned joined;
        int join_fds[_CGROUP_CONTROLLER_MAX]; /* owned */
        size_t n_join_fds;

        /* What was set last; unknown for an adopted group and after a failure. */
        bool limits_known, devices_known;
        CgroupLimits limits;
        char *cpus, *memory_nodes; /* owned; limits borrows from these */
        CgroupIoLimit *io;         /* owned; likewise */
        DeviceRule *devices;       /* owned */
        size_t n_devices;
};

/** cgroup_each_slice() - of the name of a group, from the root down: "a.slice", "a.slice/a-b.slice". Stops at the first
 * that fails. */
int cgroup_each_slice(
                const char *name, int (*visit)(const char *slice, void *userdata), void *userdata);
/** cgroup_remove_slices() - those of @name that nobody is in any more */
void cgroup_remove_slices(int root_fd, const char *name);
/** cgroup_apply_device_program() - rules by BPF on the v2 directory: what v2 does, and hybrid where there is
 * no devices controller */
int cgroup_apply_device_program(Cgroup *c, const DeviceRule *rules, size_t n_rules, Error *error);
