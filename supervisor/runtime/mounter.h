/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A container with a user namespace is made by two processes. Only who is in the user namespace while the other
 * namespaces are made gives them to it, so that root in the container may bind to port 80 or set the host
 * name; and only who is outside may mount layers, shift their owners, or make device nodes.
 *
 *     the mounter                                   the container's first process
 *     all of supd's privileges, a mount             root of the new user namespace, in all the
 *     namespace that is thrown away                 container's namespaces; runs nothing foreign yet
 *
 *                          ◀── announce ──          itself, by descriptors, and a procfs of its pid namespace
 *     writes the id maps; joins its network,
 *     ipc, uts and cgroup namespaces; mounts
 *     everything; finds the user
 *                          ── hand over ──▶         the finished tree, and who the user is
 *     ends                                          becomes root, pivots, drops privileges, executes
 *
 * Either tells supd of its failure by the status pipe; the other then ends without a word. Files that the mounter
 * makes in the container's root belong to the container's root.
 *
 * The mounts lie in a mount namespace of the container's user namespace at last, but are not locked there: a
 * container that was given CAP_SYS_ADMIN can undo masks, as one without a user namespace can.
 *
 * Each function is a step: it reads the plan, notes in it where it is, allocates nothing.
 */

#include "runtime/plan.h"

/* ---- of the mounter ---- */
int mounter_meet(Plan *p);
/** mounter_take_ids() - from here on what is made belongs to the container's root */
int mounter_take_ids(Plan *p);
int mounter_apply_sysctls(Plan *p);
/** mounter_own_streams() - pipes that the container is to print to become its user's */
int mounter_own_streams(Plan *p);
/** mounter_hand_over() - the last step: does not return if it succeeds */
int mounter_hand_over(Plan *p);
/** mounter_fail() - what went wrong has been reported */
void mounter_fail(const Plan *p);

/* ---- of the container's first process ---- */
int mounter_announce(Plan *p);
int mounter_await_root(Plan *p);
/** become_root() - user and group 0 of the user namespace we are in */
int become_root(void);
