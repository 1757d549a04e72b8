/* SPDX-License-Identifier: MIT */
#pragma once

/* The part of a plan that is about user namespaces. */

#include "runtime/plan.h"

/** plan_add_users() - maps, and what owners are shifted; after the root is planned */
int plan_add_users(Plan *p, const RuntimeSpec *spec, Error *error);

/** plan_shift_error() - why owners can't be shifted on the file system at @path; owned by the caller */
char *plan_shift_problem(const char *path);
