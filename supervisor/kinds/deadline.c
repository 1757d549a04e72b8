/* SPDX-License-Identifier: MIT */
#include "kinds/deadline.h"

#include "base/diag.h"

void deadline_set(const Unit *u,
                sd_event *event,
                sd_event_source **source,
                uint64_t monotonic_usec,
                sd_event_time_handler_t handler,
                void *userdata) {
        int r;

        if (monotonic_usec == USEC_INFINITY) {
                *source = sd_event_source_disable_unref(*source);
                return;
        }
        if (!*source) {
                r = sd_event_add_time(event,
                                source,
                                CLOCK_MONOTONIC,
                                monotonic_usec,
                                /* accuracy= */ 1,
                                handler,
                                userdata);
                if (r >= 0)
                        r = sd_event_source_set_priority(*source, SD_EVENT_PRIORITY_NORMAL + 2);
        } else {
                r = sd_event_source_set_time(*source, monotonic_usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                diag_error("%s: cannot set a timer: %s; it may wait for ever",
                                unit_id(u),
                                error_text(NULL, r));
}
