/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who wants to know that the clock on the wall, or the time zone, was set by somebody. The kernel tells; nothing is
 * asked for in between, and nothing is open while nobody listens.
 */

#include <systemd/sd-event.h>

#include "base/list.h"
#include "base/macro.h"

typedef struct TimeWatch TimeWatch;

/* Embedded by the listener, who sets the callbacks. */
typedef struct TimeListener {
        List link;
        void (*clock_changed)(void *userdata);
        void (*timezone_changed)(void *userdata);
        void *userdata; /* borrowed */
} TimeListener;

int time_watch_new(sd_event *event, TimeWatch **ret);
TimeWatch *time_watch_free(TimeWatch *w);
DEFINE_CLEANUP(TimeWatch *, time_watch_free);

/** time_watch_join() - listen from now on; again is fine. A failure to watch is logged. */
void time_watch_join(TimeWatch *w, TimeListener *l);
/** time_watch_leave() - of who has not joined, too */
void time_watch_leave(TimeWatch *w, TimeListener *l);
/** time_listener_init() - before anything else */
void time_listener_init(TimeListener *l);
