/* SPDX-License-Identifier: MIT */
#pragma once

#include <jansson.h>

#include "unitfile/unit-spec.h"

/**
 * verify_json() - one unit as `verify --json` prints it: what it is, its effective configuration, what was found
 * @units: among which its dependencies are found
 * @waits: what a start of it waits for; NULL: nothing
 * @valid: it is fit to be used
 *
 * Return: a new reference; NULL: out of memory.
 */
json_t *verify_json(const UnitSpec *spec,
                const char *path,
                const UnitSet *units,
                char *const *waits,
                bool valid);
