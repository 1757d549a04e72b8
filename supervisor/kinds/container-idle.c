/* SPDX-License-Identifier: MIT */
#include "base/diag.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/container.h"
#include "kinds/deadline.h"
#include "kinds/socket.h"
#include "supd/message-ids.h"

/*
 * [X-Supd] IdleTimeoutSec=: nobody is connected for so long, and the container is frozen, or stopped, until
 * somebody is. core/idle.h decides; here is looked, waited, frozen and told.
 */

static void idle_post(Container *c, IdleEvent event);

static uint64_t idle_timeout(const Container *c) {
        return c->unit.spec->service.idle_timeout_usec;
}

static int idle_on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Container *c = userdata;

        (void) source, (void) usec;
        int r = sockets_any_connected(&c->unit);
        if (r == -ENOENT) {
                container_tell(c,
                                DIAG_NOTICE,
                                SUPD_MESSAGE_IDLE,
                                "IdleTimeoutSec= has no effect: no active socket unit starts it, "
                                "and "
                                "nobody could wake it.");
                return 0;
        }
        if (r < 0 && !c->idle.complained) {
                c->idle.complained = true;
                container_tell(c,
                                DIAG_WARNING,
                                SUPD_MESSAGE_IDLE,
                                "Cannot see who is connected to it: %s; it stays awake.",
                                error_text(NULL, r));
        }
        idle_post(c, r == 0 ? IDLE_EV_QUIET : IDLE_EV_BUSY);
        return 0;
}

static void idle_wait(Container *c, uint64_t delay_usec) {
        deadline_set(&c->unit,
                        c->context->event,
                        &c->idle.timer,
                        usec_add(clock_monotonic_usec(), delay_usec),
                        idle_on_timer,
                        c);
}

static void idle_freeze(Container *c, bool freeze) {
        _cleanup_(error_done) Error error = {};

        /* First of all noted: else a next supd would take what it finds frozen for paused. */
        container_save(c);
        int r = container_freezer_set(c, freeze, /* done= */ NULL, NULL, &error);
        if (r >= 0)
                return;
        container_tell(c, DIAG_WARNING, SUPD_MESSAGE_IDLE, "%s", error_text(&error, r));
        idle_post(c, IDLE_EV_THAWED);
}

/* It stands still, and nobody is connected to it any more. Stopped it is from here: no connection can come
 * between, for the signal is there before the thaw. */
static void idle_sleep(Container *c) {
        _cleanup_(error_done) Error error = {};
        bool stop = c->unit.spec->service.idle_stop;
        Job *j;

        container_tell(c,
                        DIAG_INFO,
                        SUPD_MESSAGE_IDLE,
                        stop ? "Stopping: nobody is connected." : "Asleep: nobody is connected.");
        container_save(c);
        int r = stop ? engine_add_job(c->unit.engine,
                                       &c->unit,
                                       JOB_STOP,
                                       JOB_MODE_REPLACE,
                                       /* by_hand= */ false,
                                       &j,
                                       &error)
                     : 0;
        if (r < 0)
                container_tell(c,
                                DIAG_WARNING,
                                SUPD_MESSAGE_IDLE,
                                "%s; it stays frozen until somebody connects.",
                                error_text(&error, r));
        unit_notify(&c->unit, /* start_failed= */ false); /* its sockets are to watch */
}

static void idle_post(Container *c, IdleEvent event) {
        switch (idle_handle(&c->idle.machine, event)) {
        case IDLE_STEP_WAIT:
                idle_wait(c, idle_look_usec(idle_timeout(c)));
                return;
        case IDLE_STEP_LOOK:
                idle_wait(c, 0); /* not from within what the freezer is doing */
                return;
        case IDLE_STEP_FREEZE:
                idle_freeze(c, true);
                return;
        case IDLE_STEP_THAW:
                idle_freeze(c, false);
                return;
        case IDLE_STEP_SLEEP:
                idle_sleep(c);
                return;
        case IDLE_STEP_FORGET:
                c->idle.timer = sd_event_source_disable_unref(c->idle.timer);
                return;
        default:
                return;
        }
}

/* ---- what happens to the container --------------------------------------------------------------- */

void container_idle_follow(Container *c) {
        bool runs = c->lifecycle.state == SERVICE_RUNNING && idle_timeout(c) != USEC_INFINITY;

        if (runs || c->idle.machine.state != IDLE_OFF)
                idle_post(c, runs ? IDLE_EV_RUNS : IDLE_EV_ENDS);
}

bool container_idle_settled(Container *c, bool frozen) {
        IdleState before = c->idle.machine.state;

        idle_post(c, frozen ? IDLE_EV_FROZEN : IDLE_EV_THAWED);
        return before == IDLE_FREEZING || before == IDLE_WAKING;
}

void container_idle_pause(Container *c) {
        IdleState before = c->idle.machine.state;

        if (before == IDLE_OFF || before == IDLE_HELD)
                return;
        idle_post(c, IDLE_EV_PAUSE);
        container_save(c);
        unit_notify(&c->unit, /* start_failed= */ false);
}

bool container_sleeps(const Unit *u) {
        return container_is(u) && container_of_unit(u)->idle.machine.state == IDLE_ASLEEP;
}

void container_wake(Unit *u) {
        if (container_sleeps(u))
                idle_post(container_of_unit(u), IDLE_EV_TRAFFIC);
}

/* ---- over a restart of supd ---------------------------------------------------------------------- */

void container_idle_put(const Container *c, RecordWriter *w) {
        if (c->idle.machine.state != IDLE_OFF)
                record_put(w, "Idle", idle_state_to_string(c->idle.machine.state));
}

void container_idle_restore(Container *c, const Record *record, bool frozen) {
        IdleState state = idle_state_from_string(record_get(record, "Idle"));

        if (idle_timeout(c) == USEC_INFINITY && (state < 0 || !frozen))
                return;
        if (!frozen) {
                container_idle_follow(c);
                return;
        }
        switch (state) {
        case IDLE_ASLEEP:
        case IDLE_WAKING: /* whoever came still waits, and wakes it again */
                c->idle.machine.state = IDLE_ASLEEP;
                return;
        case IDLE_FREEZING:
                c->idle.machine.state = IDLE_FREEZING;
                idle_post(c, IDLE_EV_FROZEN);
                return;
        default:
                c->idle.machine.state = IDLE_HELD;
                return;
        }
}
