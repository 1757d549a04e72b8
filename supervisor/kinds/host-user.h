/* SPDX-License-Identifier: MIT */
#pragma once

/* User=, Group= and SupplementaryGroups= of what runs on the host. */

#include "runtime/user.h"
#include "unitfile/service-spec.h"

/**
 * host_user_find() - from the host's own files: what comes from elsewhere (NSS) could keep us waiting
 * @ret: zeroed by the caller; root if the unit names nobody
 */
int host_user_find(const HostExecSpec *exec, PlanUser *ret, Error *error);
