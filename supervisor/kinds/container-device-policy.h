/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * DevicePolicy= and DeviceAllow=: which devices a container may open, those that every one has among them. Of
 * AddDevice= container-devices.h tells.
 */

#include "runtime/cgroup.h"
#include "unitfile/service-spec.h"

/**
 * container_device_rules() - looks at nodes of the host and at /proc/devices
 * @id:  of the unit, for what is said of a device that there is not; it is passed over
 * @ret: owned by the caller
 *
 * Return: 0; -E2BIG above DEVICE_RULES_MAX; -ENOMEM.
 */
int container_device_rules(const ResourceSpec *r,
                const char *id,
                DeviceRule **ret,
                size_t *ret_n,
                Error *error);
