/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/container.h"
#include "supd/message-ids.h"

#include "base/diag.h"

/* A process in an uninterruptible sleep can't be frozen; after this long we stop waiting for it. */
#define FREEZE_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define FREEZE_POLL_MAX_USEC (100 * USEC_PER_MSEC)
#define FREEZE_QUICK_TRIES 20U
#define FREEZE_QUICK_USEC 50U

static const char *const freezer_names[] = {
        [FREEZER_RUNNING] = "running",
        [FREEZER_FREEZING] = "freezing",
        [FREEZER_FROZEN] = "frozen",
        [FREEZER_THAWING] = "thawing",
};
static_assert(ELEMENTSOF(freezer_names) == _FREEZER_STATE_MAX, "every freezer state has a name");

const char *freezer_state_to_string(FreezerState s) {
        return s < 0 || s >= _FREEZER_STATE_MAX ? NULL : freezer_names[s];
}

FreezerState freezer_state_from_string(const char *s) {
        for (FreezerState i = 0; i < _FREEZER_STATE_MAX; i++) {
                if (str_equal(s, freezer_names[i]))
                        return i;
        }
        return _FREEZER_STATE_INVALID;
}

/* Settle in @state and answer whoever waits; the answer may start the next request. */
static void freezer_finish(Container *c, FreezerState state, int r, const Error *error) {
        UnitFreezeDone done = TAKE_PTR(c->freezer.done);

        c->freezer.state = state;
        bool for_sleep = container_idle_settled(c, state == FREEZER_FROZEN);
        c->freezer.timer = sd_event_source_disable_unref(c->freezer.timer);
        lifecycle_set_frozen(&c->lifecycle, state == FREEZER_FROZEN, clock_monotonic_usec());
        container_watch_payload(c, state == FREEZER_FROZEN);
        container_health_update(c);
        container_save(c);
        if (r >= 0 && !for_sleep)
                container_tell(c,
                                DIAG_INFO,
                                state == FREEZER_FROZEN ? SUPD_MESSAGE_PAUSED
                                                        : SUPD_MESSAGE_UNPAUSED,
                                state == FREEZER_FROZEN ? "Paused." : "Unpaused.");
        if (done)
                done(r, error, c->freezer.userdata);
        unit_notify(&c->unit, /* start_failed= */ false);
}

static void freezer_give_up(Container *c) {
        _cleanup_(error_done) Error error = {};
        int r = error_set_plain(&error,
                        -ETIMEDOUT,
                        ERROR_TIMEOUT,
                        "%s: a process could not be stopped for pausing; it runs on",
                        unit_id(&c->unit));

        /* Every error path thaws what it froze. */
        (void) cgroup_freeze(c->run.cgroup, /* freeze= */ false, NULL);
        freezer_finish(c, FREEZER_RUNNING, r, &error);
}

static int freezer_on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        container_freeze_check(userdata);
        return 0;
}

/*
 * The kernel sends at most one notification in 10 ms, so we look again ourselves: in short steps at first, as one
 * process takes it 40 us and a hundred take 900, then after 1, 2, 4, … ms.
 */
static uint64_t freezer_wait_usec(unsigned tries) {
        if (tries < FREEZE_QUICK_TRIES)
                return FREEZE_QUICK_USEC;
        unsigned doublings = MIN(tries - FREEZE_QUICK_TRIES, 10U);
        return MIN(USEC_PER_MSEC << doublings, FREEZE_POLL_MAX_USEC);
}

static void freezer_look_again(Container *c, uint64_t now) {
        uint64_t wait = freezer_wait_usec(c->freezer.tries);
        int r;

        c->freezer.tries++;
        if (!c->freezer.timer)
                r = sd_event_add_time(c->context->event,
                                &c->freezer.timer,
                                CLOCK_MONOTONIC,
                                usec_add(now, wait),
                                /* accuracy= */ 1,
                                freezer_on_timer,
                                c);
        else {
                r = sd_event_source_set_time(c->freezer.timer, usec_add(now, wait));
                if (r >= 0)
                        r = sd_event_source_set_enabled(c->freezer.timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                freezer_give_up(c);
}

void container_freeze_check(Container *c) {
        bool wanted = c->freezer.state == FREEZER_FREEZING;
        uint64_t now = clock_monotonic_usec();
        CgroupEvents events;

        if (c->freezer.state != FREEZER_FREEZING && c->freezer.state != FREEZER_THAWING)
                return;
        if (cgroup_read_events(c->run.cgroup, &events) >= 0 && events.frozen == wanted)
                freezer_finish(c, wanted ? FREEZER_FROZEN : FREEZER_RUNNING, 0, NULL);
        else if (now >= c->freezer.give_up_usec)
                freezer_give_up(c);
        else
                freezer_look_again(c, now);
}

int container_freezer_set(
                Container *c, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        Unit *u = &c->unit;
        FreezerState target = freeze ? FREEZER_FROZEN : FREEZER_RUNNING;

        if (c->lifecycle.state != SERVICE_RUNNING)
                return error_set_plain(error,
                                -EHOSTDOWN,
                                ERROR_UNIT_STATE,
                                "%s is %s (%s): only a running unit can be %s",
                                unit_id(u),
                                unit_active_state_to_string(unit_active_state(u)),
                                service_state_to_string(c->lifecycle.state),
                                freeze ? "paused" : "unpaused");
        if (c->freezer.done)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_UNIT_STATE,
                                "%s is being %s right now; try again",
                                unit_id(u),
                                c->freezer.state == FREEZER_FREEZING ? "paused" : "unpaused");
        if (c->freezer.state == target) {
                if (done)
                        done(0, NULL, userdata);
                return 0;
        }

        int r = cgroup_freeze(c->run.cgroup, freeze, error);
        if (r < 0)
                return r;

        c->freezer.timer = sd_event_source_disable_unref(c->freezer.timer);
        c->freezer = (ContainerFreezer) {
                .state = freeze ? FREEZER_FREEZING : FREEZER_THAWING,
                .done = done,
                .userdata = userdata,
                .give_up_usec = usec_add(clock_monotonic_usec(), FREEZE_TIMEOUT_USEC),
        };
        container_health_update(c);
        /* Often it is done already; then the answer needs no turn of the loop. */
        container_freeze_check(c);
        return 0;
}

int container_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        Container *c = container_of_unit(u);

        if (freeze && c->lifecycle.state == SERVICE_RUNNING && !c->freezer.done)
                container_idle_pause(c);
        int r = container_freezer_set(c, freeze, done, userdata, error);
        if (r < 0 && freeze && c->freezer.state == FREEZER_RUNNING)
                (void) container_idle_settled(c, /* frozen= */ false); /* as it was */
        return r;
}

void container_thaw_now(Container *c) {
        _cleanup_(error_done) Error error = {};

        if (c->freezer.state == FREEZER_RUNNING || !c->run.cgroup)
                return;
        int r = cgroup_freeze(c->run.cgroup, /* freeze= */ false, &error);
        if (r < 0)
                diag_warning("%s: %s; killing will still work",
                                unit_id(&c->unit),
                                error_text(&error, r));

        bool frozen = c->freezer.state == FREEZER_FROZEN, slept = container_sleeps(&c->unit);
        UnitFreezeDone done = TAKE_PTR(c->freezer.done);
        c->freezer.state = FREEZER_RUNNING;
        (void) container_idle_settled(c, /* frozen= */ false);
        c->freezer.timer = sd_event_source_disable_unref(c->freezer.timer);
        container_watch_payload(c, /* watch= */ false);
        c->lifecycle.frozen = false;
        container_health_update(c);
        if (frozen && !slept)
                container_tell(c, DIAG_INFO, SUPD_MESSAGE_UNPAUSED, "Unpaused, to end.");
        if (done) {
                error_done(&error);
                r = error_set_plain(&error,
                                -ECANCELED,
                                ERROR_UNIT_STATE,
                                "%s is being stopped",
                                unit_id(&c->unit));
                done(r, &error, c->freezer.userdata);
        }
}
