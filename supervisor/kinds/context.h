/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What every unit kind needs from the daemon, lent for its lifetime.
 */

#include <systemd/sd-event.h>

#include "core/engine.h"
#include "core/unit-store.h"
#include "runtime/cgroup.h"
#include "runtime/container.h"

/* How a container's root is made of an image. */
typedef enum StorageDriver {
        STORAGE_OVERLAY, /* the layers, joined by overlayfs */
        STORAGE_BTRFS,   /* a snapshot of the image's subvolume */
        STORAGE_VFS,     /* a copy of the image */
        _STORAGE_DRIVER_MAX,
        _STORAGE_DRIVER_INVALID = -EINVAL,
} StorageDriver;

const char *storage_driver_to_string(StorageDriver d);
StorageDriver storage_driver_from_string(const char *s);

typedef struct KindContext {
        sd_event *event;             /* borrowed */
        CgroupTree *cgroups;         /* borrowed */
        Runtime *runtime;            /* borrowed */
        UnitStore *store;            /* borrowed */
        const char *runtime_dir;     /* borrowed */
        const char *state_dir;       /* borrowed */
        const char *logger_path;     /* borrowed; the program supd-log */
        struct ImageService *images; /* borrowed */
        struct TimeWatch *times;     /* borrowed */
        DualTime started;            /* this process */
        struct HealthQueue *health;  /* borrowed */
} KindContext;
