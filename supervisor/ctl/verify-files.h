/* SPDX-License-Identifier: MIT */
#pragma once

#include "unitfile/unit-spec.h"

/**
 * verify_files() - add to @spec's diagnostics which files of this machine a start would look for in vain
 * @path: of the unit's file
 *
 * Values with references to the environment are known at the start only. Return: 0; -ENOMEM.
 */
int verify_files(UnitSpec *spec, const char *path);
