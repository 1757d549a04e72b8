/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup.h"

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
 * The real kernel, in a subtree of our own: this process moves into supd-unittest-PID in every hierarchy
 * before the tests and back after them. As root only. Under SUPD_TEST_STRICT tests/run counts skips.
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

static void enter_home(const CgroupPlace *place) {
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

static int make_homes(void **state) {
        _cleanup_(cgroup_layout_done) CgroupLayout layout = {};
        _cleanup_free_ char *mountinfo = NULL, *self_cgroup = NULL;

        (void) state;
        if (geteuid() != 0)
                return 0;
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 24, &mountinfo, NULL), 0);
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 24, &self_cgroup, NULL), 0);
        assert_int_equal(cgroup_layout_parse(mountinfo, self_cgroup, &layout, NULL), 0);

        enter_home(&layout.v2);
        for (size_t i = 0; i < layout.n_v1; i++)
                enter_home(&layout.v1[i]);
        return 0;
}

/* A test that failed leaves processes: all of them are ours. */
static int remove_home(const char *group) {
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

static int leave_homes(void **state) {
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

static CgroupTree *enter(void) {
        CgroupTree *t = NULL;
        Error error = {};

        if (geteuid() != 0)
                skip();
        if (cgroup_tree_open(&t, &error) < 0 || cgroup_tree_enter(t, LEAF, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        return t;
}

static void leave(CgroupTree *t) {
        assert_int_equal(cgroup_tree_leave(t), 0);
        cgroup_tree_free(t);
}

static Cgroup *open_group(CgroupTree *t, const char *name) {
        Cgroup *c = NULL;
        Error error = {};

        if (cgroup_open(t, name, &c, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        return c;
}

static void remove_group(Cgroup *c) {
        assert_int_equal(cgroup_remove(c), 0);
        cgroup_free(c);
}

/* ---- processes in it ------------------------------------------------------------------------------ */

static void wait_for_end_of_pipe(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
}

/* A child made as a container's first process is; @body's result is its exit status. Returns when the
 * child is in all its groups. */
static pid_t spawn(Cgroup *c, int (*body)(const void *argument), const void *argument) {
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

static int body_sleep(const void *argument) {
        (void) argument;
        (void) signal(SIGTERM, SIG_DFL);
        for (;;)
                pause();
        return 0;
}

static int wait_for(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void assert_killed(pid_t pid, int signal) {
        int status = wait_for(pid);

        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signal);
}

static int run(Cgroup *c, int (*body)(const void *argument), const void *argument) {
        int status = wait_for(spawn(c, body, argument));

        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void wait_for_events(Cgroup *c, bool populated, bool frozen) {
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

static bool process_is_in(pid_t pid, const char *path) {
        _cleanup_free_ char *file = str_printf("/proc/%d/cgroup", pid), *text = NULL;
        _cleanup_free_ char *line = str_printf("0::%s\n", path);

        assert_int_equal(file_read(AT_FDCWD, file, 65536, &text, NULL), 0);
        return strstr(text, line);
}

/* SigCgt of proc(5). */
static void wait_until_handled(pid_t pid, int number) {
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
static char *read_control(Cgroup *c, CgroupController controller, const char *file) {
        char *text = NULL;

        _cleanup_close_ int fd = c->tree->ops->open_file(c, controller, file, O_RDONLY);
        if (fd < 0)
                return strdup("(none)");
        assert_int_equal(file_read_fd(fd, 65536, &text, NULL), 0);
        text[strcspn(text, "\n")] = '\0';
        return text;
}

static void assert_control(
                Cgroup *c, CgroupController controller, const char *file, const char *value) {
        _cleanup_free_ char *text = read_control(c, controller, file);
        assert_string_equal(text, value);
}

/* ---- the tree ------------------------------------------------------------------------------------- */

static void test_tree_is_found_again_from_within_its_leaf(void **state) {
        CgroupTree *t = enter(), *again = NULL;
        _cleanup_free_ char *leaf = str_printf("%s/" LEAF, cgroup_tree_path(t));

        (void) state;
        assert_true(process_is_in(getpid(), leaf));
        assert_int_equal(cgroup_tree_open(&again, NULL), 0);
        assert_string_equal(cgroup_tree_path(again), cgroup_tree_path(t));
        cgroup_tree_free(again);
        leave(t);
}

static void test_leaving_undoes_entering(void **state) {
        CgroupTree *t = enter();
        _cleanup_free_ char *path = strdup(cgroup_tree_path(t));
        _cleanup_free_ char *leaf = str_printf("%s/" LEAF, homes[0].group);

        (void) state;
        assert_int_equal(access(leaf, F_OK), 0);
        leave(t);
        assert_true(process_is_in(getpid(), path));
        assert_int_not_equal(access(leaf, F_OK), 0);

        t = enter();
        assert_string_equal(cgroup_tree_path(t), path);
        leave(t);
}

/* As a supd that was killed leaves it, and systemd starts the next one in the root again. */
static void test_leftover_leaf_is_entered_from_the_root(void **state) {
        CgroupTree *t = enter();
        _cleanup_free_ char *path = strdup(cgroup_tree_path(t));
        _cleanup_free_ char *procs = str_printf("%s/cgroup.procs", homes[0].group);

        (void) state;
        cgroup_tree_free(t);
        assert_int_equal(file_write_string(AT_FDCWD, procs, "0"), 0);
        t = enter();
        assert_string_equal(cgroup_tree_path(t), path);
        leave(t);
}

static void test_other_processes_are_moved_from_the_root_into_the_leaf(void **state) {
        pid_t guardian = fork();

        (void) state;
        if (guardian == 0)
                _exit(body_sleep(NULL));
        if (geteuid() != 0) {
                kill(guardian, SIGKILL);
                (void) wait_for(guardian);
                skip();
        }

        CgroupTree *t = enter();
        _cleanup_free_ char *root = strdup(cgroup_tree_path(t));
        _cleanup_free_ char *leaf = str_printf("%s/" LEAF, root);
        assert_true(process_is_in(guardian, leaf));
        leave(t);
        assert_true(process_is_in(guardian, root));
        assert_int_equal(kill(guardian, SIGKILL), 0);
        assert_killed(guardian, SIGKILL);
}

static void test_second_supervisor_is_refused(void **state) {
        CgroupTree *t = enter();

        (void) state;
        pid_t pid = fork();
        if (pid == 0) {
                CgroupTree *other = NULL;
                Error error = {};

                int r = cgroup_tree_open(&other, &error);
                if (r >= 0)
                        r = cgroup_tree_enter(other, LEAF, &error);
                _exit(r == -EBUSY && strstr(error_text(&error, r), "another supervisor") ? 0 : 1);
        }
        int status = wait_for(pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        leave(t);
}

static void test_leaving_waits_for_the_last_group(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);

        (void) state;
        assert_int_equal(cgroup_tree_leave(t), -EBUSY);
        remove_group(c);
        leave(t);
}

static void test_groups_of_our_making_are_listed(void **state) {
        CgroupTree *t = enter();
        _cleanup_strv_ char **names = NULL, **none = NULL;

        (void) state;
        assert_int_equal(cgroup_list(t, &none, NULL), 0);
        assert_null(none);

        Cgroup *a = open_group(t, "a.service"), *b = open_group(t, "b@1.service");
        Cgroup *other = open_group(t, "other");
        assert_int_equal(cgroup_list(t, &names, NULL), 0);
        assert_int_equal(strv_length(names), 2);
        assert_true(strv_contains(names, "a.service") && strv_contains(names, "b@1.service"));
        remove_group(other);
        remove_group(b);
        remove_group(a);
        leave(t);
}

static void test_names_of_several_components_are_refused(void **state) {
        static const char *const names[] = {
                "", ".", "..", ".hidden", "a/b", "../x", "a\nb", LEAF
        };
        CgroupTree *t = enter();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                Cgroup *c = NULL;

                assert_int_equal(cgroup_open(t, names[i], &c, NULL), -EINVAL);
        }
        leave(t);
}

/* ---- processes ------------------------------------------------------------------------------------ */

static void test_new_process_is_in_the_group_of_each_hierarchy(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        _cleanup_free_ char *text = NULL, *file = NULL;
        const int *join_fds;
        pid_t *pids;
        size_t n_pids, n_lines = 0;

        (void) state;
        limits.pids_max = 50;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        pid_t pid = spawn(c, body_sleep, NULL);
        assert_true(process_is_in(pid, cgroup_path(c)));

        file = str_printf("/proc/%d/cgroup", pid);
        assert_int_equal(file_read(AT_FDCWD, file, 65536, &text, NULL), 0);
        for (const char *p = text; (p = strstr(p, "/" NAME "\n")); p++)
                n_lines++;
        assert_int_equal(n_lines, cgroup_join_fds(c, &join_fds) + 1);

        assert_int_equal(cgroup_read_pids(c, &pids, &n_pids), 0);
        assert_int_equal(n_pids, 1);
        assert_int_equal(pids[0], pid);
        free(pids);

        assert_int_equal(cgroup_remove(c), -EBUSY);
        assert_int_equal(cgroup_kill(c, NULL), 0);
        assert_killed(pid, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

static void exit_7(int number) {
        (void) number;
        _exit(7);
}

/* A signal whose default is death would kill at once, frozen or not. */
static int body_exit_on_signal(const void *argument) {
        (void) argument;
        (void) signal(SIGTERM, exit_7);
        for (;;)
                pause();
        return 0;
}

static void test_frozen_group_stands_still_and_can_be_killed(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);

        (void) state;
        pid_t pid = spawn(c, body_exit_on_signal, NULL);
        wait_until_handled(pid, SIGTERM);
        assert_int_equal(cgroup_freeze(c, true, NULL), 0);
        wait_for_events(c, /* populated= */ true, /* frozen= */ true);
        assert_int_equal(cgroup_signal(c, SIGTERM, NULL), 1);
        assert_int_equal(waitpid(pid, &(int) { 0 }, WNOHANG), 0);
        assert_int_equal(cgroup_freeze(c, false, NULL), 0);
        int status = wait_for(pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);

        pid = spawn(c, body_sleep, NULL);
        assert_int_equal(cgroup_freeze(c, true, NULL), 0);
        wait_for_events(c, /* populated= */ true, /* frozen= */ true);
        assert_int_equal(cgroup_kill(c, NULL), 0);
        assert_killed(pid, SIGKILL);
        remove_group(c);
        leave(t);
}

static Cgroup make_child_group(const Cgroup *c, const char *name) {
        assert_true(mkdirat(c->dir_fd, name, 0755) == 0 || errno == EEXIST);
        return (Cgroup) { .dir_fd = openat(c->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
}

static void test_children_groups_are_signalled_and_removed_too(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        Cgroup inner = make_child_group(c, "inner"), innermost = make_child_group(&inner, "most");
        Cgroup empty = make_child_group(c, "empty");
        pid_t *pids;
        size_t n;

        (void) state;
        pid_t a = spawn(c, body_sleep, NULL), b = spawn(&innermost, body_sleep, NULL);
        assert_int_equal(cgroup_read_pids(c, &pids, &n), 0);
        assert_int_equal(n, 2);
        free(pids);

        /* The way of kernels without cgroup.kill. */
        assert_int_equal(cgroup_kill_each(c->dir_fd, SIGKILL), 2);
        assert_killed(a, SIGKILL);
        assert_killed(b, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        (void) close_fd(inner.dir_fd);
        (void) close_fd(innermost.dir_fd);
        (void) close_fd(empty.dir_fd);
        remove_group(c);
        leave(t);
}

/* Children are forked as fast as it goes, until the group is dead. */
static int body_fork_for_ever(const void *argument) {
        (void) argument;
        (void) signal(SIGCHLD, SIG_IGN);
        for (;;) {
                if (fork() == 0) {
                        (void) usleep(2000);
                        _exit(0);
                }
        }
        return 0;
}

static void test_kill_without_cgroup_kill_outruns_forks(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;

        (void) state;
        limits.pids_max = 64;
        (void) cgroup_apply_limits(
                        c, &limits, NULL); /* where there is no such controller: so be it */
        pid_t pid = spawn(c, body_fork_for_ever, NULL);
        assert_true(cgroup_kill_each(c->dir_fd, SIGKILL) > 0);
        assert_killed(pid, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

static void test_deeply_nested_groups_are_removed(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        _cleanup_close_ int fd = fcntl(c->dir_fd, F_DUPFD_CLOEXEC, 3);

        (void) state;
        for (unsigned i = 0; i < 100; i++) {
                assert_int_equal(mkdirat(fd, "x", 0755), 0);
                int next = openat(fd, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                (void) close_fd(fd);
                fd = next;
        }
        remove_group(c);
        leave(t);
}

/* ---- adoption, limits, devices -------------------------------------------------------------------- */

static void test_group_outlives_its_supervisor(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        CgroupStats stats;

        (void) state;
        limits.pids_max = 20;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        pid_t pid = spawn(c, body_sleep, NULL);
        cgroup_free(c);
        cgroup_tree_free(t);

        t = enter();
        c = open_group(t, NAME);
        wait_for_events(c, /* populated= */ true, /* frozen= */ false);
        assert_int_equal(cgroup_read_stats(c, &stats), 0);
        assert_int_equal(stats.tasks_current, 1);
        assert_int_equal(stats.tasks_max, 20);

        /* Nothing is known of what it holds: what is not asked for goes back to its default. */
        assert_int_equal(cgroup_apply_limits(c, &CGROUP_LIMITS_NONE, NULL), 0);
        assert_control(c, CGROUP_PIDS, "pids.max", "max");
        assert_int_equal(cgroup_kill(c, NULL), 0);
        assert_killed(pid, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

/* On v1 the first limit of a controller makes the group in its hierarchy; who is there must come along. */
static void test_limit_set_later_holds_for_running_processes(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        pid_t pid = spawn(c, body_sleep, NULL);
        CgroupStats stats;

        (void) state;
        cgroup_free(c);
        c = open_group(t, NAME);
        limits.pids_max = 20;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        assert_int_equal(cgroup_read_stats(c, &stats), 0);
        assert_int_equal(stats.tasks_max, 20);
        assert_int_equal(stats.tasks_current, 1);
        assert_int_equal(cgroup_kill(c, NULL), 0);
        assert_killed(pid, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

static void test_limits_reach_the_kernel_and_leave_it(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        bool v2 = str_equal(cgroup_tree_driver(t), "v2");
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        Error error = {};

        (void) state;
        limits.memory_max_bytes = 64 << 20;
        limits.pids_max = 33;
        limits.cpu_quota_usec = 50000;
        limits.cpu_weight = 200;
        limits.cpus = "0";
        if (cgroup_apply_limits(c, &limits, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        assert_control(c, CGROUP_MEMORY, v2 ? "memory.max" : "memory.limit_in_bytes", "67108864");
        assert_control(c, CGROUP_PIDS, "pids.max", "33");
        assert_control(c,
                        CGROUP_CPU,
                        v2 ? "cpu.max" : "cpu.cfs_quota_us",
                        v2 ? "50000 100000" : "50000");
        assert_control(c, CGROUP_CPU, v2 ? "cpu.weight" : "cpu.shares", v2 ? "200" : "2048");
        assert_control(c, CGROUP_CPUSET, "cpuset.cpus", "0");

        limits.cpu_weight = 0;
        limits.memory_max_bytes = 32 << 20;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        assert_control(c, CGROUP_CPU, v2 ? "cpu.idle" : "cpu.shares", v2 ? "1" : "2");
        assert_control(c, CGROUP_MEMORY, v2 ? "memory.max" : "memory.limit_in_bytes", "33554432");

        assert_int_equal(cgroup_apply_limits(c, &CGROUP_LIMITS_NONE, NULL), 0);
        assert_control(c, CGROUP_PIDS, "pids.max", "max");
        assert_control(c,
                        CGROUP_CPU,
                        v2 ? "cpu.max" : "cpu.cfs_quota_us",
                        v2 ? "max 100000" : "-1");
        assert_control(c, CGROUP_CPU, v2 ? "cpu.weight" : "cpu.shares", v2 ? "100" : "1024");
        _cleanup_free_ char *cpus = read_control(c, CGROUP_CPUSET, "cpuset.cpus");
        assert_string_not_equal(cpus, "0");
        remove_group(c);
        leave(t);
}

static int body_count_cpus(const void *argument) {
        cpu_set_t set;

        (void) argument;
        return sched_getaffinity(0, sizeof(set), &set) < 0 ? 100 : CPU_COUNT(&set);
}

static void test_processes_run_on_the_allowed_cpus_only(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;

        (void) state;
        limits.cpus = "0";
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        assert_int_equal(run(c, body_count_cpus, NULL), 1);
        remove_group(c);
        leave(t);
}

static void assert_limit_refused(Cgroup *c, CgroupLimits limits, const char *text) {
        _cleanup_(error_done) Error error = {};

        assert_true(cgroup_apply_limits(c, &limits, &error) < 0);
        if (!strstr(error_text(&error, 0), text))
                fail_msg("%s", error_text(&error, 0));
}

static void test_limit_that_cannot_be_set_is_an_error_with_its_name(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits cpus = CGROUP_LIMITS_NONE, tasks = CGROUP_LIMITS_NONE,
                     none = CGROUP_LIMITS_NONE;
        unsigned controllers = t->controllers;

        (void) state;
        cpus.cpus = "9999";
        assert_limit_refused(c, cpus, "cannot set AllowedCPUs (cpuset.cpus to 9999)");

        /* As on a machine that lacks it. */
        t->controllers &= ~(1U << CGROUP_PIDS);
        tasks.pids_max = 5;
        assert_limit_refused(c, tasks, "TasksMax needs the pids controller");
        t->controllers = controllers;
        assert_int_equal(cgroup_apply_limits(c, &none, NULL), 0);
        remove_group(c);
        leave(t);
}

/* Bit 0: /dev/null can be opened; bit 1: /dev/zero; bit 2: /dev/full. */
static int body_open_devices(const void *argument) {
        static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full" };
        int result = 0;

        (void) argument;
        for (size_t i = 0; i < ELEMENTSOF(devices); i++) {
                int fd = open(devices[i], O_RDWR | O_CLOEXEC);

                if (fd < 0 && errno != EPERM)
                        return 100;
                result |= (fd >= 0) << i;
        }
        return result;
}

static const DeviceRule null_only[] = { { 'c', 1, 3, true, true, false } };
static const DeviceRule zero_and_full[] = {
        { 'c', 1, 5, true, true, true },
        { 'c', 1, 7, true, true, true },
};

static void check_devices(Cgroup *(*reopen)(Cgroup *c),
                int (*apply)(Cgroup *c, const DeviceRule *rules, size_t n, Error *error)) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        const DeviceRule all = { .type = 'a' };

        assert_int_equal(apply(c, null_only, 1, NULL), 0);
        assert_int_equal(run(c, body_open_devices, NULL), 1);
        c = reopen(c);
        assert_int_equal(apply(c, zero_and_full, 2, NULL), 0);
        assert_int_equal(run(c, body_open_devices, NULL), 6);
        assert_int_equal(apply(c, &all, 1, NULL), 0);
        assert_int_equal(run(c, body_open_devices, NULL), 7);
        assert_int_equal(apply(c, NULL, 0, NULL), 0);
        assert_int_equal(run(c, body_open_devices, NULL), 0);
        remove_group(c);
        leave(t);
}

static Cgroup *keep(Cgroup *c) {
        return c;
}

static Cgroup *adopt(Cgroup *c) {
        CgroupTree *t = c->tree;

        cgroup_free(c);
        return open_group(t, NAME);
}

static void test_only_listed_devices_can_be_opened(void **state) {
        (void) state;
        check_devices(keep, cgroup_apply_devices);
}

/* Programs of one group hold together: had the first stayed, nothing would be allowed. */
static void test_device_rules_of_an_adopted_group_are_replaced(void **state) {
        (void) state;
        check_devices(adopt, cgroup_apply_devices);
}

/* The group has to remember that it has a program; cgroup_apply_devices() does that. */
static int apply_program(Cgroup *c, const DeviceRule *rules, size_t n, Error *error) {
        int r = cgroup_apply_device_program(c, rules, n, error);

        c->devices_known = true;
        return r;
}

static void test_only_listed_devices_can_be_opened_by_program(void **state) {
        (void) state;
        check_devices(keep, apply_program);
}

static void test_program_of_an_adopted_group_is_replaced(void **state) {
        (void) state;
        check_devices(adopt, apply_program);
}

/* ---- figures -------------------------------------------------------------------------------------- */

static int body_burn_and_allocate(const void *argument) {
        const uint64_t bytes = *(const uint64_t *) argument;
        char *memory = mmap(
                        NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
                return 1;
        for (uint64_t i = 0; i < bytes; i += 4096)
                memory[i] = (char) i;
        return 0;
}

static void test_figures_tell_what_was_used(void **state) {
        const uint64_t bytes = 16 << 20;
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupStats stats;

        (void) state;
        assert_int_equal(run(c, body_burn_and_allocate, &bytes), 0);
        assert_int_equal(cgroup_read_stats(c, &stats), 0);
        assert_true(stats.cpu_usage_usec > 0 && stats.cpu_usage_usec != UINT64_MAX);
        assert_true(stats.memory_peak_bytes >= bytes);
        assert_true(stats.memory_max_bytes == UINT64_MAX);
        assert_true(stats.memory_current_bytes < bytes);
        assert_true(stats.tasks_current == 0 && stats.tasks_max == UINT64_MAX);
        remove_group(c);
        leave(t);
}

static void test_kill_for_memory_is_noticed_and_counted(void **state) {
        const uint64_t bytes = 128 << 20;
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        uint64_t kills = 77;
        uint32_t events = 0;
        const int *join_fds;

        (void) state;
        limits.memory_max_bytes = 8 << 20;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        (void) cgroup_join_fds(c, &join_fds);
        _cleanup_close_ int oom_fd = cgroup_oom_fd(c, &events);
        assert_true(oom_fd >= 0);
        struct pollfd p = { .fd = oom_fd, .events = (short) events };
        assert_int_equal(poll(&p, 1, 0), 0);
        assert_int_equal(cgroup_read_oom_kills(c, &kills), 0);
        assert_int_equal(kills, 0);

        assert_killed(spawn(c, body_burn_and_allocate, &bytes), SIGKILL);
        assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
        assert_true(p.revents & (short) events);
        cgroup_oom_rearm(oom_fd);
        assert_int_equal(poll(&p, 1, 0), 0);
        assert_int_equal(cgroup_read_oom_kills(c, &kills), 0);
        assert_int_equal(kills, 1);
        remove_group(c);
        leave(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tree_is_found_again_from_within_its_leaf),
                cmocka_unit_test(test_leaving_undoes_entering),
                cmocka_unit_test(test_leftover_leaf_is_entered_from_the_root),
                cmocka_unit_test(test_other_processes_are_moved_from_the_root_into_the_leaf),
                cmocka_unit_test(test_second_supervisor_is_refused),
                cmocka_unit_test(test_leaving_waits_for_the_last_group),
                cmocka_unit_test(test_groups_of_our_making_are_listed),
                cmocka_unit_test(test_names_of_several_components_are_refused),
                cmocka_unit_test(test_new_process_is_in_the_group_of_each_hierarchy),
                cmocka_unit_test(test_frozen_group_stands_still_and_can_be_killed),
                cmocka_unit_test(test_children_groups_are_signalled_and_removed_too),
                cmocka_unit_test(test_kill_without_cgroup_kill_outruns_forks),
                cmocka_unit_test(test_deeply_nested_groups_are_removed),
                cmocka_unit_test(test_group_outlives_its_supervisor),
                cmocka_unit_test(test_limit_set_later_holds_for_running_processes),
                cmocka_unit_test(test_limits_reach_the_kernel_and_leave_it),
                cmocka_unit_test(test_processes_run_on_the_allowed_cpus_only),
                cmocka_unit_test(test_limit_that_cannot_be_set_is_an_error_with_its_name),
                cmocka_unit_test(test_only_listed_devices_can_be_opened),
                cmocka_unit_test(test_device_rules_of_an_adopted_group_are_replaced),
                cmocka_unit_test(test_only_listed_devices_can_be_opened_by_program),
                cmocka_unit_test(test_program_of_an_adopted_group_is_replaced),
                cmocka_unit_test(test_figures_tell_what_was_used),
                cmocka_unit_test(test_kill_for_memory_is_noticed_and_counted),
        };
        return cmocka_run_group_tests(tests, make_homes, leave_homes);
}
