/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Targets: active when they are started, which is when all is there that they are ordered after.
 */

#include "kinds/context.h"

/** target_new() - takes *spec over on success. Some are active from the start (UNITS.md 4.2). */
int target_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
void target_held_back(Unit *u);
int target_restore(Unit *u, Error *error);
