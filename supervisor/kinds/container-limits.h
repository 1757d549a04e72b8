/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From what a unit says to what its cgroup is told: shares of the machine become numbers, paths disks.
 * Applying is not its duty.
 */

#include "base/macro.h"
#include "runtime/cgroup.h"
#include "unitfile/container-spec.h"
#include "unitfile/service-spec.h"

typedef struct ContainerLimits {
        CgroupLimits cgroup; /* borrows from here, and from the specs */
        CgroupIoLimit *io;   /* owned */
} ContainerLimits;

/**
 * container_limits_read() - looks at the machine: its memory, its disks
 *
 * OOMPolicy= is left to the caller. Return: 0; what block_device_find() says of a path, with the key's name;
 * -ENOMEM.
 */
int container_limits_read(const ResourceSpec *r,
                const ContainerSpec *container,
                ContainerLimits *ret,
                Error *error);
void container_limits_done(ContainerLimits *l);

/** container_limits_figures() - the numbers of @limits, which borrow nothing */
CgroupLimits container_limits_figures(const CgroupLimits *limits);
/** container_limits_expected() - the same of a unit that does not run */
CgroupLimits container_limits_expected(const ResourceSpec *r, const ContainerSpec *container);
