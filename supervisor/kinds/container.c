/* SPDX-License-Identifier: MIT */
#include "kinds/container.h"

#include <string.h>
#include <sys/random.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/exec-directories.h"
#include "kinds/container-notify.h"
#include "kinds/control-command.h"
#include "supd/message-ids.h"

/* ---- lifecycle actions --------------------------------------------------------------------------- */

static void action_prepare(Lifecycle *l) {
        container_prepare(container_of_lifecycle(l));
}

static void action_begin(Lifecycle *l) {
        Container *c = container_of_lifecycle(l);
        const ServiceSpec *service;

        container_unresolve(c);
        (void) unit_take_next_spec(&c->unit);
        (void) str_replace(&c->status_text, NULL); /* NULL needs no memory */
        (void) container_new_ids(c);               /* without memory: those of the last run */
        service = &c->unit.spec->service;
        uint64_t random = 0;
        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
                random = 0; /* no extra time */
        l->runtime_extra_usec = random % (usec_add(service->runtime_extra_usec, 1));
}

static unsigned action_n_steps(const Lifecycle *l, ExecPhase phase) {
        return container_n_steps(container_of_lifecycle(l), phase);
}

static void action_run(Lifecycle *l, ExecPhase phase, unsigned step) {
        Container *c = container_of_lifecycle(l);
        _cleanup_(error_done) Error error = {};

        if (phase != EXEC_START) {
                container_run_command(c, phase, step);
                return;
        }
        c->freezer.state = FREEZER_RUNNING;
        l->frozen = false;

        int r = container_start_run(c, &error);
        if (r < 0) {
                (void) str_replace(&c->status_text,
                                error_text(&error, r)); /* without memory: no text */
                lifecycle_post_error(l,
                                SERVICE_FAILURE_RESOURCES,
                                (ExitInfo) { .code = CLD_EXITED, .status = 125 },
                                clock_dual());
        }
}

static int signal_processes(Container *c, int signal, Error *error) {
        if (c->command)
                control_command_signal(c->command, signal);
        if (c->unit.spec->service.kill_mixed)
                return c->run.child.pid > 0 ? container_signal_main(c, signal, error) : 0;
        return c->run.cgroup ? cgroup_signal(c->run.cgroup, signal, error) : 0;
}

static void container_end(Container *c, int signal) {
        const ServiceSpec *service = &c->unit.spec->service;
        _cleanup_(error_done) Error error = {};

        /* First the signal, then the thaw: what runs again finds it pending. */
        int r = signal_processes(c, signal, &error);
        if (r >= 0 && service->send_sighup && c->run.child.pid > 0)
                r = container_signal_main(c, SIGHUP, &error);
        if (r < 0 && r != -ESRCH)
                diag_warning("%s: %s; SIGKILL follows when its time is up",
                                unit_id(&c->unit),
                                error_text(&error, r));
        container_thaw_now(c);
}

static void container_kill_all(Container *c) {
        int final = c->unit.spec->service.final_kill_signal;
        CgroupEvents events = { .populated = true };
        _cleanup_(error_done) Error error = {};

        if (c->run.cgroup) {
                (void) cgroup_read_events(
                                c->run.cgroup, &events); /* not to be read: kill to be sure */
                if (events.populated || c->run.child.pid > 0) {
                        /* What is not the payload yet knows no signal but one. */
                        int r = final > 0 && final != SIGKILL && c->lifecycle.payload_runs
                                                ? cgroup_signal(c->run.cgroup, final, &error)
                                                : cgroup_kill(c->run.cgroup, &error);
                        if (r < 0)
                                diag_warning("%s: %s", unit_id(&c->unit), error_text(&error, r));
                }
        }
        container_thaw_now(c);
}

static int terminating_signal(const Container *c) {
        const ServiceSpec *service = &c->unit.spec->service;
        bool restarts = c->unit.job && c->unit.job->stopping;

        if (restarts && service->restart_kill_signal > 0)
                return service->restart_kill_signal;
        return service->kill_signal ?: container_stop_signal(c);
}

static void action_signal(Lifecycle *l, LifecycleSignal what) {
        Container *c = container_of_lifecycle(l);
        const ServiceSpec *service = &c->unit.spec->service;

        if (what == LIFECYCLE_KILL_CONTROL) {
                c->command = control_command_free(c->command);
                (void) container_end_reload(c);
                return;
        }
        if (container_end_reload(c))
                lifecycle_post_control_ended(l, SERVICE_SUCCESS, clock_dual());
        if (what == LIFECYCLE_KILL)
                container_kill_all(c);
        else if (what == LIFECYCLE_ABORT)
                container_end(c, service->watchdog_signal ?: SIGABRT);
        else
                container_end(c, terminating_signal(c));
        container_check_empty(c);
}

static void action_release(Lifecycle *l) {
        Container *c = container_of_lifecycle(l);

        container_release_image(c);
        if (service_state_to_active(l->state) == UNIT_ACTIVATING)
                return; /* the preparation is called off; the rest goes at the end */
        container_unresolve(c);
        container_log_forget(c);
        if (l->state == SERVICE_DEAD || l->state == SERVICE_FAILED)
                container_notify_release(c);
        if (l->state == SERVICE_EXITED)
                container_kill_all(c);
        if (c->run.cgroup) {
                int r = cgroup_remove(c->run.cgroup);
                if (r == -EBUSY) {
                        /* SendSIGKILL=no, or a process that no signal ends: released when it is gone. */
                        diag_warning("%s: processes are left; waiting for their end",
                                        unit_id(&c->unit));
                        container_check_empty(c);
                        return;
                }
                if (r < 0 && r != -ENOENT)
                        diag_warning("%s: cannot remove its cgroup: %s; left for the next start",
                                        unit_id(&c->unit),
                                        error_text(NULL, r));
                c->run.cgroup_source = sd_event_source_disable_unref(c->run.cgroup_source);
                c->run.cgroup = cgroup_free(c->run.cgroup);
        }
}

static void action_set_deadline(Lifecycle *l, uint64_t monotonic_usec) {
        Container *c = container_of_lifecycle(l);

        lifecycle_timer_set(&c->timer, &c->unit, l, c->context->event, monotonic_usec);
}

static void discard_directories(Container *c) {
        ServiceState state = c->lifecycle.state;
        bool restarts = state == SERVICE_AUTO_RESTART || (c->unit.job && c->unit.job->stopping);

        if (state == SERVICE_DEAD || state == SERVICE_FAILED || state == SERVICE_AUTO_RESTART)
                exec_directories_discard(unit_id(&c->unit), &c->unit.spec->service.exec, restarts);
}

static void action_changed(Lifecycle *l, ServiceState old) {
        Container *c = container_of_lifecycle(l);

        if (l->state != old)
                discard_directories(c);

        if (l->state == SERVICE_DEAD && !unit_is_held_back(&c->unit) && c->notify.kept.n_items == 0)
                container_forget(c); /* nothing is left that a next supd would have to know */
        else
                container_save(c);
        container_health_update(c);
        container_tell_state(c, old);
        container_idle_follow(c);
        container_tell_reload(c, old);

        lifecycle_tell_engine(&c->unit, l);
        container_tell_pod(c);
}

static const LifecycleOps lifecycle_ops = {
        .begin = action_begin,
        .n_steps = action_n_steps,
        .run = action_run,
        .prepare = action_prepare,
        .signal = action_signal,
        .release = action_release,
        .set_deadline = action_set_deadline,
        .changed = action_changed,
};

/* ---- the unit's verbs ---------------------------------------------------------------------------- */

/* Two instances of one container would share what it mounts and writes to. */
static int refuse_beside_leftovers(Container *c, Error *error) {
        int r = error_set_plain(error,
                        -EBUSY,
                        ERROR_UNIT_STATE,
                        "processes of its last run are left; 'supctl kill -s KILL %s' ends them",
                        unit_id(&c->unit));

        (void) str_replace(&c->status_text, error_text(error, r)); /* without memory: no text */
        return r;
}

/* Whoever asked for the start waits for the job, which ends with the state that is told now. */
static void start_has_thawed(int r, const Error *error, void *userdata) {
        (void) r, (void) error, (void) userdata;
}

static int container_start(Unit *u, bool by_hand, Error *error) {
        Container *c = container_of_unit(u);
        UnitActiveState active = service_state_to_active(c->lifecycle.state);

        if (c->freezer.state == FREEZER_FROZEN)
                return container_freeze(u, /* freeze= */ false, start_has_thawed, NULL, error);
        if (active == UNIT_ACTIVE)
                return -EALREADY;
        if (active == UNIT_DEACTIVATING)
                return -EAGAIN;
        if (container_has_leftovers(c))
                return refuse_beside_leftovers(c, error);
        if (by_hand)
                lifecycle_start_by_hand(&c->lifecycle, clock_dual());
        else
                lifecycle_post(&c->lifecycle, SERVICE_EV_START, clock_dual());
        return 0;
}

static int container_stop(Unit *u, Error *error) {
        Container *c = container_of_unit(u);
        UnitActiveState active = service_state_to_active(c->lifecycle.state);

        (void) error;
        if (active == UNIT_INACTIVE || active == UNIT_STATE_FAILED)
                return -EALREADY;
        lifecycle_post(&c->lifecycle, SERVICE_EV_STOP, clock_dual());
        return 0;
}

static int container_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        Container *c = container_of_unit(u);
        int r;

        if (!c->run.cgroup || c->run.child.pid <= 0)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_NO_SUCH_PROCESS,
                                "%s has no processes to signal",
                                unit_id(u));
        if (c->freezer.state != FREEZER_RUNNING && !container_sleeps(u) && signal != SIGKILL &&
                        signal != SIGCONT)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_UNIT_STATE,
                                "%s is paused: it would see %s only later; 'supctl unpause %s' "
                                "first",
                                unit_id(u),
                                signal_to_string(signal) ?: "the signal",
                                unit_id(u));
        if (whom == KILL_MAIN)
                r = container_signal_main(c, signal, error);
        else if (signal == SIGKILL)
                r = cgroup_kill(c->run.cgroup, error);
        else
                r = cgroup_signal(c->run.cgroup, signal, error);
        if (r >= 0)
                container_tell(c,
                                DIAG_INFO,
                                SUPD_MESSAGE_KILLED,
                                "Sent %s to %s.",
                                signal_to_string(signal) ?: "a signal",
                                whom == KILL_MAIN ? "the main process" : "all processes");
        container_wake(u); /* to find the signal pending */
        return r;
}

static void container_reset_failed(Unit *u) {
        Container *c = container_of_unit(u);

        lifecycle_post(&c->lifecycle, SERVICE_EV_RESET_FAILED, clock_dual());
}

static void status_of_image(const Container *c, UnitStatus *ret) {
        const Image *image = c->image.image;

        ret->image_name = c->image.name ?: container_spec(c)->image;
        ret->image_digest = c->image.used ? c->image.manifest.text : NULL;
        if (!image)
                return;
        ret->image_id = image->id;
        ret->image_labels = image->labels;
        ret->image_ports = image->ports;
        ret->image_health_test = image->health_test;
}

static void container_status(const Unit *u, UnitStatus *ret) {
        const Container *c = container_of_unit(u);
        const Lifecycle *l = &c->lifecycle;

        *ret = (UnitStatus) {
                .active = service_state_to_active(l->state),
                .sub = service_state_to_string(l->state),
                .result = service_result_to_string(l->result),
                .reload_failed = l->reload_result != SERVICE_SUCCESS,
                .freezer = freezer_state_to_string(c->freezer.state),
                .sleeps = container_sleeps(u),
                .main_pid = c->run.payload_pid,
                .last_main_pid = c->run.last_payload_pid,
                .init_pid = c->run.child.pid > 0 ? c->run.child.pid : 0,
                .user_namespace =
                                c->run.child.pid > 0 && container_spec(c)->users.mode != USERS_HOST,
                .control_pid = c->command ? control_command_pid(c->command) : 0,
                .exit = l->exit,
                .main_started = l->main_started,
                .main_ended = l->main_ended,
                .state_entered = l->state_entered,
                .inactive_exit = l->inactive_exit,
                .active_enter = l->active_enter,
                .active_exit = l->active_exit,
                .inactive_enter = l->inactive_enter,
                .n_restarts = l->n_restarts,
                .next_restart_monotonic_usec =
                                l->state == SERVICE_AUTO_RESTART ? l->deadline_usec : USEC_INFINITY,
                .status_text = c->status_text ?: c->notify.text,
                .status_errno = c->notify.error,
                .n_kept_fds = (unsigned) c->notify.kept.n_items,
                .cgroup_path = c->run.cgroup ? cgroup_path(c->run.cgroup) : NULL,
                .invocation_id = c->invocation_id,
                .container_id = c->container_id,
                .container_name = container_spec(c)->name,
                .log_driver = c->log.name,
                .log_directory = c->log.directory,
                .rootfs = container_spec(c)->root.rootfs,
                .pod = c->pod.pod ? pod_unit_id(c->pod.pod) : NULL,
        };
        status_of_image(c, ret);
        for (StartPhase i = 0; i < _START_PHASE_MAX; i++) {
                /* Not those of a start before the last. */
                if (c->run.phase_ends[i] >= l->inactive_exit.monotonic_usec)
                        ret->start_phase_ends[i] = c->run.phase_ends[i];
        }
        container_health_report(c, &ret->health);
}

static int container_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        Container *c = container_of_unit(u);
        CgroupLimits limits = container_limits(c);
        CgroupStats stats;
        int r = 0;

        memset(&stats, 0xff, sizeof(stats)); /* UINT64_MAX each: not known */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        if (c->run.cgroup) {
                if (ret_usage)
                        r = cgroup_read_stats(c->run.cgroup, &stats);
                if (r >= 0 && ret_pids)
                        r = cgroup_read_pids(c->run.cgroup, ret_pids, ret_n_pids);
        }
        if (r >= 0 && ret_usage)
                *ret_usage = (UnitUsage) {
                        .memory_current_bytes = stats.memory_current_bytes,
                        .memory_peak_bytes = stats.memory_peak_bytes,
                        .memory_max_bytes = MIN(stats.memory_max_bytes, limits.memory_max_bytes),
                        .memory_high_bytes = limits.memory_high_bytes,
                        .memory_swap_max_bytes = limits.memory_swap_max_bytes,
                        .memory_min_bytes = limits.memory_min_bytes,
                        .memory_low_bytes = limits.memory_low_bytes,
                        .memory_zswap_max_bytes = limits.memory_zswap_max_bytes,
                        .tasks_current = stats.tasks_current,
                        .tasks_max = MIN(stats.tasks_max, limits.pids_max),
                        .cpu_usage_usec = stats.cpu_usage_usec,
                        .io_read_bytes = stats.io_read_bytes,
                        .io_write_bytes = stats.io_write_bytes,
                };
        return r;
}

void container_held_back(Unit *u) {
        Container *c = container_of_unit(u);

        if (c->lifecycle.state == SERVICE_DEAD || c->lifecycle.state == SERVICE_FAILED)
                container_save(c);
}

int container_reloaded(Unit *u, Error *error) {
        return container_refresh_limits(container_of_unit(u), error);
}

static Unit *container_free(Unit *u) {
        Container *c = container_of_unit(u);

        lifecycle_timer_done(&c->timer);
        c->freezer.timer = sd_event_source_disable_unref(c->freezer.timer);
        c->command = control_command_leave(c->command);
        c->idle.timer = sd_event_source_disable_unref(c->idle.timer);
        (void) container_end_reload(c);
        container_run_done(&c->run);
        container_notify_done(&c->notify);
        container_log_done(&c->log);
        container_image_done(&c->image);
        pod_leave(&c->pod);
        c->health = container_health_free(c->health);
        free(c->container_id);
        free(c->invocation_id);
        free(c->fd_name);
        free(c->status_text);
        container_unresolve(c);
        unit_spec_free(c->unit.spec);
        free(c);
        return NULL;
}

static const UnitKindOps container_ops = {
        .name = "container",
        .start = container_start,
        .stop = container_stop,
        .reload = container_reload,
        .can_reload = container_can_reload,
        .kill = container_kill,
        .freeze = container_freeze,
        .reset_failed = container_reset_failed,
        .status = container_status,
        .usage = container_usage,
        .free = container_free,
};

bool container_is(const Unit *u) {
        return u->ops == &container_ops;
}

int container_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) error;

        Container *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (Container) {
                .unit = { .ops = &container_ops, .spec = TAKE_PTR(*spec) },
                .context = context,
        };
        container_run_init(&c->run);
        container_notify_init(c);
        container_image_init(&c->image);
        pod_member_init(&c->pod, &c->unit);
        lifecycle_init(&c->lifecycle, &lifecycle_ops, &c->unit.spec);
        (void) container_log_locate(c); /* without memory: told again at the start */
        *ret = &c->unit;
        return 0;
}
