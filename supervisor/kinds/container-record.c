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
#include "kinds/container-notify.h"
#include "kinds/container.h"
#include "kinds/lifecycle-record.h"
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

int container_try_save(Container *c, Error *error) {
        UnitStore *store = c->context->store;
        RecordWriter w = {};

        lifecycle_put(&w, &c->lifecycle);
        checks_put(&w, &c->unit);
        record_put(&w, "ContainerId", c->container_id);
        record_put(&w, "InvocationId", c->invocation_id);
        record_put(&w, "StatusText", c->status_text);
        record_put(&w, "Freezer", freezer_state_to_string(c->freezer.state));
        container_idle_put(c, &w);
        record_put_i64(&w, "LastMainPid", c->run.last_payload_pid);
        record_put_bool(&w, "Leftovers", container_has_leftovers(c));
        if (c->run.cgroup)
                record_put(&w, "Cgroup", cgroup_name(c->run.cgroup));
        if (c->run.child.pid > 0) {
                record_put(&w, "FdName", c->fd_name);
                record_put_i64(&w, "Pid", c->run.child.pid);
                record_put_u64(&w, "PidStartTime", c->run.child_start_time);
                record_put_i64(&w, "PayloadPid", c->run.payload_pid);
                record_put_bool(&w, "Init", c->run.init);
                record_put_bool(&w, "Executes", c->run.executes);
                record_put_u64(&w, "OomKills", c->run.oom_kills);
                record_put_u64(&w, "CloneTime", c->run.child.clone_usec);
                for (StartPhase i = 0; i < _START_PHASE_MAX; i++)
                        record_put_u64(&w, "PhaseEnd", c->run.phase_ends[i]);
        }
        container_put_command(c, &w);
        container_put_image(c, &w);
        unit_put_history(&c->unit, &w);
        container_health_put(c, &w);
        container_notify_put(c, &w);
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
        if (pid != (int) record_i64_or(record, "PayloadPid", 0))
                return;
        c->run.payload_pidfd = sys_pidfd_open(pid, 0);
        if (c->run.payload_pidfd >= 0)
                c->run.payload_pid = pid;
}

static void restore_phases(Container *c, const Record *record) {
        for (StartPhase i = 0; i < _START_PHASE_MAX; i++) {
                const char *end = record_get_nth(record, "PhaseEnd", (size_t) i);
                if (!end || parse_u64(end, &c->run.phase_ends[i]) < 0)
                        c->run.phase_ends[i] = 0;
        }
}

/* Return: 1 if PID 1 is known by a descriptor, alive or dead; 0 if it is gone without a trace. */
static int restore_process(Container *c, const Record *record) {
        pid_t pid = (int) record_i64_or(record, "Pid", 0);

        if (pid <= 0)
                return 0;
        if (record_get(record, "FdName") &&
                        str_replace(&c->fd_name, record_get(record, "FdName")) < 0)
                return -ENOMEM;

        c->run.child_start_time = record_u64_or(record, "PidStartTime", 0);
        c->run.child.pidfd = take_fd(c, "pidfd");
        if (c->run.child.pidfd < 0)
                c->run.child.pidfd = open_recorded_process(pid, c->run.child_start_time);
        c->run.child.status_fd = take_fd(c, "status");
        if (c->run.child.pidfd < 0)
                return 0;

        c->run.child.pid = pid;
        c->run.init = record_bool_or(record, "Init", false);
        c->run.executes = record_bool_or(record, "Executes", false);
        c->run.oom_kills = record_u64_or(record, "OomKills", 0);
        c->run.child.clone_usec = record_u64_or(record, "CloneTime", 0);
        restore_phases(c, record);
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
        if (events.frozen) {
                c->freezer.state = FREEZER_FROZEN;
                container_watch_payload(c, /* watch= */ true);
        }
        container_idle_restore(c, record, events.frozen);
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

        /* Before anything saves the record, as what it says of this is what there is now. */
        r = container_notify_restore(c, record);
        if (r < 0)
                return r;

        /* systemd resets the controllers of a unit that it starts again, and the limits go with them. */
        _cleanup_(error_done) Error limits_error = {};
        r = container_resolve(c, &limits_error);
        if (r >= 0)
                r = container_apply_cgroup(c, &limits_error);
        if (r < 0)
                diag_warning("%s: %s; it runs on with the limits it has",
                                unit_id(&c->unit),
                                error_text(&limits_error, r));
        container_rejoin_pod(c);
        restore_freezer(c, record);
        restore_log(c, record);
        r = container_watch_run(c, error);
        if (r < 0)
                return r;
        container_read_status(c);
        if (c->lifecycle.state == SERVICE_START && !c->run.executes)
                /* Not there yet, or the word of it was read and died with the reader: be safe. */
                restore_half_made(c);
        if (!c->lifecycle.control_runs) /* a command on the host is waited for */
                cgroup_kill_scratches(
                                c->run.cgroup); /* of the former supd: nobody waits for them */
        container_health_update(c);
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

/* Or may have one: of an automatic restart there is a cgroup while the next run is prepared. */
static bool state_has_process(ServiceState s) {
        return s != SERVICE_DEAD && s != SERVICE_FAILED && s != SERVICE_EXITED &&
               s != SERVICE_AUTO_RESTART;
}

static int restore_from(Container *c, const Record *record, Error *error) {
        ServiceState state = service_state_from_string(record_get(record, "State"));
        int r;

        if (state < 0)
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "its record names no known state");
        lifecycle_get(record, &c->lifecycle);
        checks_get(record, &c->unit);
        r = str_replace(&c->container_id, record_get(record, "ContainerId"));
        if (r >= 0)
                r = str_replace(&c->invocation_id, record_get(record, "InvocationId"));
        if (r >= 0)
                r = str_replace(&c->status_text, record_get(record, "StatusText"));
        if (r >= 0)
                r = container_get_image(c, record);
        if (r >= 0)
                r = container_health_get(c, record);
        if (r < 0)
                return r;
        c->run.last_payload_pid = (int) record_i64_or(record, "LastMainPid", 0);

        bool has_leftovers = state == SERVICE_FAILED && record_bool_or(record, "Leftovers", false);
        if (state_has_process(state) || state == SERVICE_AUTO_RESTART || has_leftovers) {
                /* A record of before there were slices has none. */
                r = container_open_cgroup(
                                c, record_get(record, "Cgroup") ?: unit_id(&c->unit), error);
                if (r < 0)
                        return r;
        }
        r = unit_get_history(&c->unit, record);
        if (r >= 0)
                r = kept_fds_get(&c->notify.kept, record);
        if (r < 0)
                return r;
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
        if (r > 0) {
                r = restore_alive(c, record, state, error);
                if (r >= 0 && c->lifecycle.state == state)
                        container_restore_command(c, record);
                return r;
        }

        restore_log(c, record);
        if (service_state_to_active(state) == UNIT_ACTIVATING &&
                        (int) record_i64_or(record, "Pid", 0) <= 0) {
                cgroup_kill_scratches(c->run.cgroup); /* a command before the start: once more */
                c->lifecycle.control_runs = false;
                restore_half_made(c);
        } else if (c->lifecycle.control_runs && !c->lifecycle.main_alive &&
                        service_state_phase(state) >= 0)
                container_restore_command(c, record);
        else if (!c->lifecycle.main_alive)
                c->lifecycle.ops->signal(&c->lifecycle, LIFECYCLE_KILL);
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
