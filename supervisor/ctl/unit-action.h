/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Doing something to units: all of them side by side, then one clear account of what did not work.
 */

#include "ctl/verbs.h"

/**
 * unit_action_run() - the whole of a verb such as start
 *
 * Prints failures itself. Return: an exit code; negative errno if it could not be tried at all.
 */
int unit_action_run(Context *c, UnitAction action, char *const *words, Error *error);

/** unit_action_run_as() - the same in another job mode than that of the options */
int unit_action_run_as(
                Context *c, UnitAction action, const char *mode, char *const *words, Error *error);
