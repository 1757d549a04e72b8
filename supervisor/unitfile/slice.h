/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names of slices: "a-b.slice" is below "a.slice". No unit is needed for one.
 */

#include <stdbool.h>

#define SLICE_ROOT "-.slice" /* where groups are without Slice= */

/** slice_name_is_valid() - words between single dashes, none at either end; or the root */
bool slice_name_is_valid(const char *name);

/** slice_path() - "a.slice/a-b.slice" of "a-b.slice", "" of the root; owned by the caller; NULL: out of memory */
char *slice_path(const char *name);
