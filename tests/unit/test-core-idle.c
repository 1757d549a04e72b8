/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/idle.h"

static Idle awake(void) {
        Idle i = {};

        assert_int_equal(idle_handle(&i, IDLE_EV_RUNS), IDLE_STEP_WAIT);
        assert_int_equal(i.state, IDLE_AWAKE);
        return i;
}

static Idle asleep(void) {
        Idle i = awake();

        while (i.state == IDLE_AWAKE)
                (void) idle_handle(&i, IDLE_EV_QUIET);
        (void) idle_handle(&i, IDLE_EV_FROZEN);
        (void) idle_handle(&i, IDLE_EV_QUIET);
        assert_int_equal(i.state, IDLE_ASLEEP);
        return i;
}

static void test_it_is_frozen_once_it_was_quiet_for_the_whole_time(void **state) {
        Idle i = awake();
        uint64_t passed = 0, timeout = 10 * USEC_PER_SEC;
        IdleStep step = IDLE_STEP_WAIT;

        (void) state;
        /* Somebody may have gone right after the first look that sees nobody: what counts begins there. */
        for (unsigned looks = 0; step == IDLE_STEP_WAIT; looks++) {
                passed += looks > 0 ? idle_look_usec(timeout) : 0;
                step = idle_handle(&i, IDLE_EV_QUIET);
        }
        assert_int_equal(step, IDLE_STEP_FREEZE);
        assert_true(passed >= timeout && passed <= timeout + timeout / 2);
}

static void test_a_connection_begins_the_time_anew(void **state) {
        Idle i = awake();

        (void) state;
        for (unsigned n = 0; n < 10; n++) {
                assert_int_equal(idle_handle(&i, IDLE_EV_QUIET), IDLE_STEP_WAIT);
                assert_int_equal(idle_handle(&i, IDLE_EV_QUIET), IDLE_STEP_WAIT);
                assert_int_equal(idle_handle(&i, IDLE_EV_BUSY), IDLE_STEP_WAIT);
        }
        assert_int_equal(i.state, IDLE_AWAKE);
}

static void test_who_comes_while_it_is_frozen_is_seen_by_the_last_look(void **state) {
        Idle i = awake();

        (void) state;
        while (idle_handle(&i, IDLE_EV_QUIET) != IDLE_STEP_FREEZE)
                ;
        assert_int_equal(idle_handle(&i, IDLE_EV_FROZEN), IDLE_STEP_LOOK);
        assert_int_equal(idle_handle(&i, IDLE_EV_BUSY), IDLE_STEP_THAW);
        assert_int_equal(idle_handle(&i, IDLE_EV_TRAFFIC), IDLE_STEP_NONE);
        assert_int_equal(idle_handle(&i, IDLE_EV_THAWED), IDLE_STEP_WAIT);
        assert_int_equal(i.state, IDLE_AWAKE);
}

static void test_traffic_wakes_it_once(void **state) {
        Idle i = asleep();

        (void) state;
        assert_int_equal(idle_handle(&i, IDLE_EV_TRAFFIC), IDLE_STEP_THAW);
        assert_int_equal(idle_handle(&i, IDLE_EV_TRAFFIC), IDLE_STEP_NONE);
        assert_int_equal(idle_handle(&i, IDLE_EV_THAWED), IDLE_STEP_WAIT);
}

static void test_a_pause_is_never_ended_by_traffic(void **state) {
        Idle starts[] = { awake(), asleep() };

        (void) state;
        for (size_t k = 0; k < ELEMENTSOF(starts); k++) {
                Idle i = starts[k];

                assert_int_equal(idle_handle(&i, IDLE_EV_PAUSE), IDLE_STEP_FORGET);
                (void) idle_handle(&i, IDLE_EV_FROZEN);
                assert_int_equal(idle_handle(&i, IDLE_EV_TRAFFIC), IDLE_STEP_NONE);
                assert_int_equal(idle_handle(&i, IDLE_EV_QUIET), IDLE_STEP_NONE);
                assert_int_equal(i.state, IDLE_HELD);
                assert_int_equal(idle_handle(&i, IDLE_EV_THAWED), IDLE_STEP_WAIT);
                assert_int_equal(i.state, IDLE_AWAKE);
        }
}

static void test_the_end_of_the_run_ends_it_in_every_state(void **state) {
        (void) state;
        for (IdleState s = 0; s < _IDLE_STATE_MAX; s++) {
                Idle i = { .state = s, .n_quiet = 1 };

                assert_int_equal(idle_handle(&i, IDLE_EV_ENDS), IDLE_STEP_FORGET);
                assert_int_equal(i.state, IDLE_OFF);
                assert_int_equal(i.n_quiet, 0);
                assert_int_equal(idle_state_from_string(idle_state_to_string(s)), s);
        }
}

static void test_what_sleeps_or_is_held_asks_for_no_looks(void **state) {
        (void) state;
        for (IdleEvent e = 0; e < _IDLE_EVENT_MAX; e++) {
                Idle i = asleep(), held = { .state = IDLE_HELD };
                bool wakes = e == IDLE_EV_THAWED;

                assert_int_equal(idle_handle(&i, e) == IDLE_STEP_WAIT, wakes);
                assert_int_equal(idle_handle(&held, e) == IDLE_STEP_WAIT, wakes);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_it_is_frozen_once_it_was_quiet_for_the_whole_time),
                cmocka_unit_test(test_a_connection_begins_the_time_anew),
                cmocka_unit_test(test_who_comes_while_it_is_frozen_is_seen_by_the_last_look),
                cmocka_unit_test(test_traffic_wakes_it_once),
                cmocka_unit_test(test_a_pause_is_never_ended_by_traffic),
                cmocka_unit_test(test_the_end_of_the_run_ends_it_in_every_state),
                cmocka_unit_test(test_what_sleeps_or_is_held_asks_for_no_looks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
