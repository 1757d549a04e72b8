/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Processes of a former supd that no unit speaks for: it died between making a container and saying so,
 * or the unit's file has gone meanwhile. Nobody supervises them, so they must not run.
 */

#include "core/engine.h"
#include "runtime/cgroup.h"

/**
 * strays_remove() - end every group below the tree that is no unit's, and remove it
 *
 * To be called when all units have been restored. Waits for a killed group to empty, up to
 * STRAY_TIMEOUT_USEC each; one that does not is logged and left. Return: 0 or negative errno where the
 * tree can't be read.
 */
int strays_remove(CgroupTree *cgroups, Engine *engine, Error *error);

#define STRAY_TIMEOUT_USEC (UINT64_C(2) * 1000 * 1000)
