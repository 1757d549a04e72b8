/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What runs between clone3() and execve(): the plan, one named step at a time. No malloc, no locks, no
 * diagnostics. Never returns: it becomes the container's first process, or one more of a container that
 * runs (Plan.join_pidfd), or reports and exits.
 */

#include "runtime/plan.h"

_Noreturn void child_run(Plan *p);
