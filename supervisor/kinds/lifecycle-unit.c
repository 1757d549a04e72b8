/* SPDX-License-Identifier: MIT */
#include "kinds/lifecycle-unit.h"

#include "kinds/deadline.h"

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        LifecycleTimer *t = userdata;

        (void) source, (void) usec;
        /* As of a job, conditions hold for an automatic restart. */
        if (t->lifecycle->state == SERVICE_AUTO_RESTART && !unit_may_start(t->unit))
                lifecycle_post(t->lifecycle, SERVICE_EV_STOP, clock_dual());
        else
                lifecycle_on_deadline(t->lifecycle, clock_dual());
        return 0;
}

void lifecycle_timer_set(LifecycleTimer *t,
                Unit *unit,
                Lifecycle *lifecycle,
                sd_event *event,
                uint64_t monotonic_usec) {
        t->unit = unit;
        t->lifecycle = lifecycle;
        deadline_set(unit, event, &t->source, monotonic_usec, on_time, t);
}

void lifecycle_timer_done(LifecycleTimer *t) {
        t->source = sd_event_source_disable_unref(t->source);
}

void lifecycle_tell_engine(Unit *unit, const Lifecycle *l) {
        bool attempt_over = l->state == SERVICE_FAILED || l->state == SERVICE_AUTO_RESTART;

        unit_notify(unit, /* start_failed= */ attempt_over && l->start_failed);
}
