/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of a plan that is about the root and what is mounted in it: checking of sources, targets,
 * tmpfs options and the time zone, and the order of mounts.
 */

#include "runtime/plan.h"

/** plan_add_root() - root, volumes, tmpfs and time zone; makes missing volume sources where asked to */
int plan_add_root(Plan *p, const RuntimeRoot *root, Error *error);
