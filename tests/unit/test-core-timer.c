/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

/* When timers start their units, with clocks that the test sets. */

#include "base/text.h"
#include "core/timer.h"

#define SECONDS(n) ((n) *USEC_PER_SEC)
/* 2026-06-01 00:00:00 UTC */
#define MIDNIGHT UINT64_C(1780272000)

typedef struct World {
        Timer timer; /* first */
        TimerSpec spec;
        TriggeredUnit unit;
        DualTime now;
        uint64_t armed_monotonic, armed_realtime, random;
        unsigned n_triggers;
        int trigger_result;
} World;

static void world_arm(Timer *t, uint64_t monotonic_usec, uint64_t realtime_usec) {
        World *w = CONTAINER_OF(t, World, timer);

        w->armed_monotonic = monotonic_usec;
        w->armed_realtime = realtime_usec;
}

/* As an engine does it: a job is there until the unit is up. */
static int world_trigger(Timer *t) {
        World *w = CONTAINER_OF(t, World, timer);

        if (w->trigger_result < 0)
                return w->trigger_result;
        w->n_triggers++;
        w->unit.is_off = false;
        w->unit.active = w->now;
        return 0;
}

static void world_changed(Timer *t, TimerState old) {
        (void) t, (void) old;
}

static uint64_t world_random(void) {
        return 12345678901;
}

static const TimerOps ops = {
        .arm = world_arm,
        .trigger = world_trigger,
        .changed = world_changed,
        .random = world_random,
};

static int setup(void **state) {
        World *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        timer_spec_init(&w->spec);
        w->now = (DualTime) { .realtime_usec = SECONDS(MIDNIGHT), .monotonic_usec = SECONDS(1000) };
        w->unit.is_off = true;
        *state = w;
        return 0;
}

static int teardown(void **state) {
        World *w = *state;

        timer_done(&w->timer);
        timer_spec_done(&w->spec);
        free(w);
        return 0;
}

static void add(World *w, TimerBase base, uint64_t span_usec) {
        TimerValue value = { .base = base, .span_usec = span_usec, .place = w->spec.n_values };

        assert_int_equal(timer_spec_add(&w->spec, &value), 0);
}

static void add_calendar(World *w, const char *expression) {
        TimerValue value = { .base = TIMER_CALENDAR, .place = w->spec.n_values };

        assert_int_equal(calendar_parse(expression, &value.calendar, NULL), 0);
        assert_int_equal(timer_spec_add(&w->spec, &value), 0);
}

static void start_at(World *w, uint64_t last_realtime_usec) {
        if (!w->timer.ops) {
                timer_init(&w->timer, &ops, &w->spec);
                w->timer.startup_usec = SECONDS(900);
                w->timer.stable = timer_stable_number("0123", "backup.timer");
        }
        timer_start(&w->timer, &w->unit, last_realtime_usec, w->now);
}

static void start(World *w) {
        start_at(w, 0);
}

static void pass(World *w, uint64_t usec) {
        w->now.realtime_usec += usec;
        w->now.monotonic_usec += usec;
}

/* Time goes on for so long; what is armed comes when it comes. */
static void wait_for(World *w, uint64_t usec) {
        DualTime end = { .realtime_usec = w->now.realtime_usec + usec,
                .monotonic_usec = w->now.monotonic_usec + usec };

        for (;;) {
                uint64_t left = MIN(usec_sub(w->armed_monotonic, w->now.monotonic_usec),
                                usec_sub(w->armed_realtime, w->now.realtime_usec));
                if (left > end.monotonic_usec - w->now.monotonic_usec)
                        break;
                pass(w, left);
                timer_elapsed(&w->timer, w->now);
        }
        w->now = end;
}

static void unit_ends(World *w) {
        w->unit.is_off = true;
        w->unit.inactive = w->now;
        timer_unit_changed(&w->timer, &w->unit, w->now);
}

static void unit_starts(World *w) {
        w->unit.is_off = false;
        w->unit.active = w->now;
        timer_unit_changed(&w->timer, &w->unit, w->now);
}

static void assert_state(const World *w, TimerState state) {
        assert_string_equal(timer_state_to_string(w->timer.state), timer_state_to_string(state));
}

/* Seconds of the monotonic clock from now on. */
static void assert_due_in(const World *w, uint64_t seconds) {
        assert_state(w, TIMER_STATE_WAITING);
        assert_int_equal(w->armed_monotonic, w->now.monotonic_usec + SECONDS(seconds));
}

/* Seconds since midnight of the first day. */
static void assert_due_at(const World *w, uint64_t seconds) {
        assert_state(w, TIMER_STATE_WAITING);
        assert_int_equal(w->armed_realtime, SECONDS(MIDNIGHT + seconds));
}

static void test_on_active_counts_from_the_start_of_the_timer_and_is_over_then(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(10));
        start(w);
        assert_due_in(w, 10);
        wait_for(w, SECONDS(9));
        assert_int_equal(w->n_triggers, 0);
        wait_for(w, SECONDS(1));
        assert_int_equal(w->n_triggers, 1);
        assert_state(w, TIMER_STATE_RUNNING);
        pass(w, SECONDS(5));
        unit_ends(w);
        assert_state(w, TIMER_STATE_ELAPSED);
        assert_true(w->armed_monotonic == USEC_INFINITY);

        timer_stop(&w->timer, w->now);
        assert_state(w, TIMER_STATE_DEAD);
        start(w);
        assert_due_in(w, 10);
}

static void test_several_single_times_come_one_after_the_other(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(10));
        add(w, TIMER_ACTIVE, SECONDS(30));
        start(w);
        wait_for(w, SECONDS(10));
        unit_ends(w);
        assert_due_in(w, 20);
        wait_for(w, SECONDS(20));
        unit_ends(w);
        assert_state(w, TIMER_STATE_ELAPSED);
        assert_int_equal(w->n_triggers, 2);
}

static void test_a_single_time_that_comes_while_the_unit_runs_is_left_out(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(10));
        add(w, TIMER_ACTIVE, SECONDS(12));
        start(w);
        wait_for(w, SECONDS(10));
        pass(w, SECONDS(5));
        unit_ends(w);
        assert_state(w, TIMER_STATE_ELAPSED);
        assert_int_equal(w->n_triggers, 1);
}

static void test_what_boot_or_startup_is_past_comes_at_once_and_only_once(void **state) {
        World *w = *state;

        add(w, TIMER_BOOT, SECONDS(60));
        add(w, TIMER_STARTUP, SECONDS(150));
        start(w);
        assert_state(w, TIMER_STATE_WAITING);
        assert_int_equal(w->armed_monotonic, SECONDS(60));
        wait_for(w, 0);
        assert_int_equal(w->n_triggers, 1);
        unit_ends(w);
        assert_due_in(w, 50); /* 150 s after 900 s */
        wait_for(w, SECONDS(50));
        unit_ends(w);
        assert_state(w, TIMER_STATE_ELAPSED);
        assert_int_equal(w->n_triggers, 2);
}

static void test_on_unit_active_is_silent_until_the_unit_has_run(void **state) {
        World *w = *state;

        add(w, TIMER_UNIT_ACTIVE, SECONDS(60));
        start(w);
        assert_state(w, TIMER_STATE_ELAPSED);
        pass(w, SECONDS(100));
        unit_starts(w);
        assert_due_in(w, 60);
        pass(w, SECONDS(10));
        unit_ends(w);
        assert_due_in(w, 50);
        wait_for(w, SECONDS(50));
        assert_int_equal(w->n_triggers, 1);
        pass(w, SECONDS(5));
        unit_ends(w);
        assert_due_in(w, 55);
}

static void test_on_unit_inactive_counts_from_its_end(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(1));
        add(w, TIMER_UNIT_INACTIVE, SECONDS(60));
        start(w);
        wait_for(w, SECONDS(1));
        pass(w, SECONDS(30));
        unit_ends(w);
        assert_due_in(w, 60);
}

static void test_a_start_that_came_to_nothing_is_no_reason_to_hurry(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(1));
        add(w, TIMER_UNIT_ACTIVE, SECONDS(60));
        start(w);
        wait_for(w, SECONDS(1));
        /* Its job has failed before anything began: the unit knows of no start. */
        w->unit = (TriggeredUnit) { .is_off = true };
        timer_unit_changed(&w->timer, &w->unit, w->now);
        assert_due_in(w, 60);
}

static void test_while_the_unit_runs_nothing_is_waited_for(void **state) {
        World *w = *state;

        add_calendar(w, "*:*:00 UTC");
        start(w);
        assert_due_at(w, 60);
        wait_for(w, SECONDS(60));
        assert_state(w, TIMER_STATE_RUNNING);
        assert_true(w->armed_realtime == USEC_INFINITY);
        wait_for(w, SECONDS(200));
        assert_int_equal(w->n_triggers, 1);
        unit_ends(w);
        assert_due_at(w, 120); /* what was missed, once, and at once */
        wait_for(w, 0);
        assert_int_equal(w->n_triggers, 2);
        unit_ends(w);
        assert_due_at(w, 300);
}

static void test_defer_reactivation_leaves_out_what_came_while_the_unit_ran(void **state) {
        World *w = *state;

        add_calendar(w, "*:*:00 UTC");
        w->spec.defer_reactivation = true;
        start(w);
        wait_for(w, SECONDS(60));
        pass(w, SECONDS(200));
        unit_ends(w);
        assert_due_at(w, 300);
}

static void test_the_earliest_of_several_times_counts_on_each_clock(void **state) {
        World *w = *state;

        add_calendar(w, "12:00 UTC");
        add_calendar(w, "11:00 UTC");
        add(w, TIMER_ACTIVE, SECONDS(50));
        add(w, TIMER_ACTIVE, SECONDS(40));
        start(w);
        assert_due_at(w, 11 * 3600);
        assert_due_in(w, 40);
        assert_int_equal(w->timer.value_next_usec[0], SECONDS(MIDNIGHT + 12 * 3600));
        assert_int_equal(w->timer.value_next_usec[2], w->now.monotonic_usec + SECONDS(50));
}

static void test_a_calendar_that_is_over_leaves_an_elapsed_timer_or_none(void **state) {
        World *w = *state;

        add_calendar(w, "2026-06-01 10:00 UTC");
        start(w);
        wait_for(w, SECONDS(10 * 3600));
        unit_ends(w);
        assert_state(w, TIMER_STATE_ELAPSED);
        timer_stop(&w->timer, w->now);

        w->spec.remain_after_elapse = false;
        start(w);
        assert_state(w, TIMER_STATE_DEAD);
}

static void test_what_was_missed_while_nobody_was_there_comes_once_after_the_start(void **state) {
        World *w = *state;

        add_calendar(w, "*:00:00 UTC");
        start_at(w, SECONDS(MIDNIGHT - 5 * 3600 - 10));
        /* Due when supd came, which is 100 s ago: random delays count from there. */
        assert_state(w, TIMER_STATE_WAITING);
        assert_int_equal(w->armed_realtime, w->now.realtime_usec - SECONDS(100));
        wait_for(w, 0);
        assert_int_equal(w->n_triggers, 1);
        unit_ends(w);
        assert_due_at(w, 3600);
}

static void test_nothing_was_missed_if_the_last_time_is_not_over(void **state) {
        World *w = *state;

        add_calendar(w, "*:00:00 UTC");
        pass(w, SECONDS(600));
        start_at(w, SECONDS(MIDNIGHT + 5));
        assert_due_at(w, 3600);
}

static void test_a_clock_that_is_set_moves_what_goes_by_it(void **state) {
        World *w = *state;

        add_calendar(w, "*:00:00 UTC");
        add(w, TIMER_ACTIVE, SECONDS(1000));
        start(w);
        w->now.realtime_usec += SECONDS(2 * 3600 + 60);
        timer_clock_changed(&w->timer, w->now);
        assert_true(w->armed_realtime <= w->now.realtime_usec); /* what was jumped over comes */
        assert_due_in(w, 1000);
        wait_for(w, 0);
        unit_ends(w);
        assert_due_at(w, 3 * 3600);
        /* Back again: not the last time decides, which has not been yet. */
        w->now.realtime_usec -= SECONDS(3600);
        timer_clock_changed(&w->timer, w->now);
        assert_due_at(w, 2 * 3600);
        assert_int_equal(w->n_triggers, 1);
}

static void test_on_clock_and_on_timezone_change_start_the_unit(void **state) {
        World *w = *state;

        w->spec.on_clock_change = true;
        start(w);
        assert_state(w, TIMER_STATE_WAITING);
        assert_true(w->armed_monotonic == USEC_INFINITY && w->armed_realtime == USEC_INFINITY);
        timer_timezone_changed(&w->timer, w->now);
        assert_int_equal(w->n_triggers, 0);
        timer_clock_changed(&w->timer, w->now);
        assert_int_equal(w->n_triggers, 1);
        timer_clock_changed(&w->timer, w->now); /* it runs */
        assert_int_equal(w->n_triggers, 1);
        unit_ends(w);
        assert_state(w, TIMER_STATE_WAITING);
        w->spec.on_timezone_change = true;
        timer_timezone_changed(&w->timer, w->now);
        assert_int_equal(w->n_triggers, 2);
}

static void test_a_random_delay_is_below_its_limit_and_may_be_fixed(void **state) {
        World *w = *state;
        uint64_t base, first;

        add(w, TIMER_ACTIVE, SECONDS(10));
        w->spec.random_delay_usec = SECONDS(100);
        start(w);
        base = w->now.monotonic_usec + SECONDS(10);
        assert_int_equal(w->armed_monotonic, base + world_random() % SECONDS(100));
        timer_stop(&w->timer, w->now);

        w->spec.fixed_random_delay = true;
        start(w);
        first = w->armed_monotonic;
        assert_true(first >= base && first < base + SECONDS(100));
        assert_true(first != base + world_random() % SECONDS(100));
        timer_stop(&w->timer, w->now);
        start(w);
        assert_int_equal(w->armed_monotonic, first);
}

static void test_a_random_offset_shifts_the_calendar_and_leaves_no_time_out(void **state) {
        World *w = *state;
        uint64_t offset;

        add_calendar(w, "*:00:00 UTC");
        w->spec.random_offset_usec = SECONDS(3600);
        start(w);
        assert_state(w, TIMER_STATE_WAITING);
        offset = w->armed_realtime - SECONDS(MIDNIGHT);
        assert_true(offset > 0 && offset <= SECONDS(3600));
        for (unsigned i = 1; i <= 5; i++) {
                wait_for(w, usec_sub(w->armed_realtime, w->now.realtime_usec));
                assert_int_equal(w->n_triggers, i);
                unit_ends(w);
                assert_int_equal(w->armed_realtime, SECONDS(MIDNIGHT + i * 3600) + offset);
        }
}

static void test_stable_numbers_differ_between_machines_and_units(void **state) {
        uint64_t n = timer_stable_number("a", "x.timer");

        (void) state;
        assert_true(n == timer_stable_number("a", "x.timer"));
        assert_true(n != timer_stable_number("b", "x.timer"));
        assert_true(n != timer_stable_number("a", "y.timer"));
        assert_true(timer_stable_number(NULL, "x.timer") != n);
}

static void test_a_unit_that_can_not_be_started_fails_the_timer(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(10));
        w->trigger_result = -ENOENT;
        start(w);
        wait_for(w, SECONDS(10));
        assert_state(w, TIMER_STATE_FAILED);
        assert_true(w->armed_monotonic == USEC_INFINITY);
        timer_unit_changed(&w->timer, &w->unit, w->now);
        assert_state(w, TIMER_STATE_FAILED);
        timer_reset_failed(&w->timer);
        assert_state(w, TIMER_STATE_DEAD);
        w->trigger_result = 0;
        start(w);
        assert_due_in(w, 10);
}

/* As a next supd does it: the moments are put back, then it goes on. */
static void come_back(World *w) {
        Timer was = w->timer;

        timer_done(&w->timer);
        timer_init(&w->timer, &ops, &w->spec);
        w->armed_monotonic = w->armed_realtime = USEC_INFINITY;
        w->timer.state = was.state;
        w->timer.activated = was.activated;
        w->timer.last_trigger = was.last_trigger;
        w->timer.spent_usec = was.spent_usec;
        w->timer.boot_usec = was.boot_usec;
        w->timer.startup_usec = was.startup_usec;
        w->timer.unit = was.unit;
        timer_resume(&w->timer, &w->unit, w->now);
}

static void test_a_next_supd_goes_on_where_the_last_one_was(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, SECONDS(10));
        add(w, TIMER_UNIT_INACTIVE, SECONDS(60));
        start(w);
        pass(w, SECONDS(4));
        come_back(w);
        assert_due_in(w, 6);
        pass(w, SECONDS(100)); /* nobody was there when it was due */
        come_back(w);
        wait_for(w, 0);
        assert_int_equal(w->n_triggers, 1);
        come_back(w);
        assert_state(w, TIMER_STATE_RUNNING);
        w->unit.is_off = true; /* it ended while nobody was there, and its end is not known */
        pass(w, SECONDS(20));
        come_back(w);
        assert_due_in(w, 40); /* after the last start that is known; the single one is over */
        unit_starts(w);
        unit_ends(w);
        come_back(w);
        assert_due_in(w, 60);
        timer_stop(&w->timer, w->now);
        come_back(w);
        assert_state(w, TIMER_STATE_DEAD);
}

static void test_another_spec_holds_at_once(void **state) {
        World *w = *state;
        TimerSpec other;
        TimerValue value = { .base = TIMER_ACTIVE, .span_usec = SECONDS(99) };

        add(w, TIMER_ACTIVE, SECONDS(10));
        start(w);
        timer_spec_init(&other);
        assert_int_equal(timer_spec_add(&other, &value), 0);
        pass(w, SECONDS(1));
        timer_respecify(&w->timer, &other, w->now);
        assert_due_in(w, 98);
        timer_stop(&w->timer, w->now);
        timer_spec_done(&other);
}

static void test_an_endless_span_never_comes(void **state) {
        World *w = *state;

        add(w, TIMER_ACTIVE, USEC_INFINITY);
        start(w);
        assert_state(w, TIMER_STATE_ELAPSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_on_active_counts_from_the_start_of_the_timer_and_is_over_then),
                TEST(test_several_single_times_come_one_after_the_other),
                TEST(test_a_single_time_that_comes_while_the_unit_runs_is_left_out),
                TEST(test_what_boot_or_startup_is_past_comes_at_once_and_only_once),
                TEST(test_on_unit_active_is_silent_until_the_unit_has_run),
                TEST(test_on_unit_inactive_counts_from_its_end),
                TEST(test_a_start_that_came_to_nothing_is_no_reason_to_hurry),
                TEST(test_while_the_unit_runs_nothing_is_waited_for),
                TEST(test_defer_reactivation_leaves_out_what_came_while_the_unit_ran),
                TEST(test_the_earliest_of_several_times_counts_on_each_clock),
                TEST(test_a_calendar_that_is_over_leaves_an_elapsed_timer_or_none),
                TEST(test_what_was_missed_while_nobody_was_there_comes_once_after_the_start),
                TEST(test_nothing_was_missed_if_the_last_time_is_not_over),
                TEST(test_a_clock_that_is_set_moves_what_goes_by_it),
                TEST(test_on_clock_and_on_timezone_change_start_the_unit),
                TEST(test_a_random_delay_is_below_its_limit_and_may_be_fixed),
                TEST(test_a_random_offset_shifts_the_calendar_and_leaves_no_time_out),
                TEST(test_stable_numbers_differ_between_machines_and_units),
                TEST(test_a_unit_that_can_not_be_started_fails_the_timer),
                TEST(test_a_next_supd_goes_on_where_the_last_one_was),
                TEST(test_another_spec_holds_at_once),
                TEST(test_an_endless_span_never_comes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
