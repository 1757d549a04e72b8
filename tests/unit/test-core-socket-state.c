/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/socket-state.h"

static void test_a_socket_follows_its_service(void **state) {
        static const struct {
                SocketState from;
                UnitActiveState service;
                bool start_pending, limit_hit;
                SocketState to;
        } cases[] = {
                { SOCKET_LISTENING, UNIT_INACTIVE, false, false, SOCKET_LISTENING },
                { SOCKET_LISTENING, UNIT_INACTIVE, true, false, SOCKET_RUNNING },
                { SOCKET_LISTENING, UNIT_ACTIVATING, false, false, SOCKET_RUNNING },
                { SOCKET_LISTENING, UNIT_ACTIVE, false, false, SOCKET_RUNNING },
                { SOCKET_RUNNING, UNIT_ACTIVE, false, false, SOCKET_RUNNING },
                { SOCKET_RUNNING, UNIT_RELOADING, false, false, SOCKET_RUNNING },
                { SOCKET_RUNNING, UNIT_DEACTIVATING, false, false, SOCKET_RUNNING },
                { SOCKET_RUNNING, UNIT_INACTIVE, false, false, SOCKET_LISTENING },
                { SOCKET_RUNNING, UNIT_INACTIVE, true, false, SOCKET_RUNNING },
                { SOCKET_RUNNING, UNIT_STATE_FAILED, false, false, SOCKET_LISTENING },
                { SOCKET_RUNNING, UNIT_STATE_FAILED, false, true, SOCKET_FAILED },
                { SOCKET_LISTENING, UNIT_STATE_FAILED, false, true, SOCKET_LISTENING },
                { SOCKET_DEAD, UNIT_ACTIVE, true, false, SOCKET_DEAD },
                { SOCKET_FAILED, UNIT_ACTIVE, true, false, SOCKET_FAILED },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const SocketService service = {
                        .active = cases[i].service,
                        .start_pending = cases[i].start_pending,
                        .start_limit_hit = cases[i].limit_hit,
                };
                SocketResult result = SOCKET_SUCCESS;

                assert_int_equal(socket_next_state(cases[i].from, &service, &result), cases[i].to);
                assert_int_equal(result,
                                cases[i].to == SOCKET_FAILED && cases[i].from != SOCKET_FAILED
                                                ? SOCKET_FAILURE_SERVICE_START_LIMIT_HIT
                                                : SOCKET_SUCCESS);
        }
}

static void test_traffic_is_watched_for_only_while_somebody_has_to_be_woken(void **state) {
        const SocketService awake = { .active = UNIT_ACTIVE };
        const SocketService asleep = { .active = UNIT_ACTIVE, .asleep = true };

        (void) state;
        assert_true(socket_watches(SOCKET_LISTENING, &awake));
        assert_false(socket_watches(SOCKET_RUNNING, &awake));
        assert_true(socket_watches(SOCKET_RUNNING, &asleep));
        assert_false(socket_watches(SOCKET_DEAD, &asleep));
        assert_false(socket_watches(SOCKET_FAILED, &asleep));
}

static void test_a_window_takes_its_burst_and_no_more_until_it_has_passed(void **state) {
        const RateSpec limit = { .interval_usec = 100, .burst = 3 };
        RateWindow w = {};

        (void) state;
        assert_true(rate_window_count(&w, &limit, 1000));
        assert_true(rate_window_count(&w, &limit, 1050));
        assert_true(rate_window_count(&w, &limit, 1099));
        assert_false(rate_window_count(&w, &limit, 1099));
        assert_int_equal(rate_window_end(&w, &limit), 1100);
        assert_true(rate_window_count(&w, &limit, 1100));
        assert_int_equal(w.count, 1);
}

static void test_no_interval_or_no_burst_is_no_limit(void **state) {
        const RateSpec no_interval = { .burst = 1 }, no_burst = { .interval_usec = 100 };
        RateWindow w = {};

        (void) state;
        for (unsigned i = 0; i < 100; i++) {
                assert_true(rate_window_count(&w, &no_interval, 5));
                assert_true(rate_window_count(&w, &no_burst, 5));
        }
}

static void test_names_are_systemds_and_lead_back(void **state) {
        (void) state;
        for (SocketState s = 0; s < _SOCKET_STATE_MAX; s++)
                assert_int_equal(socket_state_from_string(socket_state_to_string(s)), s);
        for (SocketResult r = 0; r < _SOCKET_RESULT_MAX; r++)
                assert_int_equal(socket_result_from_string(socket_result_to_string(r)), r);
        assert_true(socket_state_from_string("nonsense") < 0);
        assert_true(socket_result_from_string(NULL) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_socket_follows_its_service),
                cmocka_unit_test(test_traffic_is_watched_for_only_while_somebody_has_to_be_woken),
                cmocka_unit_test(test_a_window_takes_its_burst_and_no_more_until_it_has_passed),
                cmocka_unit_test(test_no_interval_or_no_burst_is_no_limit),
                cmocka_unit_test(test_names_are_systemds_and_lead_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
