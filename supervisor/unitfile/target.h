/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Targets that are there without a file (UNITS.md 4.2): synchronisation points that units name as a matter of
 * course. A file of that name replaces one.
 */

#include "unitfile/unit-spec.h"

/** target_is_builtin() - "basic.target" and its like */
bool target_is_builtin(const char *name);
/** target_is_born_active() - what the machine is already when supd starts on it, as one of its services */
bool target_is_born_active(const char *name);

/**
 * target_spec_new() - the spec of a target without a file: a built-in one, or an empty one that others
 * name in WantedBy=
 *
 * Return: 0; -EINVAL if @name is no target's name; -ENOMEM.
 */
int target_spec_new(const char *name, UnitSpec **ret);
