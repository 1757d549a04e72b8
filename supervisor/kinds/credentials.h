/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * LoadCredential= and SetCredential=: files that one unit's processes can read, in memory. Removing them is
 * that of exec-directories.h.
 */

#include "runtime/user.h"
#include "unitfile/service-spec.h"

/**
 * credentials_make() - the directory of unit @id, and in it what there is not yet
 *
 * SetCredential= is what counts where LoadCredential= finds nothing. Return: 0; -ENOENT with the name of what
 * is missing; -E2BIG.
 */
int credentials_make(const char *id, const HostExecSpec *exec, const PlanUser *owner, Error *error);
