/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * AddDevice=: from what a unit says to the nodes that the host has of it. They are looked up at each start,
 * for the rules of the cgroup and for what is mounted.
 */

#include "base/error.h"
#include "runtime/cgroup.h"
#include "unitfile/container-spec.h"

typedef struct ContainerDevice {
        char *source, *target; /* owned */
        DeviceRule rule;
} ContainerDevice;

typedef struct ContainerDevices {
        ContainerDevice *items; /* owned */
        size_t n_items;
} ContainerDevices;

/**
 * container_devices_find() - of a directory all that is in it, at any depth, but for what /dev of every container
 * has of its own
 *
 * Return: 0; -ENOENT for a node that is missing and must not be; -ENODEV for what is no device; -E2BIG; -ENOMEM.
 */
int container_devices_find(const ContainerSpec *container, ContainerDevices *ret, Error *error);
void container_devices_done(ContainerDevices *d);
