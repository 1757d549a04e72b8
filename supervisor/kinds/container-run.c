/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"
#include "kinds/container-internal.h"
#include "kinds/container-notify.h"
#include "kinds/container-streams.h"
#include "kinds/exec-directories.h"
#include "supd/exit-status.h"
#include "supd/message-ids.h"

void container_run_init(ContainerRun *run) {
        *run = (ContainerRun) {
                .child = { .pidfd = -EBADF, .status_fd = -EBADF },
                .payload_pidfd = -EBADF,
                .limits = CGROUP_LIMITS_NONE,
        };
}

/* ---- starting ------------------------------------------------------------------------------------ */

static void run_store_fds(Container *c) {
        UnitStore *store = c->context->store;
        char name[80];

        /* Failing only costs the exit status of a container that ends while supd is away. */
        snprintf(name, sizeof(name), "%s-status", c->fd_name);
        (void) store->ops->put_fd(store, name, c->run.child.status_fd);
        snprintf(name, sizeof(name), "%s-pidfd", c->fd_name);
        (void) store->ops->put_fd(store, name, c->run.child.pidfd);
}

static void run_drop_fds(Container *c) {
        UnitStore *store = c->context->store;
        char name[80];

        if (!c->fd_name)
                return;
        snprintf(name, sizeof(name), "%s-status", c->fd_name);
        store->ops->drop_fd(store, name);
        snprintf(name, sizeof(name), "%s-pidfd", c->fd_name);
        store->ops->drop_fd(store, name);
}

int container_start_run(Container *c, Error *error) {
        _cleanup_(container_plan_freep) ContainerPlan *plan = NULL;
        _cleanup_close_ int stdin_fd = -EBADF, stdout_fd = -EBADF, stderr_fd = -EBADF;
        int r;

        c->run.executes = c->run.reported = false;
        c->run.exit = (ExitInfo) {};
        c->run.last_payload_pid = 0;
        memset(c->run.phase_ends, 0, sizeof(c->run.phase_ends));
        c->run.phase_ends[START_PHASE_IMAGE] = clock_monotonic_usec();
        container_health_end(c); /* of the last run, as a record may still have it */
        r = container_health_verify(c, error);
        if (r >= 0)
                r = exec_directories_make(unit_id(&c->unit), &c->unit.spec->service.exec, error);
        if (r >= 0)
                r = container_enter_pod(c, error);
        if (r >= 0)
                r = container_notify_open(c, error);
        if (r >= 0)
                r = container_plan_new(c, &plan, error);
        if (r >= 0)
                r = container_set_up_cgroup(c, error);
        if (r >= 0)
                r = container_log_open(c, &stdout_fd, &stderr_fd, error);
        if (r >= 0) {
                stdin_fd = container_streams_open_input(&c->unit.spec->service.log, error);
                r = stdin_fd == -EBADF ? 0 : MIN(stdin_fd, 0);
        }
        if (r < 0)
                return r;

        (void) cgroup_read_oom_kills(
                        c->run.cgroup, &c->run.oom_kills); /* no memory controller: 0 */
        const RuntimeSpec *spec =
                        container_plan_spec(plan, c->run.cgroup, stdin_fd, stdout_fd, stderr_fd);
        c->run.init = spec->process.init;

        /* Before the process is there: a record without pid is what tells a half-made container. */
        r = container_try_save(c, error);
        if (r < 0)
                return r;
        r = runtime_start(c->context->runtime, spec, &c->run.child, error);
        if (r < 0)
                return r;
        run_store_fds(c);
        (void) sys_process_start_time(c->run.child.pid, &c->run.child_start_time);
        container_save(c);
        r = container_watch_run(c, error);
        if (r < 0)
                container_close_run(c); /* nobody would see its end: the kill that follows is all */
        return r;
}

/* ---- what the container tells -------------------------------------------------------------------- */

static void run_find_payload(Container *c) {
        pid_t pid;

        int r = runtime_child_payload(c->run.child.pid, c->run.init, &pid);
        if (r < 0)
                return; /* it has ended already; the pipe says how */
        int pidfd = sys_pidfd_open(pid, 0);
        if (pidfd < 0)
                return;
        c->run.payload_pid = c->run.last_payload_pid = pid;
        c->run.payload_source = sd_event_source_disable_unref(c->run.payload_source);
        close_fd(c->run.payload_pidfd);
        c->run.payload_pidfd = pidfd;
}

void container_executes(Container *c) {
        if (c->run.executes)
                return;
        c->run.executes = true;
        c->run.phase_ends[START_PHASE_EXEC] = clock_monotonic_usec();
        runtime_child_settle(&c->run.child);
        run_find_payload(c);
        bool waits = container_spec(c)->notify == NOTIFY_HEALTHY || container_notify_wanted(c);
        container_notify_executes(c);
        lifecycle_post_started(&c->lifecycle, /* ready= */ !waits, clock_dual());
        container_health_update(c);
}

void container_ready(Container *c) {
        if (c->lifecycle.state == SERVICE_START)
                lifecycle_post(&c->lifecycle, SERVICE_EV_READY, clock_dual());
}

static void run_note_times(Container *c, const SupdStatusRecord *record) {
        uint64_t clone_usec = c->run.child.clone_usec;

        if (clone_usec == 0 || record->code < 0 || record->status < record->code)
                return;
        c->run.phase_ends[START_PHASE_NETWORK] = clone_usec + (uint64_t) record->code;
        c->run.phase_ends[START_PHASE_MOUNT] = clone_usec + (uint64_t) record->status;
}

static void run_setup_failed(Container *c, const SupdStatusRecord *record) {
        _cleanup_(error_done) Error error = {};
        ExitInfo exit = { .code = CLD_EXITED, .status = SUPD_EXIT_RUNTIME };

        int r = runtime_child_error(&c->run.child, record, &error);
        if (record->type == SUPD_STATUS_EXEC_FAILED)
                exit.status = r == -ENOENT ? SUPD_EXIT_NOT_FOUND : SUPD_EXIT_NOT_EXECUTABLE;
        (void) str_replace(&c->status_text, error_text(&error, r)); /* without memory: no text */
        lifecycle_post_error(&c->lifecycle,
                        record->type == SUPD_STATUS_EXEC_FAILED ? SERVICE_FAILURE_EXIT_CODE
                                                                : SERVICE_FAILURE_RESOURCES,
                        exit,
                        clock_dual());
}

static void run_status_closed(Container *c) {
        c->run.status_source = sd_event_source_disable_unref(c->run.status_source);
        /* Without supinit the exec itself closes the pipe; an ended process is told by its pidfd. */
        if (!c->run.init && !c->run.executes && c->lifecycle.state == SERVICE_START)
                container_executes(c);
}

void container_read_status(Container *c) {
        SupdStatusRecord record;

        while (c->run.child.status_fd >= 0) {
                int r = runtime_status_read(c->run.child.status_fd, &record);
                if (r == -EAGAIN)
                        return;
                if (r <= 0) {
                        run_status_closed(c);
                        return;
                }

                switch (record.type) {
                case SUPD_STATUS_EXECED:
                        container_executes(c);
                        break;
                case SUPD_STATUS_SETUP_FAILED:
                case SUPD_STATUS_EXEC_FAILED:
                        /* Root in the container can write to the pipe too: later than the exec no one
                         * else has a reason to. */
                        if (!c->run.executes)
                                run_setup_failed(c, &record);
                        break;
                case SUPD_STATUS_SET_UP:
                        if (!c->run.executes)
                                run_note_times(c, &record);
                        break;
                case SUPD_STATUS_EXITED:
                        c->run.exit = (ExitInfo) { .code = record.code, .status = record.status };
                        c->run.reported = true;
                        break;
                default:
                        break; /* of a later supinit: not for us */
                }
        }
}

static int run_on_status(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        container_read_status(userdata);
        return 0;
}

/* ---- the end ------------------------------------------------------------------------------------- */

static ExitInfo exit_from_wait_status(int status) {
        if (WIFEXITED(status))
                return (ExitInfo) { .code = CLD_EXITED, .status = WEXITSTATUS(status) };
        return (ExitInfo) {
                .code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED,
                .status = WTERMSIG(status),
        };
}

/* Without its report, lost with the pipe, a signal is known by what supinit makes of it: 128 and more. */
static ExitInfo exit_of_init(ExitInfo exit) {
        if (exit.code == CLD_EXITED && exit.status > 128 && exit.status <= 128 + SIGRTMAX)
                return (ExitInfo) { .code = CLD_KILLED, .status = exit.status - 128 };
        return exit;
}

/* Reaps PID 1 if it is our child; else the kernel (Linux 6.15) or the status pipe knows how it ended. */
static ExitInfo run_reap(Container *c) {
        siginfo_t si = {};
        int status;

        if (waitid(P_PIDFD, (id_t) c->run.child.pidfd, &si, WEXITED | WNOHANG) >= 0 &&
                        si.si_pid > 0)
                return (ExitInfo) { .code = si.si_code, .status = si.si_status };
        if (sys_pidfd_exit_status(c->run.child.pidfd, &status) > 0)
                return exit_from_wait_status(status);
        return (ExitInfo) {};
}

void container_close_run(Container *c) {
        container_health_end(c);
        container_notify_close(c);
        run_drop_fds(c);
        c->run.status_source = sd_event_source_disable_unref(c->run.status_source);
        c->run.pid_source = sd_event_source_disable_unref(c->run.pid_source);
        c->run.payload_source = sd_event_source_disable_unref(c->run.payload_source);
        c->run.oom_source = sd_event_source_disable_unref(c->run.oom_source);
        runtime_child_done(&c->run.child);
        c->run.child = (RuntimeChild) { .pidfd = -EBADF, .status_fd = -EBADF };
        c->run.payload_pidfd = close_fd(c->run.payload_pidfd);
        c->run.payload_pid = 0;
}

static bool run_was_killed_for_memory(Container *c, ExitInfo exit) {
        uint64_t kills = 0;

        if (exit.code != CLD_KILLED || exit.status != SIGKILL)
                return false;
        return cgroup_read_oom_kills(c->run.cgroup, &kills) >= 0 && kills > c->run.oom_kills;
}

static int run_on_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = userdata;

        (void) source, (void) fd, (void) events;
        container_read_status(c);
        container_notify_read(c);
        ExitInfo reaped = run_reap(c);
        if (c->run.init)
                reaped = exit_of_init(reaped);
        ExitInfo exit = c->run.reported ? c->run.exit : reaped;
        bool oom = run_was_killed_for_memory(c, exit);

        container_close_run(c);
        /* What the payload's death says matters more than what a policy makes of a helper's. */
        if (oom)
                lifecycle_note_oom(&c->lifecycle);
        lifecycle_post_ended(&c->lifecycle, exit, clock_dual());
        container_check_empty(c);
        return 0;
}

static int run_on_cgroup_event(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = userdata;

        (void) source, (void) fd, (void) events;
        container_freeze_check(c);
        container_check_empty(c);
        return 0;
}

bool container_has_leftovers(const Container *c) {
        return c->run.cgroup &&
               (c->lifecycle.state == SERVICE_FAILED || c->lifecycle.state == SERVICE_DEAD ||
                               c->lifecycle.state == SERVICE_EXITED);
}

/* They have ended at last, after the unit had been given up. */
static void run_release_leftovers(Container *c) {
        c->lifecycle.ops->release(&c->lifecycle);
        if (c->lifecycle.state == SERVICE_DEAD)
                container_forget(c);
        else
                container_save(c);
        unit_notify(&c->unit, /* start_failed= */ false);
        container_tell_pod(c);
}

/* In these states the lifecycle waits for an end, if only of the main process. */
static bool run_awaits_end(const Container *c, bool *ret_of_all) {
        ServiceState state = c->lifecycle.state;
        bool killed = state == SERVICE_STOP_SIGKILL || state == SERVICE_FINAL_SIGKILL;

        /* KillMode=mixed: the others are killed once it is gone. */
        *ret_of_all = killed || !c->unit.spec->service.kill_mixed;
        if (state == SERVICE_RUNNING && c->lifecycle.cgroup_decides)
                return *ret_of_all = true;
        return killed || state == SERVICE_STOP_SIGTERM || state == SERVICE_STOP_WATCHDOG ||
               state == SERVICE_FINAL_SIGTERM;
}

void container_check_empty(Container *c) {
        bool has_leftovers = container_has_leftovers(c), of_all;
        bool awaits_end = run_awaits_end(c, &of_all);
        CgroupEvents events = {};

        if (c->run.child.pid > 0 || c->command || c->reload || (!awaits_end && !has_leftovers))
                return;
        if ((of_all || has_leftovers) && c->run.cgroup &&
                        cgroup_read_events(c->run.cgroup, &events) >= 0 && events.populated) {
                if (!c->run.cgroup_source && sd_event_add_io(c->context->event,
                                                             &c->run.cgroup_source,
                                                             cgroup_events_fd(c->run.cgroup),
                                                             EPOLLPRI,
                                                             run_on_cgroup_event,
                                                             c) < 0)
                        diag_warning("%s: cannot watch its cgroup; waiting for the time-out",
                                        unit_id(&c->unit));
                return;
        }
        c->run.cgroup_source = sd_event_source_disable_unref(c->run.cgroup_source);
        if (has_leftovers)
                run_release_leftovers(c);
        else
                lifecycle_post(&c->lifecycle, SERVICE_EV_EMPTY, clock_dual());
}

/* The kernel has killed, or on v1 is about to kill, some process of the container for memory. */
static int run_on_oom(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = userdata;
        uint64_t kills = 0;

        (void) source;
        cgroup_oom_rearm(fd);
        (void) cgroup_read_oom_kills(
                        c->run.cgroup, &kills); /* not to be read: as if nothing happened */
        if (!(events & EPOLLIN) && kills <= c->run.oom_kills)
                return 0; /* v2 tells of every change to memory.events, not of kills alone */

        c->run.oom_source = sd_event_source_disable_unref(c->run.oom_source);
        container_tell(c,
                        DIAG_WARNING,
                        SUPD_MESSAGE_OOM,
                        "Out of memory: the kernel killed a process of it.");
        if (c->unit.spec->service.resource.oom_policy == OOM_POLICY_KILL &&
                        !cgroup_tree_has_oom_group(c->context->cgroups))
                (void) cgroup_kill(c->run.cgroup,
                                NULL); /* what is left ends by the stop that follows */
        lifecycle_post(&c->lifecycle, SERVICE_EV_OOM, clock_dual());
        return 0;
}

/* OOMPolicy=stop and kill are ours to carry out where a process other than the main one was killed. */
void container_watch_oom(Container *c) {
        uint32_t events;

        c->run.oom_source = sd_event_source_disable_unref(c->run.oom_source);
        if (c->unit.spec->service.resource.oom_policy == OOM_POLICY_CONTINUE ||
                        c->run.limits.memory_max_bytes == UINT64_MAX)
                return;
        _cleanup_close_ int fd = cgroup_oom_fd(c->run.cgroup, &events);
        if (fd < 0 ||
                        sd_event_add_io(c->context->event,
                                        &c->run.oom_source,
                                        fd,
                                        events,
                                        run_on_oom,
                                        c) < 0 ||
                        sd_event_source_set_io_fd_own(c->run.oom_source, /* own= */ true) < 0) {
                c->run.oom_source = sd_event_source_disable_unref(c->run.oom_source);
                diag_warning("%s: cannot watch for a lack of memory; OOMPolicy= sees the main "
                             "process only",
                                unit_id(&c->unit));
                return;
        }
        (void) TAKE_FD(fd); /* the source's now */
}

int container_watch_run(Container *c, Error *error) {
        sd_event *event = c->context->event;
        int r = 0;

        container_watch_oom(c);

        if (c->run.child.status_fd >= 0)
                r = sd_event_add_io(event,
                                &c->run.status_source,
                                c->run.child.status_fd,
                                EPOLLIN,
                                run_on_status,
                                c);
        if (r >= 0)
                r = sd_event_add_io(event,
                                &c->run.pid_source,
                                c->run.child.pidfd,
                                EPOLLIN,
                                run_on_end,
                                c);
        /* The end of PID 1 comes after whatever it still wrote to the pipe. */
        if (r >= 0)
                r = sd_event_source_set_priority(c->run.pid_source, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_RUNTIME,
                                "cannot watch the container's first process");
        return 0;
}

static int run_on_payload_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        container_thaw_now(userdata);
        return 0;
}

/* SIGKILL ends a frozen process, but PID 1, frozen like it, neither reaps nor reports. */
void container_watch_payload(Container *c, bool watch) {
        c->run.payload_source = sd_event_source_disable_unref(c->run.payload_source);
        if (!watch || c->run.payload_pidfd < 0)
                return;
        int r = sd_event_add_io(c->context->event,
                        &c->run.payload_source,
                        c->run.payload_pidfd,
                        EPOLLIN,
                        run_on_payload_end,
                        c);
        if (r < 0)
                diag_warning("%s: cannot watch its main process: %s; its end will show when it is "
                             "unpaused",
                                unit_id(&c->unit),
                                error_text(NULL, r));
}

void container_run_done(ContainerRun *run) {
        run->status_source = sd_event_source_disable_unref(run->status_source);
        run->pid_source = sd_event_source_disable_unref(run->pid_source);
        run->payload_source = sd_event_source_disable_unref(run->payload_source);
        run->cgroup_source = sd_event_source_disable_unref(run->cgroup_source);
        run->oom_source = sd_event_source_disable_unref(run->oom_source);
        runtime_child_done(&run->child);
        run->payload_pidfd = close_fd(run->payload_pidfd);
        run->cgroup = cgroup_free(run->cgroup);
}

int container_signal_main(Container *c, int signal, Error *error) {
        int pidfd = c->run.payload_pidfd >= 0 ? c->run.payload_pidfd : c->run.child.pidfd;

        if (pidfd < 0)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_NO_SUCH_PROCESS,
                                "%s has no main process now",
                                unit_id(&c->unit));
        int r = sys_pidfd_send_signal(pidfd, signal);
        if (r < 0)
                return error_set(error,
                                r,
                                ERROR_NO_SUCH_PROCESS,
                                "cannot signal the main process of %s",
                                unit_id(&c->unit));
        return 0;
}
