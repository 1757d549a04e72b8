/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From limits to what is written where. Pure: tables and arithmetic, no system calls.
 */

#include "runtime/cgroup-layout.h"
#include "runtime/cgroup.h"

/*
 * One value for one file. Of the writes of one limit at least one that is no `prepare` has to find its
 * file: a weight may have two files of which the kernel offers one or both.
 */
typedef struct CgroupWrite {
        const char *limit; /* as in a unit file: "MemoryMax" */
        CgroupController controller;
        const char *file;
        char *value;  /* owned; NULL: what the parent group has (cpuset on v1) */
        bool prepare; /* clears the way or brings a default back; a missing file is fine */
        bool each; /* the file has a line for each device: written once for each, after its number */
} CgroupWrite;

typedef struct CgroupWriteList {
        CgroupWrite *writes; /* owned; in order; those of one limit are neighbours */
        size_t n;
} CgroupWriteList;

/**
 * cgroup_limits_plan_v2(), cgroup_limits_plan_v1() - what to write for @limits
 * @reset: the group may hold older values: bring back defaults, clear what would be in the way
 *
 * Return: 0; -EOPNOTSUPP naming a limit that this version has not; -ERANGE; -ENOMEM.
 */
int cgroup_limits_plan_v2(
                const CgroupLimits *limits, bool reset, CgroupWriteList *ret, Error *error);
int cgroup_limits_plan_v1(
                const CgroupLimits *limits, bool reset, CgroupWriteList *ret, Error *error);
void cgroup_write_list_done(CgroupWriteList *list);

bool cgroup_limits_equal(const CgroupLimits *a, const CgroupLimits *b);
