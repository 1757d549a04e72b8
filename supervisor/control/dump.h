/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * All that supd knows of units and jobs as text, for a person who looks for a fault: `systemd-analyze dump`. Lines
 * and their order may change.
 */

#include "control/control-internal.h"

/** dump_units() - of units that match one of the patterns; NULL: of all, and of supd itself
 * @ret: owned by the caller. Return: 0 or -ENOMEM. */
int dump_units(Control *c, char *const *patterns, char **ret);
