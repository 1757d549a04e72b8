/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Timers: they start another unit when its time has come. When that is, core/timer.h decides.
 */

#include "kinds/context.h"

/** timer_new() - takes *spec over on success */
int timer_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
void timer_held_back(Unit *u);
int timer_restore(Unit *u, Error *error);
/** timer_reloaded() - a new definition holds at once: what waits, waits by it from now on */
int timer_reloaded(Unit *u, Error *error);
