/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is mounted in a container's root: volumes and file systems of the unit and of its pod, what is found
 * for patterns and devices, and the volumes of the image.
 */

#include "kinds/container-devices.h"
#include "runtime/image-store.h"
#include "runtime/container.h"
#include "unitfile/pod-spec.h"

typedef struct ContainerMounts {
        RuntimeBind *binds; /* owned; they borrow from the specs and from paths */
        size_t n_binds;
        RuntimeTmpfs *tmpfs; /* owned; likewise */
        size_t n_tmpfs;
        char **paths; /* owned */
} ContainerMounts;

/**
 * container_mounts_plan() - looks patterns and devices up; mounts nothing
 * @pod, @image: NULL: none
 * @storage: directory for what the image's volumes hold; NULL without an image
 */
int container_mounts_plan(const ContainerSpec *container,
                const PodSpec *pod,
                const Image *image,
                const char *storage,
                ContainerMounts *ret,
                Error *error);
/** container_mounts_add_bind() - one more, which borrows from whoever adds it. Return: 0 or -ENOMEM. */
int container_mounts_add_bind(ContainerMounts *m, const RuntimeBind *bind);
void container_mounts_done(ContainerMounts *m);
