/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * supd itself as `supctl status` shows it: what it found at start, how its units are doing.
 */

#include "ctl/verbs.h"

/** overview_print() - Return: an exit code, 3 while a unit has failed; negative errno. */
int overview_print(Context *c, Error *error);
