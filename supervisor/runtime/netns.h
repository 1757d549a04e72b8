/* SPDX-License-Identifier: MIT */
#pragma once

/* A socket in the network of a container, for a process that stays in its own. */

/**
 * netns_socket() - as socket(2), in the network namespace of another process
 * @pidfd: of that process
 *
 * The caller, who has one thread, is in that namespace for the time of the call only. Return: a descriptor,
 * close-on-exec and non-blocking; -ESRCH if the process has ended.
 */
int netns_socket(int pidfd, int domain, int type);
