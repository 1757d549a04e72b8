/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The processes of a unit as a tree: those right in its cgroup, then each nested cgroup with its own.
 */

#include <sys/types.h>

#include "client/value.h"
#include "ctl/tree.h"

/**
 * process_tree_build() - from the supervisor's answer
 * @processes: an array of [cgroup, pid, command line]; what is malformed in it is left out
 * @root:      the unit's cgroup; NULL: unknown, all are drawn below their full path
 * @init_pid:  the container's PID 1, which is marked; 0: none
 *
 * Return: 0 or -ENOMEM.
 */
int process_tree_build(const Value *processes, const char *root, pid_t init_pid, Tree *ret);
