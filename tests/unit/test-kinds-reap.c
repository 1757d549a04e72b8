/* SPDX-License-Identifier: MIT */
#include "kinds/inherited.h"
#include "kinds/reap.h"
#include "test-runtime-cgroup-fixture.h"

/* Children and groups that nobody asks after any more: gone once the loop has run for a moment. */

#define GRACE_USEC (UINT64_C(10) * 1000)

typedef bool (*IsGone)(const void *what);

static bool child_is_reaped(const void *what) {
        siginfo_t si = {};

        return waitid(P_PID, (id_t) * (const pid_t *) what, &si, WEXITED | WNOHANG | WNOWAIT) < 0 &&
               errno == ECHILD;
}

static bool directory_is_gone(const void *what) {
        return access(what, F_OK) < 0 && errno == ENOENT;
}

static void run_until(sd_event *event, IsGone is_gone, const void *what) {
        uint64_t deadline =
                        usec_add(clock_monotonic_usec(), (uint64_t) DEADLINE_MSEC * USEC_PER_MSEC);

        while (!is_gone(what)) {
                assert_true(clock_monotonic_usec() < deadline);
                assert_true(sd_event_run(event, GRACE_USEC) >= 0);
        }
}

static sd_event *loop_new(void) {
        sd_event *event = NULL;

        assert_true(sd_event_new(&event) >= 0);
        return event;
}

static void test_scratch_group_goes_when_the_last_of_it_has_died(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME), *scratch = NULL;
        sd_event *event = loop_new();

        (void) state;
        assert_int_equal(cgroup_open_scratch(c, &scratch, NULL), 0);
        _cleanup_free_ char *directory = str_printf("%s/" NAME "/supd-exec-0", homes[0].group);
        assert_int_equal(access(directory, F_OK), 0);
        pid_t pid = spawn(scratch, body_sleep, NULL);
        assert_null(reap_scratch(event, scratch));
        run_until(event, directory_is_gone, directory);
        assert_killed(pid, SIGKILL);

        /* And one that nobody is in, at once. */
        assert_int_equal(cgroup_open_scratch(c, &scratch, NULL), 0);
        _cleanup_free_ char *second = str_printf("%s/" NAME "/supd-exec-1", homes[0].group);
        assert_int_equal(access(second, F_OK), 0);
        assert_null(reap_scratch(event, scratch));
        assert_true(directory_is_gone(second));
        assert_null(reap_scratch(event, NULL));
        sd_event_unref(event);
        remove_group(c);
        leave(t);
}

static void test_members_of_a_group_are_reaped_without_their_number(void **state) {
        CgroupTree *t = enter();
        Cgroup *c = open_group(t, NAME), *scratch = NULL, *other = NULL;
        sd_event *event = loop_new();

        (void) state;
        assert_int_equal(cgroup_open_scratch(c, &scratch, NULL), 0);
        pid_t lives = spawn(scratch, body_sleep, NULL), dead = spawn(scratch, body_sleep, NULL);
        assert_int_equal(cgroup_open_scratch(c, &other, NULL), 0);
        pid_t neighbour = spawn(other, body_sleep, NULL), outer = spawn(c, body_sleep, NULL);
        siginfo_t si;
        assert_int_equal(kill(dead, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) dead, &si, WEXITED | WNOWAIT), 0);
        assert_int_equal(kill(neighbour, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) neighbour, &si, WEXITED | WNOWAIT), 0);

        reap_members(event, scratch);
        assert_null(reap_scratch(event, scratch));
        run_until(event, child_is_reaped, &dead);
        run_until(event, child_is_reaped, &lives);
        assert_false(child_is_reaped(&neighbour));
        assert_false(child_is_reaped(&outer));

        /* A zombie whose group has been removed still tells where it was. */
        assert_int_equal(cgroup_scratch_end(other), 0);
        reap_members(event, other);
        run_until(event, child_is_reaped, &neighbour);
        cgroup_free(other);
        assert_int_equal(kill(outer, SIGKILL), 0);
        assert_killed(outer, SIGKILL);
        sd_event_unref(event);
        wait_for_events(c, /* populated= */ false, /* frozen= */ false);
        remove_group(c);
        leave(t);
}

/* ---- after execve() --------------------------------------------------------------------------------- */

static void test_inherited_children_without_a_unit_are_reaped(void **state) {
        _cleanup_(inherited_done) InheritedChildren children = {};
        Engine *engine = NULL;
        sd_event *event = loop_new();

        (void) state;
        pid_t first = fork();
        if (first == 0)
                _exit(0);
        pid_t second = fork();
        if (second == 0)
                _exit(body_sleep(NULL));
        assert_int_equal(inherited_list(&children), 0);
        assert_int_equal(children.n, 2);
        assert_int_equal(children.pids[0], first);
        assert_int_equal(children.pids[1], second);
        pid_t later = fork();
        if (later == 0)
                _exit(0);

        assert_int_equal(engine_new(/* factory= */ NULL, NULL, &engine), 0);
        assert_int_equal(inherited_reap(&children, engine, event), 0);
        run_until(event, child_is_reaped, &first);
        assert_false(child_is_reaped(&second));
        assert_int_equal(kill(second, SIGKILL), 0);
        run_until(event, child_is_reaped, &second);
        assert_int_equal(wait_for(later), 0);
        engine_free(engine);
        sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scratch_group_goes_when_the_last_of_it_has_died),
                cmocka_unit_test(test_members_of_a_group_are_reaped_without_their_number),
                cmocka_unit_test(test_inherited_children_without_a_unit_are_reaped),
        };
        return cmocka_run_group_tests(tests, make_homes, leave_homes);
}
