/* SPDX-License-Identifier: MIT */
#pragma once

/* The root's part of a plan: what it is made of, checked as far as the parent can. */

#include "runtime/plan.h"

/**
 * plan_add_root() - layers, directory or image file, and where what is written goes
 *
 * A file is mounted here already, see runtime/image-file.h; all else the child does.
 */
int plan_add_root(Plan *p, const RuntimeRoot *root, Error *error);

/** plan_root_subject() - "root of image NAME", "root /srv/web"; owned by the caller; NULL: out of memory */
char *plan_root_subject(const Plan *p);
