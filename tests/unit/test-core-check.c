/* SPDX-License-Identifier: MIT */

/* Conditions and assertions decide about starts. What is met, the test says. */

#include "test-core-fixture.h"

/* A path "/yes…" is met, "/no…" is not, "/bad…" can't be told. */
static int test_it(const UnitCondition *c, void *userdata) {
        unsigned *n_tested = userdata;

        (*n_tested)++;
        if (str_has_prefix(c->parameter, "/bad"))
                return -EINVAL;
        return str_has_prefix(c->parameter, "/yes");
}

static uint64_t realtime(void *userdata) {
        (void) userdata;
        return 2000;
}

static const EngineOps test_ops = { .test = test_it, .now_realtime = realtime };

static unsigned n_tested;

static int setup(void **state) {
        World *w = malloc(sizeof(*w));
        assert_non_null(w);
        world_init(w);
        n_tested = 0;
        engine_add_observer(w->engine, &test_ops, &n_tested);
        *state = w;
        return 0;
}

static int teardown(void **state) {
        world_done(*state);
        free(*state);
        return 0;
}

static void unit(World *w, const char *name, const char *lines) {
        _cleanup_free_ char *file = str_printf("%s.container", name),
                            *text = str_printf("[Unit]\nDefaultDependencies=no\n%s\n"
                                               "[Quadlet]\nDefaultDependencies=no\n"
                                               "[Container]\nRootfs=/srv/%s\nNetwork=none\n",
                                            lines,
                                            name);
        world_write(w, file, text);
}

static World *alone(void **state, const char *lines) {
        World *w = *state;

        unit(w, "a", lines);
        world_load(w);
        return w;
}

#define assert_told(w, expected) assert_string_equal((w)->told, expected)
#define assert_state(w, name, state) assert_int_equal(world_state((w), (name)), (state))

static void test_lists_combine_as_in_systemd(void **state) {
        static const struct {
                const char *lines;
                bool met;
        } lists[] = {
                { "", true },
                { "ConditionPathExists=/yes", true },
                { "ConditionPathExists=/no", false },
                { "ConditionPathExists=!/yes", false },
                { "ConditionPathExists=!/no", true },
                { "ConditionPathExists=/bad", false },
                { "ConditionPathExists=!/bad", false },
                { "ConditionPathExists=/yes\nConditionPathExists=/no", false },
                { "ConditionPathExists=|/no\nConditionPathExists=|/yes", true },
                { "ConditionPathExists=|/no\nConditionPathExists=|/no", false },
                { "ConditionPathExists=|/yes\nConditionPathExists=/no", false },
                { "ConditionPathExists=|/no\nConditionPathExists=/yes", false },
                { "ConditionPathExists=|!/no\nConditionPathExists=/yes", true },
        };
        World *w = *state;

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                unit(w, "a", lists[i].lines);
                world_load(w);
                world_start(w, "a");
                if (world_unit(w, "a")->condition.met != lists[i].met)
                        fail_msg("not %s: %s", lists[i].met ? "met" : "unmet", lists[i].lines);
                assert_state(w, "a", lists[i].met ? UNIT_ACTIVE : UNIT_INACTIVE);
                if (lists[i].met)
                        world_stop(w, "a");
        }
}

static void test_an_unmet_condition_ends_the_job_well_and_starts_nothing(void **state) {
        World *w = alone(state, "ConditionPathExists=/no");

        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
        assert_state(w, "a", UNIT_INACTIVE);
        assert_int_equal(toy_of(world_unit(w, "a"))->starts, 0);
        assert_true(unit_is_held_back(world_unit(w, "a")));
}

static void test_an_unmet_assertion_fails_the_job_and_leaves_the_state(void **state) {
        World *w = alone(state, "AssertPathExists=/no\nOnFailure=b.service");

        unit(w, "b", "");
        world_load(w);
        world_start(w, "a");
        assert_told(w, "a.service:start:assert ");
        assert_state(w, "a", UNIT_INACTIVE);
        assert_state(w, "b", UNIT_INACTIVE);
}

static void test_assertions_are_not_tested_where_conditions_are_unmet(void **state) {
        World *w = alone(state, "ConditionPathExists=/no\nAssertPathExists=/no");

        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
        assert_int_equal(n_tested, 1);
        assert_int_equal(world_unit(w, "a")->assertion.when.realtime_usec, 0);
}

static void test_who_requires_a_skipped_unit_goes_on(void **state) {
        World *w = alone(state, "ConditionPathExists=/no");

        unit(w, "b", "Requires=a.service\nAfter=a.service");
        world_load(w);
        world_start(w, "b");
        assert_told(w, "a.service:start:done b.service:start:done ");
        assert_state(w, "b", UNIT_ACTIVE);
}

static void test_who_requires_a_unit_with_an_unmet_assertion_fails(void **state) {
        World *w = alone(state, "AssertPathExists=/no");

        unit(w, "b", "Requires=a.service\nAfter=a.service");
        world_load(w);
        world_start(w, "b");
        assert_told(w, "a.service:start:assert b.service:start:dependency ");
}

static void test_who_is_bound_to_a_skipped_unit_and_after_it_does_not_start(void **state) {
        World *w = alone(state, "ConditionPathExists=/no");

        unit(w, "b", "BindsTo=a.service\nAfter=a.service");
        world_load(w);
        world_start(w, "b");
        assert_told(w, "a.service:start:done b.service:start:dependency ");
        assert_state(w, "b", UNIT_INACTIVE);
}

static void test_a_condition_of_its_own_comes_before_what_it_is_bound_to(void **state) {
        World *w = alone(state, "ConditionPathExists=/no");

        unit(w, "b", "BindsTo=a.service\nAfter=a.service\nConditionPathExists=/no");
        world_load(w);
        world_start(w, "b");
        assert_told(w, "a.service:start:done b.service:start:done ");
}

static void test_what_runs_is_not_tested_again(void **state) {
        World *w = alone(state, "ConditionPathExists=/yes");

        world_start(w, "a");
        world_start(w, "a");
        assert_int_equal(n_tested, 1);
}

static void test_a_restart_tests_once_what_ran_is_off(void **state) {
        World *w = alone(state, "ConditionPathExists=/yes");

        world_start(w, "a");
        /* As it is in the file now, which the unit runs by from its next start on. */
        unit(w, "a", "ConditionPathExists=/no");
        world_load(w);
        world_listen(w);
        assert_int_equal(world_ask(w, "a", JOB_RESTART, JOB_MODE_REPLACE, NULL), 0);
        assert_told(w, "a.service:start:done ");
        assert_state(w, "a", UNIT_INACTIVE);
}

static void test_what_upholds_a_skipped_unit_does_not_ask_forever(void **state) {
        World *w = alone(state, "ConditionPathExists=/no");

        unit(w, "b", "Upholds=a.service");
        world_load(w);
        world_start(w, "b");
        engine_run_queue(w->engine);
        assert_state(w, "b", UNIT_ACTIVE);
        assert_in_range(n_tested, 1, 50);
}

static void test_it_is_known_which_was_not_met(void **state) {
        World *w = alone(state,
                        "ConditionPathExists=/yes\nConditionPathExists=!/yes2\n"
                        "ConditionPathExists=/yes3");
        Unit *u = world_unit(w, "a");

        world_start(w, "a");
        assert_int_equal(unit_check_answer(&u->condition, 0), 1);
        assert_int_equal(unit_check_answer(&u->condition, 1), -1);
        assert_int_equal(unit_check_answer(&u->condition, 2), 0);
        assert_int_equal(unit_check_answer(&u->condition, 3), 0);
        assert_int_equal(u->condition.when.realtime_usec, 2000);
        _cleanup_free_ char *why =
                        unit_check_blame(&u->condition, &u->spec->unit.conditions, "Condition");
        assert_string_equal(why, "ConditionPathExists=!/yes2 was not met");
        /* Of another list nothing is known. */
        unit(w, "a", "ConditionPathExists=/no");
        world_load(w);
        assert_int_equal(unit_check_answer(&u->condition, 0), 0);
        assert_false(u->condition.met);
}

static void test_of_alternatives_none_is_to_blame(void **state) {
        World *w = alone(state, "AssertPathExists=|/no\nAssertPathExists=|/no2");
        Unit *u = world_unit(w, "a");

        world_start(w, "a");
        _cleanup_free_ char *why =
                        unit_check_blame(&u->assertion, &u->spec->unit.asserts, "Assert");
        assert_string_equal(why, "none of AssertPathExists=|/no, AssertPathExists=|/no2 was met");
}

static void test_a_missing_path_of_mounts_fails_the_start_or_not(void **state) {
        World *w = alone(state, "RequiresMountsFor=/yes /no");

        unit(w, "b", "WantsMountsFor=/no\nRequiresMountsFor=/yes");
        world_load(w);
        world_start(w, "a");
        world_start(w, "b");
        assert_told(w, "a.service:start:dependency b.service:start:done ");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_lists_combine_as_in_systemd),
                TEST(test_an_unmet_condition_ends_the_job_well_and_starts_nothing),
                TEST(test_an_unmet_assertion_fails_the_job_and_leaves_the_state),
                TEST(test_assertions_are_not_tested_where_conditions_are_unmet),
                TEST(test_who_requires_a_skipped_unit_goes_on),
                TEST(test_who_requires_a_unit_with_an_unmet_assertion_fails),
                TEST(test_who_is_bound_to_a_skipped_unit_and_after_it_does_not_start),
                TEST(test_a_condition_of_its_own_comes_before_what_it_is_bound_to),
                TEST(test_what_runs_is_not_tested_again),
                TEST(test_a_restart_tests_once_what_ran_is_off),
                TEST(test_what_upholds_a_skipped_unit_does_not_ask_forever),
                TEST(test_it_is_known_which_was_not_met),
                TEST(test_of_alternatives_none_is_to_blame),
                TEST(test_a_missing_path_of_mounts_fails_the_start_or_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
