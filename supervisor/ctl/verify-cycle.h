/* SPDX-License-Identifier: MIT */
#pragma once

#include "unitfile/unit-spec.h"

/**
 * verify_find_cycle() - does a unit come after itself, by After= and Before= of whomever?
 * @ret: the whole way, "a.service after b.service after a.service"; owned by the caller; NULL: it does not
 *
 * Cost is linear in the units and their dependencies. Return: 0; -ENOMEM.
 */
int verify_find_cycle(UnitSet *units, const char *id, char **ret);
