/* SPDX-License-Identifier: MIT */
#include "test-runtime-cgroup-fixture.h"

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
        if (t->ops->enable)
                assert_int_equal(t->ops->enable(t, /* on= */ false, NULL), 0); /* systemd's reset */
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
        static const char *const names[] = { "",
                ".",
                "..",
                ".hidden",
                "a/b",
                "../x",
                "a\nb",
                LEAF,
                "a.slice/",
                ".slice/b",
                "a.slice//b",
                "a.slice/../b",
                "../a.slice/b",
                "a.slice/b/c.slice",
                "a.slicer/b" };
        CgroupTree *t = enter();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                Cgroup *c = NULL;

                assert_int_equal(cgroup_open(t, names[i], &c, NULL), -EINVAL);
        }
        leave(t);
}

/* ---- slices --------------------------------------------------------------------------------------- */

#define SLICED "a.slice/a-b.slice/web.service"

static bool is_there(CgroupTree *t, const char *path) {
        return faccessat(t->root_fd, path, F_OK, 0) >= 0;
}

static void test_slices_come_with_the_first_group_and_go_with_the_last(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, SLICED), *other = open_group(t, "a.slice/other.service");
        _cleanup_strv_ char **names = NULL;

        (void) state;
        assert_string_equal(cgroup_name(c), SLICED);
        assert_true(str_has_suffix(cgroup_path(c), "/" SLICED));
        assert_int_equal(cgroup_list(t, &names, NULL), 0);
        assert_int_equal(strv_length(names), 2);
        assert_true(strv_contains(names, SLICED) && strv_contains(names, "a.slice/other.service"));
        remove_group(c);
        assert_false(is_there(t, "a.slice/a-b.slice"));
        assert_true(is_there(t, "a.slice/other.service"));
        remove_group(other);
        assert_false(is_there(t, "a.slice"));
        leave(t);
}

static void test_limits_reach_the_kernel_below_slices_too(void **state) {
        CgroupTree *t = enter_with_controllers();
        Cgroup *c = open_group(t, SLICED);
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        CgroupStats stats;
        Error error = {};

        (void) state;
        limits.pids_max = 20;
        limits.memory_max_bytes = 64 << 20;
        limits.cpus = "0";
        if (cgroup_apply_limits(c, &limits, &error) < 0)
                fail_msg("%s", error_text(&error, 0));
        pid_t pid = spawn(c, body_sleep, NULL);
        assert_control(c, CGROUP_PIDS, "pids.max", "20");
        assert_control(c, CGROUP_CPUSET, "cpuset.cpus", "0");
        assert_int_equal(cgroup_read_stats(c, &stats), 0);
        assert_int_equal(stats.tasks_current, 1);
        assert_int_equal(stats.memory_max_bytes, 64 << 20);

        /* A later supervisor finds it by its name. */
        cgroup_free(c);
        cgroup_tree_free(t);
        t = enter_with_controllers();
        c = open_group(t, SLICED);
        assert_false(cgroup_is_fresh(c));
        assert_int_equal(cgroup_apply_limits(c, &CGROUP_LIMITS_NONE, NULL), 0);
        assert_control(c, CGROUP_PIDS, "pids.max", "max");
        assert_int_equal(cgroup_kill(c, NULL), 0);
        assert_killed(pid, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        for (size_t i = 0; i < t->n_v1; i++)
                assert_int_equal(faccessat(t->v1[i].root_fd, "a.slice", F_OK, 0), -1);
        leave(t);
}

static void test_a_slice_that_was_left_empty_is_no_reason_to_stay(void **state) {
        CgroupTree *t = enter();

        (void) state;
        remove_group(open_group(t, SLICED));
        assert_int_equal(mkdirat(t->root_fd, "a.slice", 0755), 0);
        leave(t);
}

static void test_a_scratch_group_leaves_its_slices_alone(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, SLICED), *scratch = NULL;

        (void) state;
        assert_int_equal(cgroup_open_scratch(c, &scratch, NULL), 0);
        (void) cgroup_scratch_discard(scratch);
        assert_true(is_there(t, SLICED));
        remove_group(c);
        leave(t);
}

/* ---- processes ------------------------------------------------------------------------------------ */

static void test_new_process_is_in_the_group_of_each_hierarchy(void **state) {
        CgroupTree *t = enter_with_controllers();
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
        assert_int_equal(cgroup_signal(c, SIGTERM, NULL), 0);
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

static void test_scratch_groups_are_killed_alone(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME), *first = NULL, *second = NULL;
        const int *fds;

        (void) state;
        pid_t a = spawn(c, body_sleep, NULL);
        assert_int_equal(cgroup_open_scratch(c, &first, NULL), 0);
        assert_true(cgroup_is_fresh(first));
        assert_int_equal(cgroup_join_fds(first, &fds), cgroup_join_fds(c, &fds));
        pid_t b = spawn(first, body_sleep, NULL);
        assert_int_equal(cgroup_open_scratch(c, &second, NULL), 0);
        assert_string_not_equal(cgroup_path(first), cgroup_path(second));
        pid_t d = spawn(second, body_sleep, NULL);
        first = cgroup_scratch_discard(first);
        assert_killed(b, SIGKILL);
        assert_int_equal(kill(a, 0), 0);
        assert_int_equal(kill(d, 0), 0);

        /* As after a crash: nobody knows the second one any more. */
        second = cgroup_free(second);
        cgroup_kill_scratches(c);
        assert_killed(d, SIGKILL);
        assert_int_equal(kill(a, 0), 0);

        /* What was busy then goes with the next one. */
        assert_int_equal(cgroup_open_scratch(c, &first, NULL), 0);
        first = cgroup_scratch_discard(first);
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_free_ char *name = str_printf("supd-exec-%u", i);
                assert_int_equal(faccessat(c->dir_fd, name, F_OK, 0), -1);
        }
        assert_int_equal(kill(a, SIGKILL), 0);
        assert_killed(a, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

/* Children are forked as fast as it goes, until the group is dead. */
static int body_fork_for_ever(const void *argument) {
        (void) argument;
        (void) signal(SIGCHLD, SIG_IGN);
        for (;;) {
                if (fork() == 0) {
                        (void) poll(NULL, 0, 2); /* long enough to be met alive */
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
                cmocka_unit_test(test_a_scratch_group_leaves_its_slices_alone),
                cmocka_unit_test(test_a_slice_that_was_left_empty_is_no_reason_to_stay),
                cmocka_unit_test(test_limits_reach_the_kernel_below_slices_too),
                cmocka_unit_test(test_slices_come_with_the_first_group_and_go_with_the_last),
                cmocka_unit_test(test_new_process_is_in_the_group_of_each_hierarchy),
                cmocka_unit_test(test_frozen_group_stands_still_and_can_be_killed),
                cmocka_unit_test(test_children_groups_are_signalled_and_removed_too),
                cmocka_unit_test(test_scratch_groups_are_killed_alone),
                cmocka_unit_test(test_kill_without_cgroup_kill_outruns_forks),
                cmocka_unit_test(test_deeply_nested_groups_are_removed),
        };
        return cmocka_run_group_tests(tests, make_homes, leave_homes);
}
