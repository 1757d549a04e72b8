/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Paths below /proc and /sys that a container must not read or must not change, as Docker has them,
 * and what Mask= and Unmask= add to and take from them.
 */

#include "runtime/plan.h"

/** masks_plan() - fill the plan's list; @unmask takes shell patterns, "ALL" lifts the default set */
int masks_plan(Plan *p, char *const *mask, char *const *unmask);

/** masks_apply() - in the child, when everything else is mounted; what does not exist is skipped */
int masks_apply(Plan *p);
