/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Processes that no unit speaks for. At a start: of a former supd that died between making a container and
 * saying so, or whose unit's file has gone meanwhile. At the end: what SendSIGKILL=no has spared. Nobody
 * supervises them, so they must not run.
 */

#include "core/engine.h"
#include "runtime/cgroup.h"

/**
 * strays_remove() - end every group below the tree that is no unit's, and remove it
 * @engine: NULL: no group is a unit's any more
 *
 * To be called when all units have been restored, or have stopped. Waits for a killed group to empty, up to
 * STRAY_TIMEOUT_USEC each; one that does not is logged and left.
 *
 * @ret_names: strv of those found, owned by the caller
 * Return: 0 or negative errno where the tree can't be read.
 */
int strays_remove(CgroupTree *cgroups, Engine *engine, char ***ret_names, Error *error);

#define STRAY_TIMEOUT_USEC (UINT64_C(2) * 1000 * 1000)
