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

typedef struct KindContext {
        sd_event *event;         /* borrowed */
        CgroupTree *cgroups;     /* borrowed */
        Runtime *runtime;        /* borrowed */
        UnitStore *store;        /* borrowed */
        const char *runtime_dir; /* borrowed */
        const char *state_dir;   /* borrowed */
        const char *logger_path; /* borrowed; the program supd-log */
} KindContext;
