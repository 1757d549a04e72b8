/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/container.h"
#include "supd/message-ids.h"

int container_new_ids(Container *c) {
        sd_id128_t a, b;
        int r;

        r = sd_id128_randomize(&a);
        if (r >= 0)
                r = sd_id128_randomize(&b);
        if (r < 0)
                return r;

        char first[SD_ID128_STRING_MAX], second[SD_ID128_STRING_MAX];
        sd_id128_to_string(a, first);
        sd_id128_to_string(b, second);
        r = str_replace(&c->invocation_id, first);
        if (r >= 0)
                r = str_replace(&c->fd_name, first);
        if (r < 0 || c->container_id)
                return r;

        /* The container's id stays the same from one instance to the next: 64 digits as Docker's. */
        r = sd_id128_randomize(&a);
        if (r < 0)
                return r;
        sd_id128_to_string(a, first);
        c->container_id = str_printf("%s%s", first, second);
        return c->container_id ? 0 : -ENOMEM;
}

/* ---- saving -------------------------------------------------------------------------------------- */

static void put_time(RecordWriter *w, const char *key, DualTime t) {
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

static void put_lifecycle(RecordWriter *w, const Lifecycle *l) {
        record_put(w, "State", service_state_to_string(l->state));
        record_put(w, "Result", service_result_to_string(l->result));
        record_put_i64(w, "ExitCode", l->exit.code);
        record_put_i64(w, "ExitStatus", l->exit.status);
        record_put_bool(w, "PayloadRuns", l->payload_runs);
        record_put_bool(w, "StopRequested", l->stop_requested);
        record_put_bool(w, "StartFailed", l->start_failed);
        record_put_bool(w, "HalfMade", l->half_made);
        record_put_u64(w, "Restarts", l->n_restarts);
        record_put_u64(w, "StartLimitBegin", l->limit.begin_monotonic_usec);
        record_put_u64(w, "StartLimitCount", l->limit.count);
        record_put_u64(w, "Deadline", l->deadline_usec);
        record_put_u64(w, "FrozenLeft", l->frozen_left_usec);
        put_time(w, "StateEntered", l->state_entered);
        put_time(w, "InactiveExit", l->inactive_exit);
        put_time(w, "ActiveEnter", l->active_enter);
        put_time(w, "ActiveExit", l->active_exit);
        put_time(w, "InactiveEnter", l->inactive_enter);
        put_time(w, "MainStarted", l->main_started);
        put_time(w, "MainEnded", l->main_ended);
}

int container_try_save(Container *c, Error *error) {
        UnitStore *store = c->context->store;
        RecordWriter w = {};

        put_lifecycle(&w, &c->lifecycle);
        record_put(&w, "ContainerId", c->container_id);
        record_put(&w, "InvocationId", c->invocation_id);
        record_put(&w, "StatusText", c->status_text);
        record_put(&w, "Freezer", freezer_state_to_string(c->freezer.state));
        record_put_i64(&w, "LastMainPid", c->run.last_payload_pid);
        record_put_bool(&w, "Leftovers", container_has_leftovers(c));
        if (c->run.child.pid > 0) {
                record_put(&w, "FdName", c->fd_name);
                record_put_i64(&w, "Pid", c->run.child.pid);
                record_put_u64(&w, "PidStartTime", c->run.child_start_time);
                record_put_i64(&w, "PayloadPid", c->run.payload_pid);
                record_put_bool(&w, "Init", c->run.init);
                record_put_bool(&w, "Executes", c->run.executes);
                record_put_u64(&w, "OomKills", c->run.oom_kills);
        }
        record_put(&w, "LogDriver", c->log.name);
        STRV_FOREACH (name, c->log.stored) {
                record_put(&w, "LogFd", *name);
        }

        int r = w.result < 0 ? w.result : store->ops->save(store, unit_id(&c->unit), w.text, error);
        record_writer_done(&w);
        return r;
}

void container_save(Container *c) {
        _cleanup_(error_done) Error error = {};

        int r = container_try_save(c, &error);
        if (r < 0)
                diag_warning("%s: %s; a restart of supd would not find it as it is",
                                unit_id(&c->unit),
                                error_text(&error, r));
}

void container_forget(Container *c) {
        c->context->store->ops->forget(c->context->store, unit_id(&c->unit));
}

/* ---- restoring ----------------------------------------------------------------------------------- */

static void get_time(const Record *r, const char *key, DualTime *ret) {
        const char *value = record_get(r, key);
        unsigned long long realtime, monotonic;

        if (value && sscanf(value, "%llu %llu", &realtime, &monotonic) == 2)
                *ret = (DualTime) { .realtime_usec = realtime, .monotonic_usec = monotonic };
}

static int get_int(const Record *r, const char *key) {
        int64_t value = 0;

        (void) record_get_i64(r, key, &value); /* absent or malformed: 0, as if never set */
        return (int) value;
}

static uint64_t get_u64(const Record *r, const char *key, uint64_t otherwise) {
        uint64_t value = otherwise;

        (void) record_get_u64(r, key, &value);
        return value;
}

static bool get_bool(const Record *r, const char *key) {
        bool value = false;

        (void) record_get_bool(r, key, &value);
        return value;
}

static void get_lifecycle(const Record *r, Lifecycle *l) {
        ServiceResult result = service_result_from_string(record_get(r, "Result"));

        l->result = result < 0 ? SERVICE_SUCCESS : result;
        l->exit = (ExitInfo) { .code = get_int(r, "ExitCode"), .status = get_int(r, "ExitStatus") };
        l->payload_runs = get_bool(r, "PayloadRuns");
        l->stop_requested = get_bool(r, "StopRequested");
        l->start_failed = get_bool(r, "StartFailed");
        l->half_made = get_bool(r, "HalfMade");
        l->n_restarts = (unsigned) get_u64(r, "Restarts", 0);
        l->limit.begin_monotonic_usec = get_u64(r, "StartLimitBegin", USEC_INFINITY);
        l->limit.count = (unsigned) get_u64(r, "StartLimitCount", 0);
        l->deadline_usec = get_u64(r, "Deadline", USEC_INFINITY);
        l->frozen_left_usec = get_u64(r, "FrozenLeft", USEC_INFINITY);
        get_time(r, "StateEntered", &l->state_entered);
        get_time(r, "InactiveExit", &l->inactive_exit);
        get_time(r, "ActiveEnter", &l->active_enter);
        get_time(r, "ActiveExit", &l->active_exit);
        get_time(r, "InactiveEnter", &l->inactive_enter);
        get_time(r, "MainStarted", &l->main_started);
        get_time(r, "MainEnded", &l->main_ended);
}

static int take_fd(Container *c, const char *suffix) {
        UnitStore *store = c->context->store;

        if (!c->fd_name)
                return -ENOENT;
        _cleanup_free_ char *name = str_printf("%s-%s", c->fd_name, suffix);
        return name ? store->ops->take_fd(store, name) : -ENOMEM;
}

/* The process that the record names, or nothing: the number may be another's by now. */
static int open_recorded_process(pid_t pid, uint64_t start_time) {
        uint64_t found;

        _cleanup_close_ int pidfd = sys_pidfd_open(pid, 0);
        if (pidfd < 0)
                return pidfd;
        int r = sys_process_start_time(pid, &found);
        if (r < 0)
                return r;
        return found == start_time ? TAKE_FD(pidfd) : -ESRCH;
}

static void restore_payload(Container *c, const Record *record) {
        pid_t pid;

        if (!c->run.executes || runtime_child_payload(c->run.child.pid, c->run.init, &pid) < 0)
                return;
        if (pid != get_int(record, "PayloadPid"))
                return;
        c->run.payload_pidfd = sys_pidfd_open(pid, 0);
        if (c->run.payload_pidfd >= 0)
                c->run.payload_pid = pid;
}

/* Return: 1 if PID 1 is known by a descriptor, alive or dead; 0 if it is gone without a trace. */
static int restore_process(Container *c, const Record *record) {
        pid_t pid = get_int(record, "Pid");

        if (pid <= 0)
                return 0;
        if (record_get(record, "FdName") &&
                        str_replace(&c->fd_name, record_get(record, "FdName")) < 0)
                return -ENOMEM;

        c->run.child_start_time = get_u64(record, "PidStartTime", 0);
        c->run.child.pidfd = take_fd(c, "pidfd");
        if (c->run.child.pidfd < 0)
                c->run.child.pidfd = open_recorded_process(pid, c->run.child_start_time);
        c->run.child.status_fd = take_fd(c, "status");
        if (c->run.child.pidfd < 0)
                return 0;

        c->run.child.pid = pid;
        c->run.init = get_bool(record, "Init");
        c->run.executes = get_bool(record, "Executes");
        c->run.oom_kills = get_u64(record, "OomKills", 0);
        restore_payload(c, record);
        return 1;
}

/* A process that ended unseen and left no descriptor: all that is left is the status pipe, if that. */
static void restore_lost_end(Container *c) {
        ExitInfo exit = {};

        if (c->run.child.status_fd >= 0) {
                container_read_status(c);
                exit = c->run.exit;
        }
        container_close_run(c);
        lifecycle_post_ended(&c->lifecycle, exit, clock_dual());
}

static void restore_freezer(Container *c, const Record *record) {
        CgroupEvents events;

        if (!c->run.cgroup || cgroup_read_events(c->run.cgroup, &events) < 0)
                return;
        /* The kernel knows, and what it says now shall be: a change that was under way would come
         * later and unseen, and whoever waited for it is gone with the former supd. */
        (void) cgroup_freeze(c->run.cgroup, events.frozen, NULL);
        /* The clocks are as the record has them, which may be from before. */
        c->lifecycle.frozen = str_equal(record_get(record, "Freezer"), "frozen");
        lifecycle_set_frozen(&c->lifecycle, events.frozen, clock_monotonic_usec());
        if (!events.frozen)
                return;
        c->freezer.state = FREEZER_FROZEN;
        container_watch_payload(c, /* watch= */ true);
}

static void restore_log_name(Container *c, const Record *record) {
        const char *name = record_get(record, "LogDriver");

        c->log.name = name ? log_driver_type_to_string(log_driver_type_from_string(name)) : NULL;
}

static void restore_log(Container *c, const Record *record) {
        _cleanup_(error_done) Error error = {};
        UnitStore *store = c->context->store;
        int r;

        /* The one it writes to now, whatever LogDriver= says or would choose today. */
        restore_log_name(c, record);
        if (!c->log.name)
                return;
        r = container_log_prepare(c, log_driver_type_from_string(c->log.name), &error);
        if (r < 0) {
                diag_warning("%s: %s; its output goes on, its log may end",
                                unit_id(&c->unit),
                                error_text(&error, r));
                return;
        }
        for (size_t i = 0; record_get_nth(record, "LogFd", i); i++) {
                const char *name = record_get_nth(record, "LogFd", i);
                _cleanup_close_ int fd = store->ops->take_fd(store, name);
                if (fd >= 0 && log_driver_adopt(c->log.driver,
                                               container_log_descriptor(name),
                                               &fd) >= 0)
                        (void) strv_append(&c->log.stored, name); /* unknown: stored anew */
        }
        container_log_watch(c);
}

/* Half made: nobody knows how far it came. Torn down, and started again as the record wanted. */
static void restore_half_made(Container *c) {
        container_tell(c,
                        DIAG_NOTICE,
                        SUPD_MESSAGE_ADOPTED,
                        "Its start was under way when supd ended; starting it anew.");
        if (c->run.child.pidfd >= 0)
                (void) sys_pidfd_send_signal(
                                c->run.child.pidfd, SIGKILL); /* the cgroup's kill follows */
        lifecycle_post_half_made(&c->lifecycle, clock_dual());
}

static int restore_alive(Container *c, const Record *record, ServiceState state, Error *error) {
        int r;

        /* systemd resets the controllers of a unit that it starts again, and the limits go with them. */
        _cleanup_(error_done) Error limits_error = {};
        r = container_resolve(c, &limits_error);
        if (r >= 0)
                r = container_apply_cgroup(c, &limits_error);
        if (r < 0)
                diag_warning("%s: %s; it runs on with the limits it has",
                                unit_id(&c->unit),
                                error_text(&limits_error, r));
        restore_freezer(c, record);
        restore_log(c, record);
        r = container_watch_run(c, error);
        if (r < 0)
                return r;
        container_read_status(c);
        if (c->lifecycle.state == SERVICE_START && !c->run.executes)
                /* Not there yet, or the word of it was read and died with the reader: be safe. */
                restore_half_made(c);
        container_tell(c,
                        DIAG_DEBUG,
                        SUPD_MESSAGE_ADOPTED,
                        "Adopted, %s.",
                        service_state_to_string(state));
        return 0;
}

/* SendSIGKILL=no, or what no signal ends: spared by the former supd, so by this one. */
static int restore_leftovers(Container *c, const Record *record, Error *error) {
        int r = restore_process(c, record);
        if (r > 0)
                r = restore_alive(c, record, c->lifecycle.state, error);
        else if (r == 0) {
                container_close_run(c);
                container_check_empty(c);
        }
        container_unresolve(c); /* the unit is off: its definition may be exchanged at any time */
        return r;
}

static bool state_has_process(ServiceState s) {
        return s == SERVICE_START || s == SERVICE_RUNNING || s == SERVICE_STOP_SIGTERM ||
               s == SERVICE_STOP_SIGKILL || s == SERVICE_FINAL_SIGKILL;
}

static int restore_from(Container *c, const Record *record, Error *error) {
        ServiceState state = service_state_from_string(record_get(record, "State"));
        int r;

        if (state < 0)
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "its record names no known state");
        get_lifecycle(record, &c->lifecycle);
        r = str_replace(&c->container_id, record_get(record, "ContainerId"));
        if (r >= 0)
                r = str_replace(&c->invocation_id, record_get(record, "InvocationId"));
        if (r >= 0)
                r = str_replace(&c->status_text, record_get(record, "StatusText"));
        if (r < 0)
                return r;
        c->run.last_payload_pid = get_int(record, "LastMainPid");

        bool has_leftovers = state == SERVICE_FAILED && get_bool(record, "Leftovers");
        if (state_has_process(state) || state == SERVICE_AUTO_RESTART || has_leftovers) {
                r = cgroup_open(c->context->cgroups, unit_id(&c->unit), &c->run.cgroup, error);
                if (r < 0)
                        return r;
        }
        if (!state_has_process(state)) {
                restore_log_name(c, record);
                lifecycle_restore(&c->lifecycle, state);
                if (state == SERVICE_AUTO_RESTART)
                        restore_log(c, record);
                return has_leftovers ? restore_leftovers(c, record, error) : 0;
        }

        r = restore_process(c, record);
        if (r < 0)
                return r;
        /* First of all the state: whatever saves the record meanwhile must not write another one. */
        lifecycle_restore(&c->lifecycle, state);
        if (r > 0)
                return restore_alive(c, record, state, error);

        restore_log(c, record);
        if (state == SERVICE_START && get_int(record, "Pid") <= 0)
                restore_half_made(c);
        else if (state == SERVICE_FINAL_SIGKILL)
                c->lifecycle.ops->kill(&c->lifecycle);
        else
                restore_lost_end(c);
        return 0;
}

int container_restore(Unit *u, Error *error) {
        Container *c = container_of_unit(u);
        UnitStore *store = c->context->store;

        _cleanup_(record_freep) Record *record = store->ops->take_record(store, unit_id(&c->unit));
        if (!record)
                return 0;
        int r = restore_from(c, record, error);
        if (r < 0 && r != -ENOMEM)
                container_forget(c); /* the next supd would fail at it as well */
        return r;
}
