/* SPDX-License-Identifier: MIT */
#include "kinds/container-exec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "kinds/container-internal.h"
#include "kinds/deadline.h"
#include "kinds/reap.h"
#include "runtime/exec.h"

#define READ_SIZE 4096U
#define READS_MAX 16U /* in one turn: who writes for ever holds nobody up */

struct ContainerExec {
        Container *container;        /* borrowed */
        const ContainerExecOps *ops; /* borrowed */
        void *userdata;              /* borrowed */
        Cgroup *cgroup;              /* owned */
        RuntimeExec exec;            /* owned */
        int output_fd;               /* owned; we read from it; -EBADF: nobody does */
        uint64_t deadline_usec, left_usec;
        bool paused, timed_out;
        bool told; /* the status pipe has come to its end */
        sd_event_source *status_source, *end_source, *output_source, *timer; /* owned */
};

/* ---- its output -------------------------------------------------------------------------------- */

/* Return: whether there may be more. */
static bool read_output(ContainerExec *e) {
        char buffer[READ_SIZE];

        for (unsigned i = 0; i < READS_MAX && e->output_fd >= 0; i++) {
                ssize_t n = read(e->output_fd, buffer, sizeof(buffer));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return true;
                if (n <= 0) {
                        e->output_source = sd_event_source_disable_unref(e->output_source);
                        e->output_fd = close_fd(e->output_fd);
                        return false;
                }
                e->ops->on_output(buffer, (size_t) n, e->userdata);
        }
        return e->output_fd >= 0;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        (void) read_output(userdata);
        return 0;
}

static Cgroup *end_group(sd_event *event, const RuntimeExec *exec, Cgroup *c) {
        /* Who was to make the process and tell its number said nothing at all: it may have been killed in
         * between, and the process can't be waited for by number. */
        if (c && exec->maker_pidfd < 0 && exec->failure.type == 0)
                reap_members(event, c);
        return reap_scratch(event, c);
}

/* ---- what nobody waits for any more ------------------------------------------------------------ */

/* A command that is given up before its process is known: killed when it is, or who is to make it could be
 * killed after it has made it and before it has told. */
typedef struct Orphan {
        sd_event *event;  /* borrowed; the loop owns us */
        Cgroup *cgroup;   /* owned */
        RuntimeExec exec; /* owned */
} Orphan;

static void orphan_end(Orphan *o) {
        o->cgroup = end_group(o->event, &o->exec, o->cgroup);
        o->exec.maker_pidfd = reap_later(o->event, o->exec.maker_pidfd);
        o->exec.child.pidfd = reap_later(o->event, o->exec.child.pidfd);
}

static void orphan_destroy(void *userdata) {
        Orphan *o = userdata;

        o->cgroup = cgroup_scratch_discard(o->cgroup);
        runtime_exec_done(&o->exec);
        free(o);
}

static int on_orphan_status(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Orphan *o = userdata;

        (void) fd, (void) events;
        if (runtime_exec_read(&o->exec, /* error= */ NULL) == 0 && o->exec.maker_pidfd < 0)
                return 0;
        orphan_end(o);
        /* The loop holds the only reference; this drops it. */
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        (void) sd_event_source_set_floating(source, /* b= */ false);
        return 0;
}

static void exec_orphan(ContainerExec *e) {
        sd_event *event = e->container->context->event;
        sd_event_source *source = NULL;

        Orphan *o = malloc(sizeof(*o));
        if (!o || sd_event_add_io(event,
                                  &source,
                                  e->exec.child.status_fd,
                                  EPOLLIN,
                                  on_orphan_status,
                                  o) < 0) {
                free(o);
                return;
        }
        *o = (Orphan) { .event = event, .cgroup = TAKE_PTR(e->cgroup), .exec = e->exec };
        e->exec = RUNTIME_EXEC_NONE;
        (void) sd_event_source_set_destroy_callback(source, orphan_destroy);
        (void) sd_event_source_set_floating(source, /* b= */ true);
        (void) sd_event_source_unref(source);
}

static bool is_known(const ContainerExec *e) {
        return e->exec.maker_pidfd >= 0 || e->told;
}

/* ---- its end ----------------------------------------------------------------------------------- */

static void exec_end(ContainerExec *e, int result, ExitInfo exit, const Error *error) {
        e->status_source = sd_event_source_disable_unref(e->status_source);
        e->end_source = sd_event_source_disable_unref(e->end_source);
        e->timer = sd_event_source_disable_unref(e->timer);
        /* Before the output is closed, or what it left behind would see that. */
        if (is_known(e))
                e->cgroup = end_group(e->container->context->event, &e->exec, e->cgroup);
        if (e->output_fd >= 0)
                (void) read_output(e);
        e->output_source = sd_event_source_disable_unref(e->output_source);
        if (e->timed_out)
                e->ops->on_end(-ETIMEDOUT, (ExitInfo) {}, NULL, e->userdata);
        else
                e->ops->on_end(result, exit, error, e->userdata);
}

static int on_command_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        ContainerExec *e = userdata;
        siginfo_t si = {};

        (void) source, (void) events;
        if (waitid(P_PIDFD, (id_t) fd, &si, WEXITED | WNOHANG) < 0 || si.si_pid == 0)
                return 0;
        exec_end(e, 0, (ExitInfo) { .code = si.si_code, .status = si.si_status }, NULL);
        return 0;
}

static int on_status(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        ContainerExec *e = userdata;
        _cleanup_(error_done) Error error = {};

        (void) source, (void) fd, (void) events;
        int r = runtime_exec_read(&e->exec, &error);
        if (r == 0)
                return 0;
        e->told = true;
        e->status_source = sd_event_source_disable_unref(e->status_source);
        if (r > 0) {
                r = sd_event_add_io(e->container->context->event,
                                &e->end_source,
                                e->exec.child.pidfd,
                                EPOLLIN,
                                on_command_end,
                                e);
                /* What it wrote before comes first. */
                if (r >= 0)
                        r = sd_event_source_set_priority(
                                        e->end_source, SD_EVENT_PRIORITY_NORMAL + 1);
                if (r >= 0)
                        return 0;
                (void) error_set(&error, r, ERROR_RUNTIME, "cannot watch the command");
        }
        exec_end(e, r, (ExitInfo) {}, &error);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        ContainerExec *e = userdata;

        (void) source, (void) usec;
        /* Its end, or that of the status pipe, then comes by itself. A process that no signal ends is not
         * waited for. */
        e->timed_out = true;
        exec_end(e, -ETIMEDOUT, (ExitInfo) {}, NULL);
        return 0;
}

/* ---- starting ---------------------------------------------------------------------------------- */

static void set_timer(ContainerExec *e, uint64_t monotonic_usec) {
        e->deadline_usec = monotonic_usec;
        deadline_set(&e->container->unit,
                        e->container->context->event,
                        &e->timer,
                        monotonic_usec,
                        on_timeout,
                        e);
}

static int check_container(const Container *c, Error *error) {
        if (c->run.child.pid <= 0 || !c->run.executes || !c->run.cgroup)
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_UNIT_STATE,
                                "%s is not running",
                                unit_id(&c->unit));
        if (c->freezer.state != FREEZER_RUNNING)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_UNIT_STATE,
                                "%s is paused: nothing can run in it",
                                unit_id(&c->unit));
        return 0;
}

static int launch(ContainerExec *e, char *const *argv, int output_fd, Error *error) {
        _cleanup_(container_plan_freep) ContainerPlan *plan = NULL;
        Container *c = e->container;

        int r = container_plan_new(c, &plan, error);
        if (r >= 0)
                r = cgroup_open_scratch(c->run.cgroup, &e->cgroup, error);
        if (r < 0)
                return r;
        RuntimeSpec spec = *container_plan_spec(
                        plan, e->cgroup, /* stdin_fd= */ -EBADF, output_fd, output_fd);
        spec.process.argv = argv;
        return runtime_exec(c->context->runtime,
                        &spec,
                        c->run.child.pid,
                        c->run.child.pidfd,
                        &e->exec,
                        error);
}

static int watch(ContainerExec *e) {
        sd_event *event = e->container->context->event;

        int r = sd_event_add_io(
                        event, &e->status_source, e->exec.child.status_fd, EPOLLIN, on_status, e);
        if (r >= 0 && e->output_fd >= 0)
                r = sd_event_add_io(event, &e->output_source, e->output_fd, EPOLLIN, on_output, e);
        return r;
}

int container_exec_start(Container *c,
                const ContainerExecRequest *request,
                ContainerExec **ret,
                Error *error) {
        _cleanup_close_ int write_fd = -EBADF;
        int fds[2];

        int r = check_container(c, error);
        if (r < 0)
                return r;
        _cleanup_(container_exec_freep) ContainerExec *e = malloc(sizeof(*e));
        if (!e)
                return -ENOMEM;
        *e = (ContainerExec) {
                .container = c,
                .ops = request->ops,
                .userdata = request->userdata,
                .exec = RUNTIME_EXEC_NONE,
                .output_fd = -EBADF,
                .deadline_usec = USEC_INFINITY,
        };
        if (request->ops->on_output) {
                if (pipe2(fds, O_CLOEXEC) < 0)
                        return error_set(error, -errno, ERROR_RUNTIME, "make the output's pipe");
                e->output_fd = fds[0], write_fd = fds[1];
                r = fd_set_nonblock(e->output_fd, /* nonblock= */ true);
                if (r < 0)
                        return r;
        }

        r = launch(e, request->argv, write_fd >= 0 ? write_fd : request->output_fd, error);
        if (r < 0)
                return r;
        r = watch(e);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot watch the command");
        set_timer(e, usec_add(clock_monotonic_usec(), request->timeout_usec));

        *ret = TAKE_PTR(e);
        return 0;
}

void container_exec_set_paused(ContainerExec *e, bool paused) {
        uint64_t now = clock_monotonic_usec();

        if (e->paused == paused || e->timed_out)
                return;
        e->paused = paused;
        if (paused) {
                uint64_t deadline = e->deadline_usec;

                set_timer(e, USEC_INFINITY);
                e->left_usec = deadline == USEC_INFINITY ? USEC_INFINITY : usec_sub(deadline, now);
        } else
                set_timer(e, usec_add(now, e->left_usec));
}

ContainerExec *container_exec_free(ContainerExec *e) {
        if (!e)
                return NULL;

        e->status_source = sd_event_source_disable_unref(e->status_source);
        e->end_source = sd_event_source_disable_unref(e->end_source);
        e->output_source = sd_event_source_disable_unref(e->output_source);
        e->timer = sd_event_source_disable_unref(e->timer);
        if (e->exec.child.pidfd >= 0 && !is_known(e))
                exec_orphan(e);
        e->cgroup = reap_scratch(e->container->context->event, e->cgroup);
        e->exec.maker_pidfd = reap_later(e->container->context->event, e->exec.maker_pidfd);
        e->exec.child.pidfd = reap_later(e->container->context->event, e->exec.child.pidfd);
        runtime_exec_done(&e->exec);
        (void) close_fd(e->output_fd);
        free(e);
        return NULL;
}
