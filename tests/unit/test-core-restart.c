/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/restart.h"

static RestartSpec spec_with(RestartPolicy policy) {
        return (RestartSpec) {
                .policy = policy,
                .delay_usec = 100 * USEC_PER_MSEC,
                .delay_max_usec = USEC_INFINITY,
                .reset_usec = USEC_INFINITY,
                .limit_interval_usec = 10 * USEC_PER_SEC,
                .limit_burst = 5,
        };
}

static ExitInfo exited(int status) {
        return (ExitInfo) { .code = CLD_EXITED, .status = status };
}

static ExitInfo killed(int signal) {
        return (ExitInfo) { .code = CLD_KILLED, .status = signal };
}

static void add_status(ExitSet *set, int status) {
        set->statuses[status / 64] |= UINT64_C(1) << (status % 64);
}

static void add_signal(ExitSet *set, int signal) {
        set->signals |= UINT64_C(1) << (signal - 1);
}

/* The table of UNITS.md 4.4, spelled out: an x is a restart. */
static void test_restart_policies_follow_the_table(void **state) {
        static const struct {
                RestartPolicy policy;
                const char *row;
        } rows[] = {
                /* clean, exit code, signal, core, timeout, watchdog, oom, protocol, resources */
                { RESTART_NO, "         " },
                { RESTART_ON_SUCCESS, "x        " },
                { RESTART_ON_FAILURE, " xxxxxxxx" },
                { RESTART_ON_ABNORMAL, "  xxxxxxx" },
                { RESTART_ON_ABORT, "  xx     " },
                { RESTART_ON_WATCHDOG, "     x   " },
                { RESTART_ALWAYS, "xxxxxxxxx" },
        };
        static const ServiceResult columns[] = {
                SERVICE_SUCCESS,
                SERVICE_FAILURE_EXIT_CODE,
                SERVICE_FAILURE_SIGNAL,
                SERVICE_FAILURE_CORE_DUMP,
                SERVICE_FAILURE_TIMEOUT,
                SERVICE_FAILURE_WATCHDOG,
                SERVICE_FAILURE_OOM_KILL,
                SERVICE_FAILURE_PROTOCOL,
                SERVICE_FAILURE_RESOURCES,
        };

        (void) state;
        assert_int_equal(ELEMENTSOF(rows), _RESTART_POLICY_MAX);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                RestartSpec spec = spec_with(rows[i].policy);
                for (size_t k = 0; k < ELEMENTSOF(columns); k++)
                        assert_int_equal(restart_is_wanted(&spec, columns[k], exited(1)),
                                        rows[i].row[k] == 'x');
        }
}

static void test_nothing_restarts_once_the_start_limit_is_hit(void **state) {
        RestartSpec spec = spec_with(RESTART_ALWAYS);

        (void) state;
        add_status(&spec.force, 1);
        assert_false(restart_is_wanted(&spec, SERVICE_FAILURE_START_LIMIT_HIT, exited(1)));
}

static void test_prevent_is_asked_before_force(void **state) {
        RestartSpec spec = spec_with(RESTART_NO);

        (void) state;
        add_status(&spec.force, 3);
        assert_true(restart_is_wanted(&spec, SERVICE_FAILURE_EXIT_CODE, exited(3)));
        add_status(&spec.prevent, 3);
        assert_false(restart_is_wanted(&spec, SERVICE_FAILURE_EXIT_CODE, exited(3)));
}

static void test_exit_sets_see_a_signal_both_ways(void **state) {
        ExitSet by_signal = {}, by_status = {};

        (void) state;
        add_signal(&by_signal, SIGTERM);
        add_status(&by_status, 128 + SIGTERM);
        assert_true(exit_set_matches(&by_signal, killed(SIGTERM)));
        assert_true(exit_set_matches(&by_status, killed(SIGTERM)));
        assert_false(exit_set_matches(&by_signal, killed(SIGKILL)));
        assert_false(exit_set_matches(&by_signal, exited(SIGTERM)));
        assert_false(exit_set_matches(&by_signal, (ExitInfo) {}));
}

static void test_ends_are_classified_as_systemd_does(void **state) {
        RestartSpec spec = spec_with(RESTART_NO);

        (void) state;
        assert_int_equal(exit_classify(&spec, SERVICE_NOTIFY, exited(0)), SERVICE_SUCCESS);
        assert_int_equal(
                        exit_classify(&spec, SERVICE_NOTIFY, exited(1)), SERVICE_FAILURE_EXIT_CODE);
        assert_int_equal(exit_classify(&spec, SERVICE_NOTIFY, killed(SIGTERM)), SERVICE_SUCCESS);
        assert_int_equal(exit_classify(&spec, SERVICE_NOTIFY, killed(SIGPIPE)), SERVICE_SUCCESS);
        assert_int_equal(exit_classify(&spec, SERVICE_ONESHOT, killed(SIGTERM)),
                        SERVICE_FAILURE_SIGNAL);
        assert_int_equal(exit_classify(&spec, SERVICE_NOTIFY, killed(SIGSEGV)),
                        SERVICE_FAILURE_SIGNAL);
        assert_int_equal(exit_classify(&spec,
                                         SERVICE_NOTIFY,
                                         (ExitInfo) { .code = CLD_DUMPED, .status = SIGSEGV }),
                        SERVICE_FAILURE_CORE_DUMP);
        assert_int_equal(exit_classify(&spec, SERVICE_NOTIFY, (ExitInfo) {}),
                        SERVICE_FAILURE_PROTOCOL);
        add_status(&spec.success, 42);
        assert_int_equal(exit_classify(&spec, SERVICE_NOTIFY, exited(42)), SERVICE_SUCCESS);
}

/* UNITS.md's example: R=1s M=16s N=4 gives 1, 2, 4, 8, 16, 16, ... */
static void test_back_off_grows_in_steps_to_its_largest_delay(void **state) {
        static const uint64_t wanted[] = { 1, 2, 4, 8, 16, 16, 16 };
        RestartSpec spec = spec_with(RESTART_ALWAYS);

        (void) state;
        spec.delay_usec = USEC_PER_SEC;
        spec.delay_max_usec = 16 * USEC_PER_SEC;
        spec.steps = 4;
        for (unsigned i = 0; i < ELEMENTSOF(wanted); i++)
                assert_int_equal(restart_delay_usec(&spec, i + 1), wanted[i] * USEC_PER_SEC);
        assert_int_equal(restart_delay_usec(&spec, UINT32_MAX), 16 * USEC_PER_SEC);
}

static void test_back_off_needs_steps_and_a_larger_maximum(void **state) {
        RestartSpec spec = spec_with(RESTART_ALWAYS);

        (void) state;
        spec.delay_usec = USEC_PER_SEC;
        assert_int_equal(restart_delay_usec(&spec, 9), USEC_PER_SEC); /* neither */
        spec.steps = 4;
        assert_int_equal(restart_delay_usec(&spec, 9), USEC_PER_SEC); /* no maximum */
        spec.steps = 0;
        spec.delay_max_usec = 8 * USEC_PER_SEC;
        assert_int_equal(restart_delay_usec(&spec, 9), USEC_PER_SEC); /* no steps */
        spec.steps = 4;
        spec.delay_max_usec = USEC_PER_SEC / 2;
        assert_int_equal(restart_delay_usec(&spec, 9), USEC_PER_SEC / 2); /* M < R lowers R */
        spec.delay_usec = 0;
        spec.delay_max_usec = 8 * USEC_PER_SEC;
        assert_int_equal(restart_delay_usec(&spec, 9), 0);
}

static void test_start_limit_is_a_fixed_window_opened_by_its_first_start(void **state) {
        RestartSpec spec = spec_with(RESTART_ALWAYS);
        StartLimit limit = START_LIMIT_CLEAR;
        uint64_t now = 1000 * USEC_PER_SEC;

        (void) state;
        for (unsigned i = 0; i < spec.limit_burst; i++) {
                assert_true(start_limit_allows(&limit, &spec, now + i * USEC_PER_SEC));
                start_limit_count(&limit, &spec, now + i * USEC_PER_SEC);
        }
        assert_false(start_limit_allows(&limit, &spec, now + 9 * USEC_PER_SEC));
        assert_true(start_limit_allows(&limit, &spec, now + 10 * USEC_PER_SEC));
        start_limit_count(&limit, &spec, now + 10 * USEC_PER_SEC);
        assert_int_equal(limit.count, 1);
}

static void test_interval_zero_lifts_the_start_limit(void **state) {
        RestartSpec spec = spec_with(RESTART_ALWAYS);
        StartLimit limit = START_LIMIT_CLEAR;

        (void) state;
        spec.limit_interval_usec = 0;
        for (unsigned i = 0; i < 1000; i++) {
                assert_true(start_limit_allows(&limit, &spec, 5));
                start_limit_count(&limit, &spec, 5);
        }
}

static void test_every_result_has_a_name_that_leads_back(void **state) {
        (void) state;
        for (ServiceResult r = 0; r < _SERVICE_RESULT_MAX; r++)
                assert_int_equal(service_result_from_string(service_result_to_string(r)), r);
        assert_int_equal(service_result_from_string("nonsense"), _SERVICE_RESULT_INVALID);
        assert_null(service_result_to_string(_SERVICE_RESULT_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_restart_policies_follow_the_table),
                cmocka_unit_test(test_nothing_restarts_once_the_start_limit_is_hit),
                cmocka_unit_test(test_prevent_is_asked_before_force),
                cmocka_unit_test(test_exit_sets_see_a_signal_both_ways),
                cmocka_unit_test(test_ends_are_classified_as_systemd_does),
                cmocka_unit_test(test_back_off_grows_in_steps_to_its_largest_delay),
                cmocka_unit_test(test_back_off_needs_steps_and_a_larger_maximum),
                cmocka_unit_test(test_start_limit_is_a_fixed_window_opened_by_its_first_start),
                cmocka_unit_test(test_interval_zero_lifts_the_start_limit),
                cmocka_unit_test(test_every_result_has_a_name_that_leads_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
