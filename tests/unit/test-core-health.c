/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "core/health.h"

#define SEC USEC_PER_SEC
#define KEY_HALF UINT64_C(12345)

static char *const image_test[] = { (char *) "CMD-SHELL", (char *) "true", NULL };

static HealthSpec spec_unset(void) {
        HealthSpec spec;

        health_spec_init(&spec);
        return spec;
}

static HealthImage image_unset(void) {
        return (HealthImage) {
                .interval_usec = HEALTH_UNSET,
                .timeout_usec = HEALTH_UNSET,
                .start_period_usec = HEALTH_UNSET,
                .start_interval_usec = HEALTH_UNSET,
        };
}

/* Every 10 s, three failures. */
static HealthPlan plan_usual(void) {
        return (HealthPlan) {
                .probe = HEALTH_PROBE_COMMAND,
                .interval_usec = 10 * SEC,
                .timeout_usec = 5 * SEC,
                .start_interval_usec = HEALTH_UNSET,
                .retries = 3,
                .startup_interval_usec = 2 * SEC,
                .startup_timeout_usec = 1 * SEC,
                .startup_success = 1,
        };
}

/* ---- the settings in force ---- */

static void test_what_nobody_says_is_the_default(void **state) {
        HealthSpec spec = spec_unset();
        HealthImage image = image_unset();
        HealthEndpoint none = {};
        HealthPlan plan;

        (void) state;
        health_plan_make(&spec, &none, &image, &plan);
        assert_int_equal(plan.probe, HEALTH_PROBE_NONE);
        assert_int_equal(plan.interval_usec, 30 * SEC);
        assert_int_equal(plan.timeout_usec, 30 * SEC);
        assert_int_equal(plan.start_period_usec, 0);
        assert_int_equal(plan.retries, 3);
}

static void test_the_image_is_asked_where_the_unit_says_nothing(void **state) {
        HealthSpec spec = spec_unset();
        HealthImage image = {
                .test = image_test,
                .interval_usec = 7 * SEC,
                .timeout_usec = 8 * SEC,
                .start_period_usec = 9 * SEC,
                .start_interval_usec = 1 * SEC,
                .retries = 4,
        };
        HealthEndpoint none = {};
        HealthPlan plan;

        (void) state;
        health_plan_make(&spec, &none, &image, &plan);
        assert_int_equal(plan.probe, HEALTH_PROBE_COMMAND);
        assert_ptr_equal(plan.test, image_test);
        assert_int_equal(plan.interval_usec, 7 * SEC);
        assert_int_equal(plan.timeout_usec, 8 * SEC);
        assert_int_equal(plan.start_period_usec, 9 * SEC);
        assert_int_equal(plan.start_interval_usec, 1 * SEC);
        assert_int_equal(plan.retries, 4);

        /* Each key for itself. */
        spec.retries = 5;
        spec.timeout_usec = 3 * SEC;
        health_plan_make(&spec, &none, &image, &plan);
        assert_int_equal(plan.retries, 5);
        assert_int_equal(plan.timeout_usec, 3 * SEC);
        assert_int_equal(plan.interval_usec, 7 * SEC);
}

static void test_none_takes_the_image_s_check_away(void **state) {
        char *none_test[] = { (char *) "NONE", NULL };
        HealthSpec spec = spec_unset();
        HealthImage image = image_unset();
        HealthEndpoint none = {}, tcp = { .address = (char *) "127.0.0.1", .port = 80 };
        HealthPlan plan;

        (void) state;
        image.test = image_test;
        spec.test = none_test;
        health_plan_make(&spec, &none, &image, &plan);
        assert_int_equal(plan.probe, HEALTH_PROBE_NONE);
        health_plan_make(&spec, &tcp, &image, &plan);
        assert_int_equal(plan.probe, HEALTH_PROBE_TCP);
        tcp.path = (char *) "/";
        health_plan_make(&spec, &tcp, &image, &plan);
        assert_int_equal(plan.probe, HEALTH_PROBE_HTTP);
}

static void test_zero_is_no_timer_and_no_limit(void **state) {
        HealthSpec spec = spec_unset();
        HealthImage image = image_unset();
        HealthEndpoint none = {};
        HealthPlan plan;

        (void) state;
        spec.interval_usec = spec.timeout_usec = 0;
        health_plan_make(&spec, &none, &image, &plan);
        assert_true(plan.interval_usec == USEC_INFINITY);
        assert_true(plan.timeout_usec == USEC_INFINITY);
}

static void test_commands_are_words_or_for_a_shell(void **state) {
        char *own_shell[] = { (char *) "/bin/bash", (char *) "-ec", NULL };
        static const struct {
                const char *test[4];
                bool own_shell;
                const char *expected; /* joined by '|' */
        } cases[] = {
                { { "CMD", "a", "b c" }, false, "a|b c" },
                { { "CMD-SHELL", "a b" }, false, "/bin/sh|-c|a b" },
                { { "CMD-SHELL", "a b" }, true, "/bin/bash|-ec|a b" },
                { { "CMD", "a" }, true, "a" },
                { { "NONE" }, false, NULL },
                { { "CMD" }, false, NULL },
                { { "CMD-SHELL" }, false, NULL },
                { { "WHAT", "a" }, false, NULL },
                { { NULL }, false, NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_strv_ char **argv = NULL;

                assert_int_equal(health_command((char *const *) cases[i].test,
                                                 cases[i].own_shell ? own_shell : NULL,
                                                 &argv),
                                0);
                if (!cases[i].expected) {
                        assert_null(argv);
                        continue;
                }
                char text[128] = "";
                STRV_FOREACH (word, argv) {
                        size_t size = strlen(text);
                        (void) snprintf(text + size,
                                        sizeof(text) - size,
                                        "%s%s",
                                        size ? "|" : "",
                                        *word);
                }
                assert_string_equal(text, cases[i].expected);
        }
}

/* ---- results ---- */

/* One line a check: when it is due, how it ends, what that means. */
typedef struct Line {
        uint64_t due_sec;
        bool success;
        HealthState state;
        unsigned streak;
        unsigned outcome;
} Line;

/* Without the shorter wait, which has a test of its own; each check takes no time. */
static void play(const HealthPlan *plan, const Line *lines, size_t n) {
        Health h;

        health_begin(&h, plan, 100 * SEC);
        h.spread = false;
        for (size_t i = 0; i < n; i++) {
                uint64_t now = (100 + lines[i].due_sec) * SEC;

                if (h.next_usec != now)
                        fail_msg("line %zu: due at %g s",
                                        i,
                                        (double) h.next_usec / (double) SEC - 100);
                health_check_started(&h);
                assert_true(h.next_usec == USEC_INFINITY);
                unsigned outcome = health_result(&h, plan, lines[i].success, KEY_HALF, now);
                if (h.state != lines[i].state || h.streak != lines[i].streak ||
                                outcome != lines[i].outcome)
                        fail_msg("line %zu: %s, streak %u, outcome %#x",
                                        i,
                                        health_state_to_string(h.state),
                                        h.streak,
                                        outcome);
        }
}

#define CHANGED HEALTH_CHANGED
#define READY HEALTH_READY
#define ACT HEALTH_ACT
#define COUNTED HEALTH_COUNTED

static void test_one_success_is_healthy_and_some_failures_unhealthy(void **state) {
        static const Line lines[] = {
                { 0, true, HEALTH_HEALTHY, 0, CHANGED | READY },
                { 10, true, HEALTH_HEALTHY, 0, 0 },
                { 20, false, HEALTH_HEALTHY, 1, COUNTED },
                { 30, false, HEALTH_HEALTHY, 2, COUNTED },
                { 40, true, HEALTH_HEALTHY, 0, 0 },
                { 50, false, HEALTH_HEALTHY, 1, COUNTED },
                { 60, false, HEALTH_HEALTHY, 2, COUNTED },
                { 70, false, HEALTH_UNHEALTHY, 3, COUNTED | CHANGED },
                { 80, false, HEALTH_UNHEALTHY, 4, COUNTED },
                { 90, true, HEALTH_HEALTHY, 0, CHANGED },
        };
        HealthPlan plan = plan_usual();

        (void) state;
        play(&plan, lines, ELEMENTSOF(lines));
}

static void test_it_can_be_unhealthy_without_ever_having_been_healthy(void **state) {
        static const Line lines[] = {
                { 0, false, HEALTH_STARTING, 1, COUNTED },
                { 10, false, HEALTH_UNHEALTHY, 2, COUNTED | CHANGED | ACT },
                { 20, false, HEALTH_UNHEALTHY, 3, COUNTED | ACT }, /* and each further one */
                { 30, true, HEALTH_HEALTHY, 0, CHANGED | READY },
        };
        HealthPlan plan = plan_usual();

        (void) state;
        plan.retries = 2;
        plan.on_failure = HEALTH_ACTION_KILL;
        play(&plan, lines, ELEMENTSOF(lines));
}

static void test_failures_in_the_start_period_do_not_count(void **state) {
        static const Line lines[] = {
                { 0, false, HEALTH_STARTING, 0, 0 },
                { 10, false, HEALTH_STARTING, 0, 0 },
                { 20, true, HEALTH_HEALTHY, 0, CHANGED | READY },
                { 30, false, HEALTH_HEALTHY, 0, 0 }, /* the period is not over */
                { 40, false, HEALTH_UNHEALTHY, 1, COUNTED | CHANGED },
        };
        HealthPlan plan = plan_usual();

        (void) state;
        plan.retries = 1;
        plan.start_period_usec = 35 * SEC;
        play(&plan, lines, ELEMENTSOF(lines));
}

static void test_the_start_interval_holds_until_it_is_healthy(void **state) {
        static const Line healthy[] = {
                { 0, false, HEALTH_STARTING, 0, 0 },
                { 2, false, HEALTH_STARTING, 0, 0 },
                { 4, true, HEALTH_HEALTHY, 0, CHANGED | READY },
                { 14, true, HEALTH_HEALTHY, 0, 0 },
        };
        static const Line never[] = {
                { 0, false, HEALTH_STARTING, 0, 0 },
                { 2, false, HEALTH_STARTING, 0, 0 },
                { 4, false, HEALTH_STARTING, 0, 0 },
                { 6, false, HEALTH_STARTING, 1, COUNTED },
                { 16, false, HEALTH_STARTING, 2, COUNTED },
        };
        HealthPlan plan = plan_usual();

        (void) state;
        plan.start_interval_usec = 2 * SEC;
        plan.start_period_usec = 20 * SEC;
        play(&plan, healthy, ELEMENTSOF(healthy));
        plan.start_period_usec = 5 * SEC;
        play(&plan, never, ELEMENTSOF(never));
}

static void test_the_start_up_check_comes_first(void **state) {
        static const Line lines[] = {
                { 0, false, HEALTH_STARTING, 0, 0 },
                { 2, true, HEALTH_STARTING, 0, 0 },
                { 4, false, HEALTH_STARTING, 0, 0 }, /* one after the other: from the beginning */
                { 6, true, HEALTH_STARTING, 0, 0 },
                { 8, true, HEALTH_STARTING, 0, 0 },
                { 8, false, HEALTH_STARTING, 1, COUNTED }, /* the regular one, at once */
                { 18, true, HEALTH_HEALTHY, 0, CHANGED | READY },
        };
        HealthPlan plan = plan_usual();

        (void) state;
        plan.startup_test = image_test;
        plan.startup_success = 2;
        play(&plan, lines, ELEMENTSOF(lines));
}

static void test_too_many_failures_of_the_start_up_check_mean_a_restart(void **state) {
        static const Line lines[] = {
                { 0, false, HEALTH_STARTING, 0, 0 },
                { 2, true, HEALTH_STARTING, 0, 0 },
                { 4, false, HEALTH_STARTING, 0, 0 },
                { 6, false, HEALTH_STARTING, 0, HEALTH_RESTART },
        };
        HealthPlan plan = plan_usual();

        (void) state;
        plan.startup_test = image_test;
        plan.startup_success = 3;
        plan.startup_retries = 2;
        plan.on_failure = HEALTH_ACTION_KILL;
        play(&plan, lines, ELEMENTSOF(lines));
}

static void test_each_check_has_its_own_limit_of_time(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        plan.startup_test = image_test;
        health_begin(&h, &plan, 0);
        assert_int_equal(health_timeout(&h, &plan), 1 * SEC);
        health_check_started(&h);
        (void) health_result(&h, &plan, true, KEY_HALF, 0);
        assert_int_equal(health_timeout(&h, &plan), 5 * SEC);
}

static void test_without_a_timer_it_is_checked_once(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        plan.interval_usec = USEC_INFINITY;
        health_begin(&h, &plan, 7);
        assert_int_equal(h.next_usec, 7);
        health_check_started(&h);
        assert_int_equal(health_result(&h, &plan, true, KEY_HALF, 8), CHANGED | READY);
        assert_true(h.next_usec == USEC_INFINITY);
}

static void test_without_a_check_there_is_nothing_to_do(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        plan.probe = HEALTH_PROBE_NONE;
        health_begin(&h, &plan, 0);
        assert_int_equal(h.state, HEALTH_NONE);
        assert_true(h.next_usec == USEC_INFINITY);
        health_set_paused(&h, true, 5);
        health_set_paused(&h, false, 9);
        assert_true(h.next_usec == USEC_INFINITY);
}

static void test_a_result_of_no_check_means_nothing(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        health_begin(&h, &plan, 0);
        assert_int_equal(health_result(&h, &plan, true, KEY_HALF, 1), 0);
        assert_int_equal(h.state, HEALTH_STARTING);
}

/* ---- clocks ---- */

static void test_a_pause_stops_the_clock_with_what_was_left(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        plan.start_period_usec = 15 * SEC;
        health_begin(&h, &plan, 0);
        h.spread = false;
        health_check_started(&h);
        (void) health_result(&h, &plan, false, KEY_HALF, 0);
        assert_int_equal(h.next_usec, 10 * SEC);

        health_set_paused(&h, true, 4 * SEC);
        assert_true(h.next_usec == USEC_INFINITY);
        health_set_paused(&h, true, 5 * SEC); /* said twice */
        health_set_paused(&h, false, 104 * SEC);
        assert_int_equal(h.next_usec, 110 * SEC);
        assert_int_equal(h.period_end_usec, 115 * SEC);
}

static void test_a_result_in_a_pause_waits_from_its_end(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        health_begin(&h, &plan, 0);
        h.spread = false;
        health_check_started(&h);
        health_set_paused(&h, true, 1 * SEC);
        (void) health_result(&h, &plan, true, KEY_HALF, 1 * SEC);
        assert_true(h.next_usec == USEC_INFINITY);
        health_set_paused(&h, false, 50 * SEC);
        assert_int_equal(h.next_usec, 60 * SEC);
}

static void test_a_cancelled_check_is_due_again(void **state) {
        HealthPlan plan = plan_usual();
        Health h;

        (void) state;
        health_begin(&h, &plan, 0);
        health_check_started(&h);
        health_check_cancelled(&h, 5);
        assert_false(h.checking);
        assert_int_equal(h.next_usec, 5);

        health_check_started(&h);
        health_set_paused(&h, true, 6);
        health_check_cancelled(&h, 7);
        assert_true(h.next_usec == USEC_INFINITY);
        health_set_paused(&h, false, 100);
        assert_int_equal(h.next_usec, 100);
}

static void test_after_a_restart_of_supd_it_goes_on(void **state) {
        HealthPlan plan = plan_usual();
        Health h = { .state = HEALTH_UNHEALTHY, .streak = 7, .ready = true };

        (void) state;
        health_resume(&h, &plan, KEY_HALF, 1000 * SEC);
        assert_int_equal(h.state, HEALTH_UNHEALTHY);
        assert_int_equal(h.streak, 7);
        assert_true(h.next_usec > 1000 * SEC && h.next_usec <= 1010 * SEC);

        /* A unit whose check is new to this supd. */
        h = (Health) {};
        health_resume(&h, &plan, KEY_HALF, 0);
        assert_int_equal(h.state, HEALTH_STARTING);

        /* Or gone. */
        plan.probe = HEALTH_PROBE_NONE;
        health_resume(&h, &plan, KEY_HALF, 0);
        assert_int_equal(h.state, HEALTH_NONE);

        /* Without a timer, the check that was under way is made up for. */
        plan = plan_usual();
        plan.interval_usec = USEC_INFINITY;
        h = (Health) { .state = HEALTH_STARTING };
        health_resume(&h, &plan, KEY_HALF, 5);
        assert_int_equal(h.next_usec, 5);
        h = (Health) { .state = HEALTH_HEALTHY };
        health_resume(&h, &plan, KEY_HALF, 5);
        assert_true(h.next_usec == USEC_INFINITY);
}

/* A thousand units that were started at once, with numbers one after the other. */
static void test_checks_of_many_units_spread_evenly(void **state) {
        unsigned slots[10] = {};
        HealthPlan plan = plan_usual();

        (void) state;
        for (uint64_t key = 0; key < 1000; key++) {
                Health h;

                health_begin(&h, &plan, 0);
                assert_int_equal(h.next_usec, 0); /* the first one is right after the start */
                health_check_started(&h);
                (void) health_result(&h, &plan, true, key, 0);
                uint64_t second = h.next_usec;
                assert_true(second > 0 && second <= plan.interval_usec);
                slots[(second - 1) * ELEMENTSOF(slots) / plan.interval_usec]++;

                /* From then on, as the unit says. */
                health_check_started(&h);
                (void) health_result(&h, &plan, true, key, second);
                assert_int_equal(h.next_usec, second + plan.interval_usec);
        }
        for (size_t i = 0; i < ELEMENTSOF(slots); i++)
                assert_in_range(slots[i], 60, 140);
}

/* ---- a thousand units, a second at a time -------------------------------------------------------- */

#define UNITS 1000U
#define INTERVAL (30 * SEC)

typedef struct Crowd {
        Health units[UNITS];
        uint64_t keys[UNITS];
        HealthPlan plan;
        unsigned checks[600]; /* that were begun in each second */
} Crowd;

/* As of names: what kinds/ makes of "web-1.service", "web-2.service" and so on. */
static uint64_t key_of_name(unsigned i) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        char name[32];

        (void) snprintf(name, sizeof(name), "web-%u.service", i);
        for (const char *c = name; *c; c++)
                hash = (hash ^ (unsigned char) *c) * UINT64_C(0x100000001b3);
        return hash;
}

static Crowd *crowd_new(void) {
        Crowd *c = calloc(1, sizeof(*c));

        assert_non_null(c);
        c->plan = plan_usual();
        c->plan.interval_usec = INTERVAL;
        for (unsigned i = 0; i < UNITS; i++)
                c->keys[i] = key_of_name(i);
        return c;
}

/* Each check takes a tenth of a second. */
static void crowd_run(Crowd *c, unsigned from, unsigned to) {
        for (unsigned second = from; second < to; second++) {
                for (unsigned i = 0; i < UNITS; i++) {
                        Health *h = &c->units[i];

                        if (h->next_usec >= (second + 1) * SEC)
                                continue;
                        uint64_t begin = h->next_usec;
                        c->checks[second]++;
                        health_check_started(h);
                        (void) health_result(h, &c->plan, true, c->keys[i], begin + SEC / 10);
                }
        }
}

/* A thousand in thirty seconds are 33 a second. */
static void assert_even(const Crowd *c, unsigned from, unsigned to) {
        unsigned total = 0;

        for (unsigned second = from; second < to; second++) {
                assert_in_range(c->checks[second], 10, 70);
                total += c->checks[second];
        }
        assert_in_range(total / (to - from), 30, 36);
}

static void test_a_thousand_checks_stay_spread_for_as_long_as_they_run(void **state) {
        Crowd *c = crowd_new();

        (void) state;
        for (unsigned i = 0; i < UNITS; i++)
                health_begin(&c->units[i], &c->plan, 0);
        crowd_run(c, 0, 300);
        assert_int_equal(c->checks[0] >= UNITS, true); /* the first is at once */
        assert_even(c, 31, 300);
        free(c);
}

static void test_a_thousand_checks_are_spread_after_a_restart_of_supd_too(void **state) {
        Crowd *c = crowd_new();

        (void) state;
        for (unsigned i = 0; i < UNITS; i++)
                health_begin(&c->units[i], &c->plan, 0);
        crowd_run(c, 0, 100);
        for (unsigned i = 0; i < UNITS; i++)
                health_resume(&c->units[i], &c->plan, c->keys[i], 100 * SEC);
        memset(c->checks, 0, sizeof(c->checks));
        crowd_run(c, 100, 400);
        assert_even(c, 100, 400);
        free(c);
}

/* Each group of units as large as a wave of starts. */
static void test_units_that_were_started_one_after_the_other_are_spread_too(void **state) {
        Crowd *c = crowd_new();

        (void) state;
        for (unsigned i = 0; i < UNITS; i++)
                health_begin(&c->units[i], &c->plan, (i / 100) * SEC);
        crowd_run(c, 0, 300);
        assert_even(c, 45, 300);
        free(c);
}

static void test_names_of_states_are_read_back(void **state) {
        (void) state;
        for (HealthState s = 0; s < _HEALTH_STATE_MAX; s++)
                assert_int_equal(health_state_from_string(health_state_to_string(s)), s);
        assert_int_equal(health_state_from_string("well"), _HEALTH_STATE_INVALID);
        assert_null(health_state_to_string(_HEALTH_STATE_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_nobody_says_is_the_default),
                cmocka_unit_test(test_the_image_is_asked_where_the_unit_says_nothing),
                cmocka_unit_test(test_none_takes_the_image_s_check_away),
                cmocka_unit_test(test_zero_is_no_timer_and_no_limit),
                cmocka_unit_test(test_commands_are_words_or_for_a_shell),
                cmocka_unit_test(test_one_success_is_healthy_and_some_failures_unhealthy),
                cmocka_unit_test(test_it_can_be_unhealthy_without_ever_having_been_healthy),
                cmocka_unit_test(test_failures_in_the_start_period_do_not_count),
                cmocka_unit_test(test_the_start_interval_holds_until_it_is_healthy),
                cmocka_unit_test(test_the_start_up_check_comes_first),
                cmocka_unit_test(test_too_many_failures_of_the_start_up_check_mean_a_restart),
                cmocka_unit_test(test_each_check_has_its_own_limit_of_time),
                cmocka_unit_test(test_without_a_timer_it_is_checked_once),
                cmocka_unit_test(test_without_a_check_there_is_nothing_to_do),
                cmocka_unit_test(test_a_result_of_no_check_means_nothing),
                cmocka_unit_test(test_a_pause_stops_the_clock_with_what_was_left),
                cmocka_unit_test(test_a_result_in_a_pause_waits_from_its_end),
                cmocka_unit_test(test_a_cancelled_check_is_due_again),
                cmocka_unit_test(test_after_a_restart_of_supd_it_goes_on),
                cmocka_unit_test(test_checks_of_many_units_spread_evenly),
                cmocka_unit_test(test_a_thousand_checks_stay_spread_for_as_long_as_they_run),
                cmocka_unit_test(test_a_thousand_checks_are_spread_after_a_restart_of_supd_too),
                cmocka_unit_test(test_units_that_were_started_one_after_the_other_are_spread_too),
                cmocka_unit_test(test_names_of_states_are_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
