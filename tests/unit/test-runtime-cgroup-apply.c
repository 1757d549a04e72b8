/* SPDX-License-Identifier: MIT */
#include "test-runtime-cgroup-fixture.h"

/* ---- adoption, limits, devices -------------------------------------------------------------------- */

static void test_group_outlives_its_supervisor(void **state) {
        CgroupTree *t = enter_with_controllers();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;
        CgroupStats stats;

        (void) state;
        limits.pids_max = 20;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        pid_t pid = spawn(c, body_sleep, NULL);
        cgroup_free(c);
        cgroup_tree_free(t);

        t = enter_with_controllers();
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

/* What systemd does to a delegated unit that it starts again: the kernel forgets all limits below. */
static void test_limits_of_an_adopted_group_hold_after_controllers_were_reset(void **state) {
        CgroupTree *t = enter_with_controllers();
        Cgroup *c = open_group(t, NAME);
        CgroupLimits limits = CGROUP_LIMITS_NONE;

        (void) state;
        limits.pids_max = 20;
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        pid_t pid = spawn(c, body_sleep, NULL);
        if (t->ops->enable)
                assert_int_equal(t->ops->enable(t, /* on= */ false, NULL), 0);
        cgroup_free(c);
        cgroup_tree_free(t);

        t = enter_with_controllers();
        c = open_group(t, NAME);
        assert_int_equal(cgroup_apply_limits(c, &limits, NULL), 0);
        assert_control(c, CGROUP_PIDS, "pids.max", "20");
        assert_control(c, CGROUP_PIDS, "pids.current", "1");
        assert_int_equal(cgroup_kill(c, NULL), 0);
        assert_killed(pid, SIGKILL);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

/* On v1 the first limit of a controller makes the group in its hierarchy; who is there must come along. */
static void test_limit_set_later_holds_for_running_processes(void **state) {
        CgroupTree *t = enter_with_controllers();
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
        CgroupTree *t = enter_with_controllers();
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
        CgroupTree *t = enter_with_controllers();
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
        CgroupTree *t = enter_with_controllers();
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
        CgroupTree *t = enter_with_controllers();
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
        CgroupTree *t = enter_with_controllers();
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
        CgroupTree *t = enter_with_controllers();
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
                cmocka_unit_test(test_group_outlives_its_supervisor),
                cmocka_unit_test(test_limits_of_an_adopted_group_hold_after_controllers_were_reset),
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
