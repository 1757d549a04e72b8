/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Values as text: as `systemctl show` writes a property, and amounts as people read them.
 */

#include <stdint.h>

#include "client/value.h"

/** value_to_text() - a property's value; the name tells what a number means, as "…USec" or
 * "…Timestamp"; owned by the caller, or NULL */
char *value_to_text(const char *name, const Value *v);

/** bytes_format() - "512B", "1.5K", "64.0M"; owned by the caller, or NULL */
char *bytes_format(uint64_t bytes);
