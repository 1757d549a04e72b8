/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Units of a type that this version knows by name only: listed, shown, never started.
 */

#include "kinds/context.h"

/** inert_new() - takes *spec over on success */
int inert_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
