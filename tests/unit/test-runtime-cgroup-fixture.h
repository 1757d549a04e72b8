/* SPDX-License-Identifier: MIT */
#pragma once

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-processes.h"

/*
 * For tests of cgroups on the real kernel, in a subtree of their own: the process moves into
 * supd-unittest-PID in every hierarchy before the tests and back after them. As root only.
 */

#define LEAF "supd"
#define NAME "web.service"
#define DEADLINE_MSEC 20000

typedef struct Home {
        char *origin; /* owned; where we came from */
        char *group;  /* owned; supd-unittest-PID below it */
} Home;

static Home homes[_CGROUP_CONTROLLER_MAX + 1];
static size_t n_homes;

/* ---- the subtree ---------------------------------------------------------------------------------- */

static _unused_ void enter_home(const CgroupPlace *place) {
        Home *home = &homes[n_homes++];

        home->origin = strdup(place->directory);
        home->group = str_printf("%s/supd-unittest-%d", place->directory, getpid());
        assert_int_equal(mkdir(home->group, 0755), 0);

        /* A new cpuset is empty. */
        static const char *const inherited[] = { "cpuset.cpus", "cpuset.mems" };
        for (size_t i = 0; i < 2 && place->controllers & 1U << CGROUP_CPUSET; i++) {
                _cleanup_free_ char *from = str_printf("%s/%s", home->origin, inherited[i]);
                _cleanup_free_ char *to = str_printf("%s/%s", home->group, inherited[i]),
                                    *text = NULL;

                assert_int_equal(file_read(AT_FDCWD, from, 4096, &text, NULL), 0);
                assert_int_equal(file_write_string(AT_FDCWD, to, text), 0);
        }

        _cleanup_free_ char *procs = str_printf("%s/cgroup.procs", home->group);
        assert_int_equal(file_write_string(AT_FDCWD, procs, "0"), 0);
}

#define NEEDED (1U << CGROUP_CPU | 1U << CGROUP_CPUSET | 1U << CGROUP_MEMORY | 1U << CGROUP_PIDS)

/* On v2 a group that holds processes, as a login session's does, hands no controllers down: the nearest
 * one above that does is taken. Where there is none, what needs limits is skipped. */
static _unused_ void climb_to_controllers(CgroupPlace *place) {
        _cleanup_free_ char *start = strdup(place->directory);

        do {
                _cleanup_free_ char *file =
                                str_printf("%s/cgroup.subtree_control", place->directory);
                _cleanup_free_ char *text = NULL;

                assert_int_equal(file_read(AT_FDCWD, file, 4096, &text, NULL), 0);
                if ((cgroup_controllers_parse(text, " \n") & NEEDED) == NEEDED)
                        return;
        } while (cgroup_place_up(place) == 0);
        assert_int_equal(str_replace(&place->directory, start), 0);
}

static _unused_ int make_homes(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout layout = {};
        _cleanup_free_ char *mountinfo = NULL, *self_cgroup = NULL;

        (void) state;
        if (geteuid() != 0)
                return 0;
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 24, &mountinfo, NULL), 0);
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 24, &self_cgroup, NULL), 0);
        assert_int_equal(cgroup_layout_parse(mountinfo, self_cgroup, &layout, NULL), 0);

        _cleanup_free_ char *origin = strdup(layout.v2.directory);
        climb_to_controllers(&layout.v2);
        enter_home(&layout.v2);
        assert_int_equal(str_replace(&homes[0].origin, origin), 0);
        for (size_t i = 0; i < layout.n_v1; i++)
                enter_home(&layout.v1[i]);
        return 0;
}

/* A test that failed leaves processes: all of them are ours. */
static _unused_ int remove_home(const char *group) {
        int r = cgroup_remove_below(AT_FDCWD, group);
        if (r != -EBUSY)
                return r;

        _cleanup_close_ int fd = neg_errno(open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        (void) cgroup_kill_each(fd, SIGKILL);
        while (wait(NULL) > 0)
                continue;
        return cgroup_remove_below(AT_FDCWD, group);
}

static _unused_ int leave_homes(void **state) {
        int result = 0;

        (void) state;
        for (size_t i = 0; i < n_homes; i++) {
                _cleanup_free_ char *procs = str_printf("%s/cgroup.procs", homes[i].origin);

                int r = file_write_string(AT_FDCWD, procs, "0");
                if (r >= 0)
                        r = remove_home(homes[i].group);
                if (r < 0) {
                        fprintf(stderr, "%s stays: %s\n", homes[i].group, strerrordesc_np(-r));
                        result = -1;
                }
                free(homes[i].origin);
                free(homes[i].group);
        }
        return result;
}

static _unused_ CgroupTree *enter(void) {
        CgroupTree *t = NULL;
        Error error = {};

        if (geteuid() != 0)
                skip();
        if (cgroup_tree_open(&t, &error) < 0 || cgroup_tree_enter(t, LEAF, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        return t;
}

/* For tests that set limits. */
static _unused_ CgroupTree *enter_with_controllers(void) {
        CgroupTree *t = enter();

        if ((t->controllers & NEEDED) != NEEDED) {
                (void) cgroup_tree_leave(t);
                cgroup_tree_free(t);
                skip();
        }
        return t;
}

static _unused_ void leave(CgroupTree *t) {
        assert_int_equal(cgroup_tree_leave(t), 0);
        cgroup_tree_free(t);
}

static _unused_ Cgroup *open_group(CgroupTree *t, const char *name) {
        Cgroup *c = NULL;
        Error error = {};

        if (cgroup_open(t, name, &c, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        return c;
}

static _unused_ void remove_group(Cgroup *c) {
        assert_int_equal(cgroup_remove(c), 0);
        cgroup_free(c);
}

/* ---- processes in it ------------------------------------------------------------------------------ */

static _unused_ void wait_for_end_of_pipe(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
}

/* A child made as a container's first process is; @body's result is its exit status. Returns when the
 * child is in all its groups. */
static _unused_ pid_t spawn(Cgroup *c, int (*body)(const void *argument), const void *argument) {
        struct clone_args args = {
                .flags = CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
                .cgroup = (uint64_t) cgroup_dir_fd(c),
        };
        const int *join_fds;
        size_t n = cgroup_join_fds(c, &join_fds);
        int joined[2];

        assert_int_equal(pipe2(joined, O_CLOEXEC), 0);
        pid_t pid = sys_clone3(&args);
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test ends without us */
                for (size_t i = 0; i < n; i++) {
                        if (write(join_fds[i], "0", 1) != 1)
                                _exit(200);
                }
                (void) close_fd(joined[0]);
                (void) close_fd(joined[1]);
                _exit(body(argument));
        }
        (void) close_fd(joined[1]);
        wait_for_end_of_pipe(joined[0]);
        (void) close_fd(joined[0]);
        return pid;
}

static _unused_ int body_sleep(const void *argument) {
        (void) argument;
        (void) signal(SIGTERM, SIG_DFL);
        for (;;)
                pause();
        return 0;
}

static _unused_ int wait_for(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static _unused_ void assert_killed(pid_t pid, int signal) {
        int status = wait_for(pid);

        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signal);
}

static _unused_ int run(Cgroup *c, int (*body)(const void *argument), const void *argument) {
        int status = wait_for(spawn(c, body, argument));

        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static _unused_ void wait_for_events(Cgroup *c, bool populated, bool frozen) {
        uint64_t end_usec = clock_monotonic_usec() + DEADLINE_MSEC * USEC_PER_MSEC;

        for (;;) {
                struct pollfd p = { .fd = cgroup_events_fd(c), .events = POLLPRI };
                CgroupEvents events;

                assert_int_equal(cgroup_read_events(c, &events), 0);
                if (events.populated == populated && events.frozen == frozen)
                        return;
                assert_true(clock_monotonic_usec() < end_usec);
                (void) poll(&p, 1, 10);
        }
}

static _unused_ bool process_is_in(pid_t pid, const char *path) {
        _cleanup_free_ char *file = str_printf("/proc/%d/cgroup", pid), *text = NULL;
        _cleanup_free_ char *line = str_printf("0::%s\n", path);

        assert_int_equal(file_read(AT_FDCWD, file, 65536, &text, NULL), 0);
        return strstr(text, line);
}

/* SigCgt of proc(5). */
static _unused_ void wait_until_handled(pid_t pid, int number) {
        _cleanup_free_ char *file = str_printf("/proc/%d/status", pid);
        uint64_t end_usec = clock_monotonic_usec() + DEADLINE_MSEC * USEC_PER_MSEC;

        for (;;) {
                _cleanup_free_ char *text = NULL;

                assert_int_equal(file_read(AT_FDCWD, file, 65536, &text, NULL), 0);
                const char *mask = strstr(text, "SigCgt:\t");
                assert_non_null(mask);
                if (strtoull(mask + strlen("SigCgt:\t"), NULL, 16) & UINT64_C(1) << (number - 1))
                        return;
                assert_true(clock_monotonic_usec() < end_usec);
                (void) sched_yield();
        }
}

/* One of the group's control files, under either driver. */
static _unused_ char *read_control(Cgroup *c, CgroupController controller, const char *file) {
        char *text = NULL;

        _cleanup_close_ int fd = c->tree->ops->open_file(c, controller, file, O_RDONLY);
        if (fd < 0)
                return strdup("(none)");
        assert_int_equal(file_read_fd(fd, 65536, &text, NULL), 0);
        text[strcspn(text, "\n")] = '\0';
        return text;
}

static _unused_ void assert_control(
                Cgroup *c, CgroupController controller, const char *file, const char *value) {
        _cleanup_free_ char *text = read_control(c, controller, file);
        assert_string_equal(text, value);
}
