/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "core/engine.h"
#include "core/history.h"

static const JobOrigin by_root = { .command = "supctl start web", .uid = 0, .pid = 7 };

static UnitStatus status_of(UnitActiveState active, const char *sub) {
        return (UnitStatus) {
                .active = active,
                .sub = sub,
                .result = "success",
                .next_restart_monotonic_usec = USEC_INFINITY,
        };
}

static void assert_event(const History *h, size_t index, const char *key, const char *value) {
        _cleanup_(record_freep) Record *record = NULL;

        assert_true(index < history_size(h));
        assert_int_equal(record_parse(history_at(h, index), &record), 0);
        if (value)
                assert_string_equal(record_get(record, key), value);
        else
                assert_null(record_get(record, key));
}

static void crash(History *h, unsigned n) {
        UnitStatus s = status_of(UNIT_ACTIVATING, "auto-restart");

        s.n_restarts = n;
        s.result = "exit-code";
        s.exit = (ExitInfo) { .code = CLD_EXITED, .status = 7 };
        s.state_entered = (DualTime) { .realtime_usec = 1000, .monotonic_usec = 100 };
        s.next_restart_monotonic_usec = 150;
        history_state(h, &s);
}

static void test_a_request_names_who_made_it(void **state) {
        JobOrigin through = by_root;
        History h = {};

        (void) state;
        through.unit = "web.service";
        through.why = "Requires";
        history_asked(&h, 5, 3, "start", &by_root);
        history_asked(&h, 5, 4, "start", &through);
        assert_int_equal(history_size(&h), 2);
        assert_event(&h, 0, "Command", "supctl start web");
        assert_event(&h, 0, "Uid", "0");
        assert_event(&h, 0, "Pid", "7");
        assert_event(&h, 0, "Job", "3");
        assert_event(&h, 0, "Unit", NULL);
        assert_event(&h, 1, "Unit", "web.service");
        assert_event(&h, 1, "Why", "Requires");
        history_done(&h);
        assert_int_equal(history_size(&h), 0);
}

static void test_states_passed_through_are_not_noted(void **state) {
        static const UnitActiveState through[] = {
                UNIT_ACTIVATING, UNIT_DEACTIVATING, UNIT_RELOADING
        };
        History h = {};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(through); i++) {
                UnitStatus s = status_of(through[i], "x");
                history_state(&h, &s);
        }
        assert_int_equal(history_size(&h), 0);
}

static void test_a_state_is_noted_once(void **state) {
        UnitStatus runs = status_of(UNIT_ACTIVE, "running");
        UnitStatus off = status_of(UNIT_INACTIVE, "dead");
        History h = {};

        (void) state;
        history_state(&h, &off); /* as it was first seen */
        assert_int_equal(history_size(&h), 0);
        history_state(&h, &runs);
        history_state(&h, &runs);
        assert_int_equal(history_size(&h), 1);
        history_state(&h, &off);
        assert_int_equal(history_size(&h), 2);
        assert_event(&h, 1, "ActiveState", "inactive");
        history_done(&h);
}

static void test_a_wait_for_a_restart_tells_the_exit_and_the_next_start(void **state) {
        History h = {};

        (void) state;
        crash(&h, 1);
        assert_event(&h, 0, "Code", "exited");
        assert_event(&h, 0, "Status", "7");
        assert_event(&h, 0, "NextStart", "1050");
        assert_event(&h, 0, "Restarts", "1");
        history_done(&h);
}

static void test_the_last_request_outlives_the_ring(void **state) {
        History h = {};

        (void) state;
        history_asked(&h, 5, 3, "start", &by_root);
        for (unsigned i = 0; i < 100; i++)
                crash(&h, i);
        assert_int_equal(history_size(&h), HISTORY_MAX + 1);
        assert_event(&h, 0, "Event", "asked");
        assert_event(&h, HISTORY_MAX, "Restarts", "99");
        history_asked(&h, 6, 4, "stop", &by_root);
        assert_int_equal(history_size(&h), HISTORY_MAX);
        assert_event(&h, HISTORY_MAX - 1, "JobType", "stop");
        history_done(&h);
}

static void test_a_next_supd_goes_on_with_it(void **state) {
        _cleanup_(record_freep) Record *record = NULL;
        UnitStatus runs = status_of(UNIT_ACTIVE, "running");
        RecordWriter w = {};
        History h = {}, next = {};

        (void) state;
        history_asked(&h, 5, 3, "start", &by_root);
        history_ended(&h, 6, 3, "start", "failed", "a\nb");
        history_state(&h, &runs);
        history_put(&h, &w);
        assert_int_equal(w.result, 0);
        assert_int_equal(record_parse(w.text, &record), 0);
        assert_int_equal(history_get(&next, record), 0);
        assert_int_equal(history_size(&next), 3);
        assert_event(&next, 1, "Text", "a\nb");
        history_state(&next, &runs); /* no news */
        assert_int_equal(history_size(&next), 3);
        record_writer_done(&w);
        history_done(&h);
        history_done(&next);
}

static void test_a_long_command_is_cut_between_characters(void **state) {
        char command[300] = "x";
        JobOrigin origin = { .command = command };
        _cleanup_(record_freep) Record *record = NULL;
        History h = {};

        (void) state;
        for (size_t i = 1; i + 2 < sizeof(command); i += 2)
                memcpy(command + i, "\xc3\xa4", 2);
        history_asked(&h, 5, 3, "start", &origin);
        assert_int_equal(record_parse(history_at(&h, 0), &record), 0);
        const char *cut = record_get(record, "Command");
        assert_int_equal(strlen(cut) % 2, 1); /* whole characters of two bytes */
        assert_true(strlen(cut) <= HISTORY_COMMAND_MAX);
        history_done(&h);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_request_names_who_made_it),
                cmocka_unit_test(test_states_passed_through_are_not_noted),
                cmocka_unit_test(test_a_state_is_noted_once),
                cmocka_unit_test(test_a_wait_for_a_restart_tells_the_exit_and_the_next_start),
                cmocka_unit_test(test_the_last_request_outlives_the_ring),
                cmocka_unit_test(test_a_next_supd_goes_on_with_it),
                cmocka_unit_test(test_a_long_command_is_cut_between_characters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
