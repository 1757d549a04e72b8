/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reading figures out of control files. The parsing is pure.
 */

#include "runtime/cgroup-driver.h"

typedef enum CgroupStatFormat {
        CGROUP_STAT_NUMBER, /* the whole file; "max" and v1's huge number are UINT64_MAX */
        CGROUP_STAT_KEYED,  /* a line "KEY NUMBER" */
        CGROUP_STAT_SUM,    /* the numbers behind each occurrence of KEY, added up */
} CgroupStatFormat;

/* A figure comes from the v2 tree itself where the controller is CGROUP_STAT_TREE. */
#define CGROUP_STAT_TREE _CGROUP_CONTROLLER_MAX

struct CgroupStatRow {
        size_t offset; /* of the member in CgroupStats */
        CgroupController controller;
        const char *file;
        CgroupStatFormat format;
        const char *key;
};

/** cgroup_stat_parse() - Return: 0; -ENODATA if the key is not there; -EBADMSG. */
int cgroup_stat_parse(const char *text, CgroupStatFormat format, const char *key, uint64_t *ret);

/** cgroup_stat_read() - one file of a group. Return: 0 or negative errno. */
int cgroup_stat_read(Cgroup *c,
                CgroupController controller,
                const char *file,
                CgroupStatFormat format,
                const char *key,
                uint64_t *ret);
