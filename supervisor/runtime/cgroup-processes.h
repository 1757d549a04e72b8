/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The processes and the children groups below a cgroup directory, of any depth and while they change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whoever runs inside may nest groups as he likes: deeper than this is -ELOOP. */
#define CGROUP_DEPTH_MAX 1024U

/** cgroup_list_children() - names of the groups directly below; *ret is NULL if there are none */
int cgroup_list_children(int dir_fd, char ***ret);

typedef struct CgroupWalk {
        /* For each group, parents before children. Negative: stop. NULL: nothing. */
        int (*enter)(int dir_fd, void *userdata);
        /* For each group but the first, after its children. Negative: stop. NULL: nothing. */
        int (*leave)(int parent_fd, const char *name, void *userdata);
        void *userdata;
} CgroupWalk;

/** cgroup_walk() - groups that vanish meanwhile are passed over */
int cgroup_walk(int dir_fd, const CgroupWalk *walk);

/**
 * cgroup_each_process() - call @visit once for every process, also for those that appear meanwhile
 * @recursive: with those of the children groups
 * @visit:     -ESRCH is no failure; another negative value is returned at the end, the first one
 *
 * Goes over the lists until one shows nobody new. Return: the number visited; -EAGAIN if it never ended.
 */
int cgroup_each_process(int dir_fd,
                bool recursive,
                int (*visit)(pid_t pid, void *userdata),
                void *userdata);

/** cgroup_list_processes() - malloc'ed array, unordered */
int cgroup_list_processes(int dir_fd, bool recursive, pid_t **ret, size_t *ret_n);
int cgroup_count_threads(int dir_fd, uint64_t *ret);
int cgroup_kill_each(int dir_fd, int signal);
/** cgroup_move_processes() - by writing each number to @procs_fd, a cgroup.procs */
int cgroup_move_processes(int dir_fd, bool recursive, int procs_fd);
/** cgroup_remove_below() - rmdir of @name and all below it. Return: 0, also if missing; -EBUSY. */
int cgroup_remove_below(int parent_fd, const char *name);
