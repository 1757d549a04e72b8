/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The search path as a table (UNITS.md 1.1). unit_dirs_default() is in unit-spec.h.
 */

#include <stdbool.h>

/** unit_dir_is_quadlet_only() - a directory that other programs read too: only Quadlet types count */
bool unit_dir_is_quadlet_only(const char *path);

/** unit_dir_is_skipped() - a directory that the walk does not enter: other users' units */
bool unit_dir_is_skipped(const char *path);
