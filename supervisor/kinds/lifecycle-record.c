/* SPDX-License-Identifier: MIT */
#include "kinds/lifecycle-record.h"

#include <stdio.h>

#include "base/text.h"

void record_put_time(RecordWriter *w, const char *key, DualTime t) {
        _cleanup_free_ char *value = NULL;

        if (t.realtime_usec == 0)
                return;
        value = str_printf("%llu %llu",
                        (unsigned long long) t.realtime_usec,
                        (unsigned long long) t.monotonic_usec);
        if (!value)
                w->result = -ENOMEM;
        record_put(w, key, value);
}

static void put_clock(RecordWriter *w, ServiceClock c, const char *what, uint64_t usec) {
        char key[32];

        if (usec == USEC_INFINITY)
                return;
        snprintf(key, sizeof(key), "%s%s", service_clock_to_string(c), what);
        record_put_u64(w, key, usec);
}

static void put_clocks(RecordWriter *w, const Lifecycle *l) {
        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++) {
                put_clock(w, c, "Clock", l->clocks[c]);
                put_clock(w, c, "ClockLeft", l->clocks_left[c]);
        }
        if (l->watchdog_usec != USEC_INFINITY)
                record_put_u64(w, "WatchdogUsec", l->watchdog_usec);
}

void lifecycle_put(RecordWriter *w, const Lifecycle *l) {
        record_put(w, "State", service_state_to_string(l->state));
        record_put(w, "Result", service_result_to_string(l->result));
        record_put_i64(w, "ExitCode", l->exit.code);
        record_put_i64(w, "ExitStatus", l->exit.status);
        record_put_u64(w, "Step", l->step);
        record_put(w, "ReloadResult", service_result_to_string(l->reload_result));
        record_put_bool(w, "MainAlive", l->main_alive);
        record_put_bool(w, "PayloadRuns", l->payload_runs);
        record_put_bool(w, "ControlRuns", l->control_runs);
        record_put_bool(w, "CgroupDecides", l->cgroup_decides);
        record_put_bool(w, "Errored", l->errored);
        record_put_bool(w, "Abandoned", l->abandoned);
        record_put_bool(w, "EndsByItself", l->ends_by_itself);
        record_put_bool(w, "StopRequested", l->stop_requested);
        record_put_bool(w, "RestartAsked", l->restart_asked);
        record_put_bool(w, "StartFailed", l->start_failed);
        record_put_bool(w, "HalfMade", l->half_made);
        record_put_u64(w, "Restarts", l->n_restarts);
        record_put_u64(w, "StartLimitBegin", l->limit.begin_monotonic_usec);
        record_put_u64(w, "StartLimitCount", l->limit.count);
        put_clocks(w, l);
        record_put_time(w, "StateEntered", l->state_entered);
        record_put_time(w, "InactiveExit", l->inactive_exit);
        record_put_time(w, "ActiveEnter", l->active_enter);
        record_put_time(w, "ActiveExit", l->active_exit);
        record_put_time(w, "InactiveEnter", l->inactive_enter);
        record_put_time(w, "MainStarted", l->main_started);
        record_put_time(w, "MainEnded", l->main_ended);
}

void record_get_time(const Record *r, const char *key, DualTime *ret) {
        const char *value = record_get(r, key);
        unsigned long long realtime, monotonic;

        if (value && sscanf(value, "%llu %llu", &realtime, &monotonic) == 2)
                *ret = (DualTime) { .realtime_usec = realtime, .monotonic_usec = monotonic };
}

static uint64_t get_clock(const Record *r, ServiceClock c, const char *what) {
        char key[32];

        snprintf(key, sizeof(key), "%s%s", service_clock_to_string(c), what);
        return record_u64_or(r, key, USEC_INFINITY);
}

static void get_clocks(const Record *r, Lifecycle *l) {
        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++) {
                l->clocks[c] = get_clock(r, c, "Clock");
                l->clocks_left[c] = get_clock(r, c, "ClockLeft");
        }
        l->watchdog_usec = record_u64_or(r, "WatchdogUsec", USEC_INFINITY);
}

void lifecycle_get(const Record *r, Lifecycle *l) {
        ServiceResult result = service_result_from_string(record_get(r, "Result"));

        l->result = result < 0 ? SERVICE_SUCCESS : result;
        l->exit = (ExitInfo) { .code = (int) record_i64_or(r, "ExitCode", 0),
                .status = (int) record_i64_or(r, "ExitStatus", 0) };
        result = service_result_from_string(record_get(r, "ReloadResult"));
        l->reload_result = result < 0 ? SERVICE_SUCCESS : result;
        l->step = (unsigned) record_u64_or(r, "Step", 0);
        l->payload_runs = record_bool_or(r, "PayloadRuns", false);
        l->main_alive = record_bool_or(r, "MainAlive", l->payload_runs);
        l->control_runs = record_bool_or(r, "ControlRuns", false);
        l->cgroup_decides = record_bool_or(r, "CgroupDecides", false);
        l->errored = record_bool_or(r, "Errored", false);
        l->abandoned = record_bool_or(r, "Abandoned", false);
        l->ends_by_itself = record_bool_or(r, "EndsByItself", false);
        l->stop_requested = record_bool_or(r, "StopRequested", false);
        l->restart_asked = record_bool_or(r, "RestartAsked", false);
        l->start_failed = record_bool_or(r, "StartFailed", false);
        l->half_made = record_bool_or(r, "HalfMade", false);
        l->n_restarts = (unsigned) record_u64_or(r, "Restarts", 0);
        l->limit.begin_monotonic_usec = record_u64_or(r, "StartLimitBegin", USEC_INFINITY);
        l->limit.count = (unsigned) record_u64_or(r, "StartLimitCount", 0);
        get_clocks(r, l);
        record_get_time(r, "StateEntered", &l->state_entered);
        record_get_time(r, "InactiveExit", &l->inactive_exit);
        record_get_time(r, "ActiveEnter", &l->active_enter);
        record_get_time(r, "ActiveExit", &l->active_exit);
        record_get_time(r, "InactiveEnter", &l->inactive_enter);
        record_get_time(r, "MainStarted", &l->main_started);
        record_get_time(r, "MainEnded", &l->main_ended);
}

/* Of each item of the lists nothing: the next supd reads the files anew, and they may be others then. */
void checks_put(RecordWriter *w, const Unit *u) {
        record_put_bool(w, "ConditionMet", u->condition.met);
        record_put_time(w, "ConditionTested", u->condition.when);
        record_put_bool(w, "AssertMet", u->assertion.met);
        record_put_time(w, "AssertTested", u->assertion.when);
}

void checks_get(const Record *r, Unit *u) {
        u->condition.met = record_bool_or(r, "ConditionMet", false);
        record_get_time(r, "ConditionTested", &u->condition.when);
        u->assertion.met = record_bool_or(r, "AssertMet", false);
        record_get_time(r, "AssertTested", &u->assertion.when);
}
