/* SPDX-License-Identifier: MIT */
#include "kinds/timer.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <systemd/sd-id128.h>

#include "base/diag.h"
#include "base/text.h"
#include "core/timer.h"
#include "kinds/lifecycle-record.h"
#include "kinds/time-watch.h"
#include "kinds/timer-stamp.h"

/* The kernel's number of the first process name space: in another one we are in a container. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

typedef struct TimerUnit {
        Unit unit;                  /* first */
        const KindContext *context; /* borrowed */
        Timer timer;
        DualTime state_entered, inactive_exit, active_enter, active_exit, inactive_enter;
        char *problem; /* owned; why it has failed; NULL: it has not */
        sd_event_source *monotonic_source, *realtime_source, *resume_source; /* owned */
        TimeListener listener;
} TimerUnit;

static TimerUnit *timer_unit_of(const Unit *u) {
        return CONTAINER_OF(u, TimerUnit, unit);
}

static TimerUnit *timer_unit_of_timer(Timer *t) {
        return CONTAINER_OF(t, TimerUnit, timer);
}

static const TimerSpec *timer_spec(const TimerUnit *t) {
        return &t->unit.spec->timer;
}

/* ---- the unit that it starts ----------------------------------------------------------------------- */

static const char *triggered_name(const TimerUnit *t) {
        const DepNode *node = t->unit.node;

        return node && dep_count(node, DEPENDENCY_TRIGGERS) > 0
                               ? node->lists[DEPENDENCY_TRIGGERS]->nodes[0]->name
                               : timer_spec(t)->unit;
}

static Unit *triggered(const TimerUnit *t) {
        const DepNode *node = t->unit.node;

        return node && dep_count(node, DEPENDENCY_TRIGGERS) > 0
                               ? node->lists[DEPENDENCY_TRIGGERS]->nodes[0]->unit
                               : NULL;
}

/* A start that is still to come counts: until its job has ended the unit is not off. */
static TriggeredUnit look_at(const Unit *u) {
        UnitStatus s = { .active = UNIT_INACTIVE };

        if (u)
                u->ops->status(u, &s);
        bool off = s.active == UNIT_INACTIVE || s.active == UNIT_STATE_FAILED;
        return (TriggeredUnit) {
                .is_off = off && (!u || !u->job || u->job->type == JOB_STOP),
                .active = s.inactive_exit,
                .inactive = s.inactive_enter,
        };
}

static int check_triggered(const TimerUnit *t, Error *error) {
        const Unit *u = triggered(t);

        int r = u ? unit_can_start(u, error)
                  : error_set_plain(error,
                                    -ENOENT,
                                    ERROR_NO_SUCH_UNIT,
                                    "Unit %s not found.",
                                    triggered_name(t));
        return r < 0 ? error_prefix(error, r, "%s has nothing to start", unit_id(&t->unit)) : 0;
}

static int request_start(TimerUnit *t, Error *error) {
        JobRequest request = {
                .unit = triggered(t),
                .type = JOB_START,
                .mode = JOB_MODE_REPLACE,
                .origin = { .unit = unit_id(&t->unit), .why = "has elapsed" },
        };
        Job *job;

        int r = check_triggered(t, error);
        return r < 0 ? r : engine_request(t->unit.engine, &request, &job, error);
}

/* ---- Persistent= ------------------------------------------------------------------------------------ */

static bool keeps_stamp(const TimerUnit *t) {
        return timer_spec(t)->persistent && timer_spec_has_calendar(timer_spec(t));
}

static void write_stamp(TimerUnit *t, uint64_t realtime_usec) {
        _cleanup_(error_done) Error error = {};

        int r = timer_stamp_write(t->context->state_dir, unit_id(&t->unit), realtime_usec, &error);
        if (r < 0)
                diag_warning("%s: %s; it may not make up for times that pass while supd is not "
                             "there",
                                unit_id(&t->unit),
                                error_text(&error, r));
}

/* 0: it was not started yet. Who keeps a stamp for the first time has missed nothing. */
static uint64_t read_stamp(TimerUnit *t, DualTime now) {
        uint64_t last = 0;

        if (!keeps_stamp(t))
                return 0;
        int r = timer_stamp_read(t->context->state_dir, unit_id(&t->unit), &last);
        if (r == -ENOENT) {
                write_stamp(t, now.realtime_usec);
                return 0;
        }
        if (r < 0) {
                diag_warning("%s: its stamp can't be read: %s; taken as never elapsed",
                                unit_id(&t->unit),
                                strerror(-r));
                return 0;
        }
        if (last <= now.realtime_usec)
                return last;
        diag_warning("%s: its stamp is of the future: the clock is wrong, or was; taken as never "
                     "elapsed",
                        unit_id(&t->unit));
        return 0;
}

/* ---- the record ------------------------------------------------------------------------------------- */

typedef struct Moment {
        const char *key;
        DualTime *moment;
} Moment;

#define N_MOMENTS 8U

static void list_moments(TimerUnit *t, Moment moments[static N_MOMENTS]) {
        const Moment all[N_MOMENTS] = {
                { "StateEntered", &t->state_entered },
                { "InactiveExit", &t->inactive_exit },
                { "ActiveEnter", &t->active_enter },
                { "ActiveExit", &t->active_exit },
                { "InactiveEnter", &t->inactive_enter },
                { "LastTrigger", &t->timer.last_trigger },
                { "UnitActive", &t->timer.unit.active },
                { "UnitInactive", &t->timer.unit.inactive },
        };

        memcpy(moments, all, sizeof(all));
}

static void timer_save(TimerUnit *t) {
        UnitStore *store = t->context->store;
        const char *id = unit_id(&t->unit);
        _cleanup_(record_writer_done) RecordWriter w = {};
        _cleanup_(error_done) Error error = {};
        Moment moments[N_MOMENTS];

        if (t->timer.state == TIMER_STATE_DEAD && !unit_is_held_back(&t->unit)) {
                store->ops->forget(store, id);
                return;
        }
        list_moments(t, moments);
        record_put(&w, "State", timer_state_to_string(t->timer.state));
        record_put(&w, "Problem", t->problem);
        record_put_u64(&w, "Boot", t->timer.boot_usec);
        record_put_u64(&w, "Startup", t->timer.startup_usec);
        record_put_u64(&w, "Spent", t->timer.spent_usec);
        for (size_t i = 0; i < N_MOMENTS; i++)
                record_put_time(&w, moments[i].key, *moments[i].moment);
        checks_put(&w, &t->unit);
        unit_put_history(&t->unit, &w);
        int r = w.result < 0 ? w.result : store->ops->save(store, id, w.text, &error);
        if (r < 0)
                diag_warning("%s: %s; the next supd will not know when it has elapsed",
                                id,
                                error_text(&error, r));
}

static int timer_load(TimerUnit *t, const Record *record, Error *error) {
        TimerState state = timer_state_from_string(record_get(record, "State"));
        Moment moments[N_MOMENTS];

        if (state < 0)
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "its record names no known state");
        list_moments(t, moments);
        for (size_t i = 0; i < N_MOMENTS; i++)
                record_get_time(record, moments[i].key, moments[i].moment);
        t->timer.state = state;
        t->timer.boot_usec = record_u64_or(record, "Boot", t->timer.boot_usec);
        t->timer.startup_usec = record_u64_or(record, "Startup", t->timer.startup_usec);
        t->timer.spent_usec = record_u64_or(record, "Spent", 0);
        if (timer_is_active(&t->timer))
                t->timer.activated = t->inactive_exit;
        checks_get(record, &t->unit);
        int r = str_replace(&t->problem, record_get(record, "Problem"));
        return r < 0 ? r : unit_get_history(&t->unit, record);
}

/* ---- actions ---------------------------------------------------------------------------------------- */

static int on_elapsed(sd_event_source *source, uint64_t usec, void *userdata) {
        TimerUnit *t = userdata;

        (void) source, (void) usec;
        timer_elapsed(&t->timer, clock_dual());
        return 0;
}

static int arm_source(TimerUnit *t, sd_event_source **source, clockid_t clock, uint64_t usec) {
        uint64_t accuracy = MAX(timer_spec(t)->accuracy_usec, UINT64_C(1)); /* 0 is a default */

        if (usec == USEC_INFINITY)
                return *source ? sd_event_source_set_enabled(*source, SD_EVENT_OFF) : 0;
        if (!*source) {
                int r = sd_event_add_time(
                                t->context->event, source, clock, usec, accuracy, on_elapsed, t);
                return r < 0 ? r
                             : sd_event_source_set_priority(*source, SD_EVENT_PRIORITY_NORMAL + 2);
        }
        int r = sd_event_source_set_time(*source, usec);
        if (r >= 0)
                r = sd_event_source_set_time_accuracy(*source, accuracy);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

/* CLOCK_MONOTONIC stands still while the machine sleeps, as systemd's timers do; the other one does not. */
static void action_arm(Timer *timer, uint64_t monotonic_usec, uint64_t realtime_usec) {
        TimerUnit *t = timer_unit_of_timer(timer);

        int r = arm_source(t, &t->monotonic_source, CLOCK_MONOTONIC, monotonic_usec);
        if (r >= 0)
                r = arm_source(t, &t->realtime_source, CLOCK_REALTIME, realtime_usec);
        if (r < 0)
                diag_error("%s: cannot set a timer: %s; it will not elapse",
                                unit_id(&t->unit),
                                strerror(-r));
}

static int action_trigger(Timer *timer) {
        TimerUnit *t = timer_unit_of_timer(timer);
        _cleanup_(error_done) Error error = {};

        if (t->unit.job && t->unit.job->type == JOB_STOP)
                return 0; /* it is about to be stopped */
        int r = request_start(t, &error);
        if (r >= 0) {
                if (keeps_stamp(t))
                        write_stamp(t, clock_realtime_usec());
                return 0;
        }
        DiagContext context = { .unit = unit_id(&t->unit) };
        diag_log(DIAG_ERROR,
                        &context,
                        "Its time has come, but it cannot start %s: %s; the timer has failed",
                        triggered_name(t),
                        error_text(&error, r));
        (void) str_replace(&t->problem, error_text(&error, r)); /* without memory: none */
        return r;
}

static bool minds_the_clock(const TimerUnit *t) {
        const TimerSpec *spec = timer_spec(t);

        return timer_is_active(&t->timer) &&
               (timer_spec_has_calendar(spec) || spec->on_clock_change || spec->on_timezone_change);
}

static void action_changed(Timer *timer, TimerState old) {
        TimerUnit *t = timer_unit_of_timer(timer);
        bool was_active = old == TIMER_STATE_WAITING || old == TIMER_STATE_RUNNING ||
                          old == TIMER_STATE_ELAPSED;
        bool is_active = timer_is_active(timer);
        DualTime now = clock_dual();

        if (timer->state != old)
                t->state_entered = now;
        if (is_active && !was_active)
                t->inactive_exit = t->active_enter = timer->activated;
        else if (!is_active && was_active)
                t->active_exit = t->inactive_enter = now;
        if (minds_the_clock(t))
                time_watch_join(t->context->times, &t->listener);
        else
                time_watch_leave(t->context->times, &t->listener);
        timer_save(t);
        unit_notify(&t->unit, /* start_failed= */ false);
}

static uint64_t action_random(void) {
        uint64_t n;

        /* Small requests are served in whole, once the kernel has any; early at boot the clock must do. */
        if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != (ssize_t) sizeof(n))
                return clock_monotonic_usec() * UINT64_C(0x9e3779b97f4a7c15) >> 7;
        return n;
}

static const TimerOps timer_actions = {
        .arm = action_arm,
        .trigger = action_trigger,
        .changed = action_changed,
        .random = action_random,
};

static void on_clock_changed(void *userdata) {
        timer_clock_changed(&((TimerUnit *) userdata)->timer, clock_dual());
}

static void on_timezone_changed(void *userdata) {
        timer_timezone_changed(&((TimerUnit *) userdata)->timer, clock_dual());
}

/* ---- the unit's verbs -------------------------------------------------------------------------------- */

/* The spec of a timer that is off may be another one without further notice. */
static void take_newest_spec(TimerUnit *t) {
        bool newer = unit_take_next_spec(&t->unit);

        if (newer || !timer_is_active(&t->timer))
                timer_respecify(&t->timer, &t->unit.spec->timer, clock_dual());
}

static int timer_unit_start(Unit *u, bool by_hand, Error *error) {
        TimerUnit *t = timer_unit_of(u);
        DualTime now = clock_dual();

        (void) by_hand;
        if (timer_is_active(&t->timer))
                return -EALREADY;
        take_newest_spec(t);
        int r = check_triggered(t, error);
        if (r < 0) {
                (void) str_replace(&t->problem, error_text(error, r)); /* without memory: none */
                return r;
        }
        TriggeredUnit target = look_at(triggered(t));
        (void) str_replace(&t->problem, NULL);
        timer_start(&t->timer, &target, read_stamp(t, now), now);
        return 0;
}

static int timer_unit_stop(Unit *u, Error *error) {
        TimerUnit *t = timer_unit_of(u);

        (void) error;
        if (!timer_is_active(&t->timer))
                return -EALREADY;
        timer_stop(&t->timer, clock_dual());
        return 0;
}

static int refuse(const Unit *u, Error *error) {
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s is a timer and has no processes",
                        unit_id(u));
}

static int timer_unit_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        (void) whom, (void) signal;
        return refuse(u, error);
}

static int timer_unit_freeze(
                Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        (void) freeze, (void) done, (void) userdata;
        return refuse(u, error);
}

static void timer_unit_reset_failed(Unit *u) {
        TimerUnit *t = timer_unit_of(u);

        (void) str_replace(&t->problem, NULL);
        timer_reset_failed(&t->timer);
}

static void timer_unit_status(const Unit *u, UnitStatus *ret) {
        const TimerUnit *t = timer_unit_of(u);
        TimerState state = t->timer.state;

        *ret = (UnitStatus) {
                .active = timer_is_active(&t->timer)    ? UNIT_ACTIVE
                          : state == TIMER_STATE_FAILED ? UNIT_STATE_FAILED
                                                        : UNIT_INACTIVE,
                .sub = timer_state_to_string(state),
                .result = state == TIMER_STATE_FAILED ? "resources" : "success",
                .state_entered = t->state_entered,
                .inactive_exit = t->inactive_exit,
                .active_enter = t->active_enter,
                .active_exit = t->active_exit,
                .inactive_enter = t->inactive_enter,
                .next_restart_monotonic_usec = USEC_INFINITY,
                .status_text = t->problem,
                .timer = &t->timer,
        };
}

static int timer_unit_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage)
                memset(ret_usage, 0xff, sizeof(*ret_usage)); /* nothing is known: UINT64_MAX each */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static bool same_moment(DualTime a, DualTime b) {
        return a.realtime_usec == b.realtime_usec && a.monotonic_usec == b.monotonic_usec;
}

static void timer_unit_triggered_changed(Unit *u, Unit *target) {
        TimerUnit *t = timer_unit_of(u);
        const TriggeredUnit *known = &t->timer.unit;
        TriggeredUnit now = look_at(target);

        if (!timer_is_active(&t->timer) || t->resume_source)
                return;
        /* Units tell of progress, too, which is nothing to us. */
        if (t->timer.state != TIMER_STATE_RUNNING && now.is_off == known->is_off &&
                        same_moment(now.active, known->active) &&
                        same_moment(now.inactive, known->inactive))
                return;
        timer_unit_changed(&t->timer, &now, clock_dual());
}

static Unit *timer_unit_free(Unit *u) {
        TimerUnit *t = timer_unit_of(u);

        time_watch_leave(t->context->times, &t->listener);
        t->monotonic_source = sd_event_source_disable_unref(t->monotonic_source);
        t->realtime_source = sd_event_source_disable_unref(t->realtime_source);
        t->resume_source = sd_event_source_disable_unref(t->resume_source);
        timer_done(&t->timer);
        free(t->problem);
        unit_spec_free(t->unit.spec);
        free(t);
        return NULL;
}

static const UnitKindOps timer_ops = {
        .name = "timer",
        .start = timer_unit_start,
        .stop = timer_unit_stop,
        .kill = timer_unit_kill,
        .freeze = timer_unit_freeze,
        .reset_failed = timer_unit_reset_failed,
        .status = timer_unit_status,
        .usage = timer_unit_usage,
        .free = timer_unit_free,
        .triggered_changed = timer_unit_triggered_changed,
};

/* ---- making -------------------------------------------------------------------------------------------- */

static bool is_in_container(void) {
        char text[64];
        ssize_t n = readlink("/proc/self/ns/pid", text, sizeof(text) - 1);

        if (n < 0)
                return false;
        text[n] = '\0';
        return !str_equal(text, FIRST_PID_NAMESPACE);
}

static uint64_t stable_number_of(const char *id) {
        char text[SD_ID128_STRING_MAX] = "";
        sd_id128_t machine;

        if (sd_id128_get_machine(&machine) >= 0)
                sd_id128_to_string(machine, text);
        return timer_stable_number(text, id);
}

int timer_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) error;

        TimerUnit *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (TimerUnit) {
                .unit = { .ops = &timer_ops, .spec = TAKE_PTR(*spec) },
                .context = context,
                .listener = {
                        .clock_changed = on_clock_changed,
                        .timezone_changed = on_timezone_changed,
                        .userdata = t,
                },
        };
        time_listener_init(&t->listener);
        timer_init(&t->timer, &timer_actions, &t->unit.spec->timer);
        t->timer.stable = stable_number_of(t->unit.spec->id);
        t->timer.startup_usec = context->started.monotonic_usec;
        t->timer.boot_usec = is_in_container() ? context->started.monotonic_usec : 0;
        *ret = &t->unit;
        return 0;
}

/* Once all units are as they were: what has happened to the one that it starts? */
static int on_resume(sd_event_source *source, void *userdata) {
        TimerUnit *t = userdata;
        TriggeredUnit target = look_at(triggered(t));

        (void) source;
        t->resume_source = sd_event_source_disable_unref(t->resume_source);
        timer_resume(&t->timer, &target, clock_dual());
        return 0;
}

void timer_held_back(Unit *u) {
        timer_save(timer_unit_of(u));
}

int timer_restore(Unit *u, Error *error) {
        TimerUnit *t = timer_unit_of(u);
        UnitStore *store = t->context->store;

        _cleanup_(record_freep) Record *record = store->ops->take_record(store, unit_id(u));
        if (!record)
                return 0;
        int r = timer_load(t, record, error);
        if (r < 0 || !timer_is_active(&t->timer))
                return r;
        if (minds_the_clock(t))
                time_watch_join(t->context->times, &t->listener);
        return sd_event_add_defer(t->context->event, &t->resume_source, on_resume, t);
}

int timer_reloaded(Unit *u, Error *error) {
        (void) error;
        take_newest_spec(timer_unit_of(u));
        return 0;
}
