/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * `set-property`: a drop-in for each key, written by supd, and the unit's files read anew, so that limits hold at once.
 * What the unit's file would not take is taken back, and refused with what the loader says of it.
 */

#include "control/control-internal.h"

/** verb_set_properties() - the array of (sv) that is next in the message */
int verb_set_properties(Control *c,
                sd_bus_message *m,
                const char *unit,
                bool runtime,
                sd_bus_error *ret_error);
/** verb_assign_properties() - the array of "KEY=VALUE" that is next in the message */
int verb_assign_properties(Control *c,
                sd_bus_message *m,
                const char *unit,
                bool runtime,
                sd_bus_error *ret_error);
