/* SPDX-License-Identifier: MIT */
#pragma once

/* What a unit depends on without saying so (UNITS.md 1.4 and 4.2). */

#include "unitfile/unit-spec.h"

/** unit_add_default_dependencies() - once all of its keys are read. Return: 0 or -ENOMEM. */
int unit_add_default_dependencies(UnitSpec *u);
