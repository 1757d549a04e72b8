/* SPDX-License-Identifier: MIT */
#pragma once

/* What the kinds that have a lifecycle do alike: the one timer that it asks for, and what the engine is told. */

#include <systemd/sd-event.h>

#include "core/engine.h"

/* In the unit's own struct; zeroed at first. */
typedef struct LifecycleTimer {
        Unit *unit;              /* borrowed: whose lifecycle it is */
        Lifecycle *lifecycle;    /* borrowed */
        sd_event_source *source; /* owned; NULL: none is set */
} LifecycleTimer;

/**
 * lifecycle_timer_set() - LifecycleOps.set_deadline; USEC_INFINITY: no timer
 *
 * At that time the lifecycle is told; or, where it is for an automatic restart that conditions forbid, stopped.
 */
void lifecycle_timer_set(LifecycleTimer *t,
                Unit *unit,
                Lifecycle *lifecycle,
                sd_event *event,
                uint64_t monotonic_usec);
void lifecycle_timer_done(LifecycleTimer *t);

/** lifecycle_tell_engine() - unit_notify() with what the lifecycle knows of a start that failed */
void lifecycle_tell_engine(Unit *unit, const Lifecycle *l);
