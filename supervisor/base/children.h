/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/**
 * children_list() - the children of a process, in order of birth; also dead ones that it has not waited for
 * @parent: its main thread's; what other threads forked may be missing
 * @ret:    malloc'ed array, owned by the caller; NULL for none
 *
 * Without CONFIG_PROC_CHILDREN all of /proc is searched. Return: 0; -errno, -ENOENT if there is no such process.
 */
int children_list(pid_t parent, pid_t **ret, size_t *ret_n);
