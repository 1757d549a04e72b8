/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the kernel tells of a process to whoever shows it. A process may be gone at any time: then there
 * is nothing to tell.
 */

#include <sys/types.h>

/** process_cgroup() - path in the v2 hierarchy, as seen from here. Return: 0, *ret owned by the caller;
 * -ESRCH; another negative errno. */
int process_cgroup(pid_t pid, char **ret);

/** process_command() - the command line in printable form, "[name]" of one that has none; owned by the
 * caller; NULL: gone, or out of memory */
char *process_command(pid_t pid);
