/* SPDX-License-Identifier: MIT */
#pragma once

/* A timer for one time, told last in a turn of the loop: of a lifecycle, of a check, of an idle container. */

#include <systemd/sd-event.h>

#include "core/engine.h"

/**
 * deadline_set() - from now on @handler is called once at @monotonic_usec; USEC_INFINITY: never
 * @source: owned by the caller; NULL before the first call
 *
 * What ended in time, while supd was busy or away, is told first: the timer comes last in a turn of the loop.
 */
void deadline_set(const Unit *u,
                sd_event *event,
                sd_event_source **source,
                uint64_t monotonic_usec,
                sd_event_time_handler_t handler,
                void *userdata);
