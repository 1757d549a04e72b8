/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of a plan that is about what is mounted in the root: checking of sources, targets, tmpfs
 * options and the time zone, and the order of mounts.
 */

#include "runtime/plan.h"

/** plan_add_mounts() - volumes, tmpfs, time zone and the host's names; makes missing volume sources where
 * asked to */
int plan_add_mounts(Plan *p, const RuntimeSpec *spec, Error *error);

/** plan_check_target() - an absolute path other than "/", without "..". Return: 0; -EINVAL. */
int plan_check_target(const char *target, Error *error);
