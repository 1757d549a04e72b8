/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The system calls that make a plan's processes. Without a user namespace that is one; with one it is two,
 * see runtime/mounter.h.
 */

#include "runtime/plan.h"

/**
 * clone_child() - the plan's process, a child of ours, which runs child_run()
 *
 * Return: its pid, with @ret_pidfd owned by the caller; negative errno. Returns as soon as it exists.
 */
pid_t clone_child(Plan *p, int *ret_pidfd);
