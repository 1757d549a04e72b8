/* SPDX-License-Identifier: MIT */

/* Jobs that reload: when they may, what they merge with, when they end, and to whom they are passed on. And units
 * whose files are read again. */

#include "test-core-fixture.h"

#include "core/job-compatibility.h"
#include "core/transaction.h"

static void unit(World *w, const char *name, const char *dependencies) {
        _cleanup_free_ char *file = str_printf("%s.container", name),
                            *text = str_printf("[Unit]\nDefaultDependencies=no\n%s\n"
                                               "[Quadlet]\nDefaultDependencies=no\n"
                                               "[Container]\nRootfs=/srv/%s\nNetwork=none\n",
                                            dependencies,
                                            name);
        world_write(w, file, text);
}

static Toy *toy(World *w, const char *name) {
        return toy_of(world_unit(w, name));
}

/* a, which can reload, with @dependencies; b, which can, and c, which can't: all run. */
static World *running(void **state, const char *dependencies) {
        World *w = *state;

        unit(w, "a", dependencies);
        unit(w, "b", "");
        unit(w, "c", "");
        world_load(w);
        toy(w, "a")->reloads = toy(w, "b")->reloads = true;
        world_start(w, "a");
        world_start(w, "b");
        world_start(w, "c");
        world_listen(w);
        return w;
}

static int ask(World *w, const char *name, JobType type) {
        return world_ask(w, name, type, JOB_MODE_REPLACE, NULL);
}

#define assert_told(w, expected) assert_string_equal((w)->told, expected)

static void test_types_merge_to_what_does_both(void **state) {
        static const struct {
                JobType a, b;
                int merged;
        } cases[] = {
                { JOB_START, JOB_RELOAD, JOB_RELOAD_OR_START },
                { JOB_START, JOB_TRY_RELOAD, JOB_RELOAD_OR_START },
                { JOB_RELOAD, JOB_TRY_RELOAD, JOB_RELOAD },
                { JOB_RELOAD, JOB_RELOAD_OR_START, JOB_RELOAD_OR_START },
                { JOB_RELOAD, JOB_RESTART, JOB_RESTART },
                { JOB_TRY_RELOAD, JOB_TRY_RESTART, JOB_TRY_RESTART },
                { JOB_RELOAD_OR_START, JOB_TRY_RESTART, JOB_RESTART },
                { JOB_START, JOB_TRY_RESTART, JOB_RESTART },
                { JOB_RELOAD, JOB_STOP, -EEXIST },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(job_types_merge(cases[i].a, cases[i].b), cases[i].merged);
                assert_int_equal(job_types_merge(cases[i].b, cases[i].a), cases[i].merged);
        }
}

static void test_a_reload_ends_with_the_reloading(void **state) {
        World *w = running(state, "");

        toy(w, "a")->slow = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_told(w, "");
        world_becomes(w, "a", UNIT_ACTIVE);
        assert_told(w, "a.service:reload:done ");
}

static void test_a_reload_that_fails_leaves_the_unit_active(void **state) {
        World *w = running(state, "");

        toy(w, "a")->reload_fails = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_told(w, "a.service:reload:failed ");
        assert_int_equal(world_state(w, "a"), UNIT_ACTIVE);
}

static void test_one_that_ends_meanwhile_has_not_reloaded(void **state) {
        World *w = running(state, "");

        toy(w, "a")->slow = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        world_becomes(w, "a", UNIT_STATE_FAILED);
        assert_told(w, "a.service:reload:failed ");
}

static void test_what_can_not_or_does_not_run_is_refused(void **state) {
        World *w = running(state, "");

        assert_int_equal(ask(w, "c", JOB_RELOAD), -EOPNOTSUPP);
        world_stop(w, "a");
        assert_int_equal(ask(w, "a", JOB_RELOAD), -ENOEXEC);
        world_listen(w);
        assert_int_equal(ask(w, "a", JOB_TRY_RELOAD), 0);
        assert_told(w, "a.service:try-reload:done ");
        assert_int_equal(toy(w, "a")->n_reloads, 0);
}

static void test_reload_or_start_does_what_is_due(void **state) {
        World *w = running(state, "");

        assert_int_equal(ask(w, "a", JOB_RELOAD_OR_START), 0);
        assert_told(w, "a.service:reload:done ");
        world_stop(w, "a");
        world_listen(w);
        assert_int_equal(ask(w, "a", JOB_RELOAD_OR_START), 0);
        assert_told(w, "a.service:start:done ");
        assert_int_equal(toy(w, "a")->n_reloads, 1);
}

static void test_a_reload_during_a_reload_reloads_once_more(void **state) {
        World *w = running(state, "");

        toy(w, "a")->slow = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        world_becomes(w, "a", UNIT_ACTIVE);
        assert_told(w, "");
        assert_int_equal(toy(w, "a")->n_reloads, 2);
        world_becomes(w, "a", UNIT_ACTIVE);
        assert_told(w, "a.service:reload:done ");
}

static void test_a_reload_during_a_start_follows_it(void **state) {
        World *w = running(state, "");

        world_stop(w, "a");
        world_listen(w);
        toy(w, "a")->slow = true;
        world_start(w, "a");
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        toy(w, "a")->slow = false;
        world_becomes(w, "a", UNIT_ACTIVE);
        assert_told(w, "a.service:reload:done ");
        assert_int_equal(toy(w, "a")->n_reloads, 1);
        assert_int_equal(toy(w, "a")->starts, 2);
}

static void test_a_start_during_a_reload_joins_it(void **state) {
        World *w = running(state, "");

        toy(w, "a")->slow = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        world_start(w, "a");
        world_becomes(w, "a", UNIT_ACTIVE);
        assert_told(w, "a.service:reload:done ");
        assert_int_equal(toy(w, "a")->n_reloads, 1);
}

static void test_a_stop_or_restart_cancels_a_reload(void **state) {
        World *w = running(state, "");

        toy(w, "a")->slow = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        toy(w, "a")->slow = false;
        assert_int_equal(ask(w, "a", JOB_RESTART), 0);
        assert_told(w, "a.service:reload:canceled a.service:start:done ");
}

static void test_a_reload_is_passed_on_from_either_side(void **state) {
        World *w = *state;

        unit(w, "a", "PropagatesReloadTo=b.service c.service");
        unit(w, "b", "");
        unit(w, "c", "");
        unit(w, "d", "ReloadPropagatedFrom=b.service");
        world_load(w);
        toy(w, "a")->reloads = toy(w, "b")->reloads = toy(w, "d")->reloads = true;
        world_start(w, "a");
        world_start(w, "b");
        world_start(w, "c");
        world_start(w, "d");
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_int_equal(toy(w, "b")->n_reloads, 1);
        assert_int_equal(toy(w, "c")->n_reloads, 0); /* it can't */
        assert_int_equal(toy(w, "d")->n_reloads, 1);
}

static void test_old_spellings_of_the_passing_on(void **state) {
        World *w = *state;

        unit(w, "a", "PropagateReloadTo=b.service");
        unit(w, "b", "");
        unit(w, "d", "PropagateReloadFrom=a.service");
        world_load(w);
        toy(w, "a")->reloads = toy(w, "b")->reloads = toy(w, "d")->reloads = true;
        world_start(w, "a");
        world_start(w, "b");
        world_start(w, "d");
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_int_equal(toy(w, "b")->n_reloads, 1);
        assert_int_equal(toy(w, "d")->n_reloads, 1);
}

static void test_one_that_does_not_run_is_not_started_by_it(void **state) {
        World *w = running(state, "PropagatesReloadTo=b.service");

        world_stop(w, "b");
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_int_equal(toy(w, "b")->n_reloads, 0);
        assert_int_equal(world_state(w, "b"), UNIT_INACTIVE);
}

static void test_a_failure_down_the_line_fails_nobody_else(void **state) {
        World *w = running(state, "PropagatesReloadTo=b.service\nBefore=b.service");

        toy(w, "b")->reload_fails = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_told(w, "a.service:reload:done b.service:reload:failed ");
}

static void test_reloads_keep_the_order(void **state) {
        World *w = running(state, "PropagatesReloadTo=b.service\nAfter=b.service");

        toy(w, "b")->slow = true;
        assert_int_equal(ask(w, "a", JOB_RELOAD), 0);
        assert_int_equal(toy(w, "a")->n_reloads, 0);
        world_becomes(w, "b", UNIT_ACTIVE);
        assert_told(w, "b.service:reload:done a.service:reload:done ");
}

static void test_nothing_reloads_while_supd_ends(void **state) {
        World *w = running(state, "");

        toy(w, "a")->slow = true;
        (void) engine_stop_all(w->engine);
        assert_int_equal(ask(w, "a", JOB_RELOAD), -ESHUTDOWN);
}

/* ---- one unit once more -------------------------------------------------------------------------- */

static int reread(World *w, const char *id) {
        char *dirs[] = { NULL };

        return engine_reread_unit(w->engine, id, dirs, NULL);
}

static void test_a_unit_that_is_read_again_alone_takes_its_new_definition_and_no_other(
                void **state) {
        World *w = *state;

        world_write(w, "a.target", "[Unit]\nDescription=old\n");
        world_write(w, "b.target", "[Unit]\nDescription=old\n");
        world_load(w);
        world_start(w, "a.target");
        world_write(w, "a.target", "[Unit]\nDescription=new\nWants=b.target\n");
        world_write(w, "b.target", "[Unit]\nDescription=new\n");
        w->now += USEC_PER_SEC;

        assert_int_equal(reread(w, "a.target"), 1);
        Unit *a = world_unit(w, "a.target"), *b = world_unit(w, "b.target");
        assert_string_equal(a->spec->unit.description, "old"); /* it runs */
        assert_string_equal(a->next_spec->unit.description, "new");
        assert_string_equal(b->spec->unit.description, "old");
        assert_null(b->next_spec);
        assert_non_null(engine_find_node(w->engine, "a.target")->lists[DEPENDENCY_WANTS]);
        assert_int_equal(reread(w, "b.target"), 1);
        assert_string_equal(world_unit(w, "b.target")->spec->unit.description, "new");
}

static void test_a_unit_without_a_file_is_not_read_again_alone(void **state) {
        World *w = *state;

        world_write(w, "a.target", "[Unit]\nDescription=old\n");
        world_load(w);
        assert_int_equal(reread(w, "nonesuch.target"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_types_merge_to_what_does_both),
                TEST(test_a_reload_ends_with_the_reloading),
                TEST(test_a_reload_that_fails_leaves_the_unit_active),
                TEST(test_one_that_ends_meanwhile_has_not_reloaded),
                TEST(test_what_can_not_or_does_not_run_is_refused),
                TEST(test_reload_or_start_does_what_is_due),
                TEST(test_a_reload_during_a_reload_reloads_once_more),
                TEST(test_a_reload_during_a_start_follows_it),
                TEST(test_a_start_during_a_reload_joins_it),
                TEST(test_a_stop_or_restart_cancels_a_reload),
                TEST(test_a_reload_is_passed_on_from_either_side),
                TEST(test_old_spellings_of_the_passing_on),
                TEST(test_one_that_does_not_run_is_not_started_by_it),
                TEST(test_a_failure_down_the_line_fails_nobody_else),
                TEST(test_reloads_keep_the_order),
                TEST(test_nothing_reloads_while_supd_ends),
                TEST(test_a_unit_that_is_read_again_alone_takes_its_new_definition_and_no_other),
                TEST(test_a_unit_without_a_file_is_not_read_again_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
