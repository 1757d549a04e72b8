/* SPDX-License-Identifier: MIT */

/* Every row of UNITS.md 4.1, and what comes of states and jobs for others. */

#include "test-core-fixture.h"

/* A container that has only the dependencies it says. */
static void unit(World *w, const char *name, const char *dependencies) {
        _cleanup_free_ char *file = str_printf("%s.container", name),
                            *text = str_printf("[Unit]\nDefaultDependencies=no\n%s\n"
                                               "[Quadlet]\nDefaultDependencies=no\n"
                                               "[Container]\nRootfs=/srv/%s\nNetwork=none\n",
                                            dependencies,
                                            name);
        world_write(w, file, text);
}

/* "a.service" with @dependencies on b, and plain b and c. */
static World *pair(void **state, const char *dependencies) {
        World *w = *state;

        unit(w, "a", dependencies);
        unit(w, "b", "");
        unit(w, "c", "");
        world_load(w);
        return w;
}

static Toy *toy(World *w, const char *name) {
        return toy_of(world_unit(w, name));
}

#define assert_told(w, expected) assert_string_equal((w)->told, expected)
#define assert_state(w, name, state) assert_int_equal(world_state((w), (name)), (state))

/* ---- A starts ------------------------------------------------------------------------------------ */

static void test_wants_starts_the_other_and_does_not_mind_its_failure(void **state) {
        World *w = pair(state, "Wants=b.service\nAfter=b.service");

        toy(w, "b")->fails = true;
        world_start(w, "a");
        assert_told(w, "b.service:start:failed a.service:start:done ");
}

static void test_wants_does_not_mind_what_is_missing_masked_or_bad(void **state) {
        World *w = *state;

        unit(w, "a", "Wants=nope.service masked.service bad.service");
        world_write(w, "masked.container", "");
        world_write(w, "bad.container", "[Container]\nNonsense=1\n");
        world_load(w);
        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
}

static void test_requires_starts_the_other_first_if_it_is_ordered(void **state) {
        World *w = pair(state, "Requires=b.service\nAfter=b.service");

        world_start(w, "a");
        assert_told(w, "b.service:start:done a.service:start:done ");
}

static void test_without_an_order_both_start_at_once(void **state) {
        World *w = pair(state, "Requires=b.service");

        toy(w, "b")->slow = true;
        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
        assert_state(w, "b", UNIT_ACTIVATING);
}

static void test_requires_fails_with_the_other(void **state) {
        World *w = pair(state, "Requires=b.service\nAfter=b.service");

        toy(w, "b")->fails = true;
        world_start(w, "a");
        assert_told(w, "b.service:start:failed a.service:start:dependency ");
        assert_int_equal(toy(w, "a")->starts, 0);
}

static void test_requires_of_what_is_missing_is_refused_with_the_reason(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = *state;

        unit(w, "a", "Requires=b.service");
        unit(w, "b", "Requires=nope.service");
        world_load(w);
        assert_int_equal(world_ask(w, "a", JOB_START, JOB_MODE_REPLACE, &error), -ENOENT);
        assert_int_equal(error.code, ERROR_NO_SUCH_UNIT);
        assert_string_equal(error.message,
                        "b.service requires nope.service: Unit nope.service not found.");
        assert_int_equal(engine_n_jobs(w->engine), 0);
}

static void test_what_is_wanted_and_can_not_be_had_does_not_leave_its_own_wishes(void **state) {
        World *w = *state;

        unit(w, "a", "Wants=b.service");
        unit(w, "b", "Requires=nope.service c.service");
        unit(w, "c", "");
        world_load(w);
        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
        assert_state(w, "c", UNIT_INACTIVE);
}

static void test_requisite_starts_nothing_and_fails_at_once(void **state) {
        World *w = pair(state, "Requisite=b.service\nAfter=b.service");

        world_start(w, "a");
        assert_told(w, "a.service:start:dependency ");
        world_start(w, "b");
        world_listen(w);
        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
}

static void test_binds_to_starts_the_other(void **state) {
        World *w = pair(state, "BindsTo=b.service\nAfter=b.service");

        world_start(w, "a");
        assert_told(w, "b.service:start:done a.service:start:done ");
}

static void test_part_of_starts_nothing(void **state) {
        World *w = pair(state, "PartOf=b.service");

        world_start(w, "a");
        assert_state(w, "b", UNIT_INACTIVE);
        world_start(w, "b");
        assert_int_equal(toy(w, "a")->starts, 1);
}

static void test_conflicts_stops_the_other_first_in_both_directions(void **state) {
        World *w = pair(state, "Conflicts=b.service");

        toy(w, "b")->slow = true;
        world_start(w, "b");
        world_becomes(w, "b", UNIT_ACTIVE);
        world_start(w, "a");
        assert_state(w, "b", UNIT_DEACTIVATING);
        assert_state(w, "a", UNIT_INACTIVE);
        world_listen(w);
        world_becomes(w, "b", UNIT_INACTIVE);
        assert_told(w, "b.service:stop:done a.service:start:done ");
        world_start(w, "b");
        assert_state(w, "a", UNIT_INACTIVE);
}

static void test_a_conflict_that_will_not_stop_fails_the_start(void **state) {
        World *w = pair(state, "Conflicts=b.service");

        world_start(w, "b");
        toy(w, "b")->slow = true;
        world_start(w, "a");
        Job *stop = world_unit(w, "b")->job;
        assert_non_null(stop);
        world_listen(w);
        engine_cancel_job(w->engine, stop);
        engine_run_queue(w->engine);
        assert_told(w, "b.service:stop:canceled a.service:start:dependency ");
}

/* ---- B stops, or is restarted -------------------------------------------------------------------- */

static void test_a_stop_takes_along_who_requires_binds_or_is_part(void **state) {
        static const char *const words[] = { "Requires", "BindsTo", "PartOf", "Requisite" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                _cleanup_free_ char *text = str_printf("%s=b.service\nAfter=b.service", words[i]);
                World *w = pair(state, text);

                world_start(w, "b");
                world_start(w, "a");
                world_listen(w);
                world_stop(w, "b");
                assert_told(w, "a.service:stop:done b.service:stop:done "); /* in reverse order */
                world_start(w, "b");
                world_start(w, "a");
                world_listen(w);
                assert_int_equal(world_ask(w, "b", JOB_RESTART, JOB_MODE_REPLACE, NULL), 0);
                assert_told(w, "b.service:start:done a.service:start:done ");
                assert_int_equal(toy(w, "a")->starts, 3);
                toy(w, "a")->starts = toy(w, "b")->starts = 0;
                world_stop(w, "b");
                /* What does not run is not started by a restart of the other. */
                world_ask(w, "b", JOB_RESTART, JOB_MODE_REPLACE, NULL);
                assert_int_equal(toy(w, "a")->starts, 0);
                world_stop(w, "b");
        }
}

static void test_a_stop_leaves_alone_who_only_wants(void **state) {
        World *w = pair(state, "Wants=b.service");

        world_start(w, "a");
        world_stop(w, "b");
        assert_state(w, "a", UNIT_ACTIVE);
}

static void test_a_stop_is_propagated_from_either_side(void **state) {
        World *w = *state;

        unit(w, "a", "PropagatesStopTo=b.service");
        unit(w, "b", "");
        unit(w, "c", "StopPropagatedFrom=a.service");
        world_load(w);
        world_start(w, "a");
        world_start(w, "b");
        world_start(w, "c");
        world_stop(w, "a");
        assert_state(w, "b", UNIT_INACTIVE);
        assert_state(w, "c", UNIT_INACTIVE);
}

/* ---- B ends by itself ---------------------------------------------------------------------------- */

static void test_only_what_is_bound_ends_with_it(void **state) {
        World *w = *state;

        unit(w, "a", "BindsTo=b.service");
        unit(w, "b", "");
        unit(w, "c", "Requires=b.service");
        world_load(w);
        world_start(w, "a");
        world_start(w, "c");
        world_becomes(w, "b", UNIT_DEACTIVATING);
        world_becomes(w, "b", UNIT_STATE_FAILED);
        assert_state(w, "a", UNIT_INACTIVE);
        assert_state(w, "c", UNIT_ACTIVE);
}

static void test_what_is_bound_does_not_start_by_what_has_ended_well(void **state) {
        World *w = pair(state, "BindsTo=b.service\nAfter=b.service");

        toy(w, "b")->slow = true;
        world_start(w, "a");
        world_becomes(w, "b", UNIT_INACTIVE); /* a oneshot */
        assert_told(w, "b.service:start:done a.service:start:dependency ");
}

static void test_upholds_starts_it_again_while_it_is_active(void **state) {
        World *w = pair(state, "Upholds=b.service");

        world_start(w, "a");
        assert_state(w, "b", UNIT_ACTIVE);
        world_becomes(w, "b", UNIT_STATE_FAILED);
        assert_state(w, "b", UNIT_ACTIVE);
        world_stop(w, "b");
        assert_state(w, "b", UNIT_ACTIVE);
        world_stop(w, "a");
        world_stop(w, "b");
        assert_state(w, "b", UNIT_INACTIVE);
}

static void test_upholds_comes_to_rest_and_is_taken_up_again(void **state) {
        World *w = pair(state, "Upholds=b.service");

        toy(w, "b")->fails = true;
        w->quiet = true;
        world_start(w, "a");
        unsigned starts = toy(w, "b")->starts;
        assert_in_range(starts, 10, 20);
        assert_true(w->deadline > w->now && w->deadline != USEC_INFINITY);
        toy(w, "b")->fails = false;
        w->now = w->deadline;
        engine_on_deadline(w->engine);
        engine_run_queue(w->engine);
        assert_state(w, "b", UNIT_ACTIVE);
}

static void test_an_automatic_restart_restarts_who_requires_it(void **state) {
        World *w = pair(state, "Requires=b.service\nAfter=b.service");

        world_start(w, "a");
        world_listen(w);
        world_becomes(w, "b", UNIT_DEACTIVATING);
        world_becomes(w, "b", UNIT_ACTIVATING); /* it waits */
        assert_state(w, "a", UNIT_ACTIVE);
        toy(w, "b")->n_restarts++;
        world_becomes(w, "b", UNIT_ACTIVATING);
        assert_state(w, "a", UNIT_INACTIVE);
        world_becomes(w, "b", UNIT_ACTIVE);
        assert_told(w, "b.service:start:done a.service:start:done ");
        assert_state(w, "a", UNIT_ACTIVE);
}

static void test_on_failure_and_on_success_start_what_they_name(void **state) {
        World *w = pair(state, "OnFailure=b.service\nOnSuccess=c.service");

        world_start(w, "a");
        world_becomes(w, "a", UNIT_STATE_FAILED);
        assert_state(w, "b", UNIT_ACTIVE);
        assert_state(w, "c", UNIT_INACTIVE);
        world_start(w, "a");
        world_becomes(w, "a", UNIT_INACTIVE);
        assert_state(w, "c", UNIT_ACTIVE);
}

static void test_on_failure_hears_of_a_start_that_never_was(void **state) {
        World *w = pair(state, "Requires=b.service\nAfter=b.service\nOnFailure=c.service");

        toy(w, "b")->fails = true;
        world_start(w, "a");
        assert_state(w, "c", UNIT_ACTIVE);
}

static void test_what_nobody_needs_any_more_stops(void **state) {
        World *w = *state;

        unit(w, "a", "Wants=b.service");
        unit(w, "b", "StopWhenUnneeded=yes");
        unit(w, "c", "Requires=b.service");
        world_load(w);
        world_start(w, "a");
        world_start(w, "c");
        world_stop(w, "a");
        assert_state(w, "b", UNIT_ACTIVE);
        world_stop(w, "c");
        assert_state(w, "b", UNIT_INACTIVE);
}

/* ---- order --------------------------------------------------------------------------------------- */

static void test_before_is_after_from_the_other_side(void **state) {
        World *w = *state;

        unit(w, "a", "Wants=b.service");
        unit(w, "b", "Before=a.service");
        world_load(w);
        world_start(w, "a");
        assert_told(w, "b.service:start:done a.service:start:done ");
}

static void test_an_order_without_a_job_waits_for_nothing(void **state) {
        World *w = pair(state, "After=b.service");

        world_start(w, "a");
        assert_told(w, "a.service:start:done ");
        assert_state(w, "b", UNIT_INACTIVE);
}

static void test_a_job_waits_for_jobs_of_other_requests(void **state) {
        World *w = pair(state, "After=b.service");

        toy(w, "b")->slow = true;
        world_start(w, "b");
        world_start(w, "a");
        assert_told(w, "");
        world_becomes(w, "b", UNIT_STATE_FAILED);
        assert_told(w, "b.service:start:failed a.service:start:done ");
}

static void test_a_stop_goes_before_a_start_in_whatever_direction(void **state) {
        static const char *const orders[] = { "After=b.service", "Before=b.service" };

        for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
                World *w = pair(state, orders[i]);

                toy(w, "b")->slow = true;
                world_start(w, "b");
                world_becomes(w, "b", UNIT_ACTIVE);
                world_stop(w, "b");
                world_start(w, "a");
                assert_state(w, "a", UNIT_INACTIVE);
                world_becomes(w, "b", UNIT_INACTIVE);
                assert_state(w, "a", UNIT_ACTIVE);
                world_stop(w, "a");
        }
}

static void test_a_target_is_reached_once_its_members_are(void **state) {
        World *w = *state;

        world_write(w,
                        "a.container",
                        "[Container]\nRootfs=/\nNetwork=none\n[Install]\nWantedBy=my.target\n");
        world_write(w,
                        "b.container",
                        "[Container]\nRootfs=/\nNetwork=none\n[Install]\nRequiredBy=my.target\n");
        world_load(w);
        toy(w, "a")->slow = toy(w, "b")->slow = true;
        world_start(w, "my.target");
        world_becomes(w, "a", UNIT_STATE_FAILED);
        assert_state(w, "my.target", UNIT_INACTIVE);
        world_becomes(w, "b", UNIT_ACTIVE);
        assert_state(w, "my.target", UNIT_ACTIVE);
}

/* ---- contradictions and cycles ------------------------------------------------------------------- */

static void test_a_request_that_contradicts_itself_is_refused_with_the_whole_reason(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = *state;

        unit(w, "a", "Requires=b.service c.service");
        unit(w, "b", "Conflicts=c.service");
        unit(w, "c", "");
        world_load(w);
        assert_int_equal(world_ask(w, "a", JOB_START, JOB_MODE_REPLACE, &error), -EDEADLK);
        assert_int_equal(error.code, ERROR_JOBS_CONTRADICT);
        assert_string_equal(error.message,
                        "c.service would have to be started (a.service requires c.service) and "
                        "stopped (a.service requires b.service, b.service conflicts with "
                        "c.service) at once");
        assert_int_equal(engine_n_jobs(w->engine), 0);
}

static void test_of_a_contradiction_what_is_only_wanted_gives_way(void **state) {
        World *w = *state;

        unit(w, "a", "Requires=b.service\nWants=c.service");
        unit(w, "b", "Conflicts=c.service");
        unit(w, "c", "");
        world_load(w);
        world_start(w, "a");
        assert_state(w, "a", UNIT_ACTIVE);
        assert_state(w, "b", UNIT_ACTIVE);
        assert_state(w, "c", UNIT_INACTIVE);
}

static void test_a_required_cycle_is_refused_and_printed_whole(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = *state;

        unit(w, "a", "Requires=b.service\nAfter=b.service");
        unit(w, "b", "Requires=c.service\nAfter=c.service");
        unit(w, "c", "After=a.service");
        world_load(w);
        assert_int_equal(world_ask(w, "a", JOB_START, JOB_MODE_REPLACE, &error), -EDEADLK);
        assert_int_equal(error.code, ERROR_ORDER_CYCLE);
        assert_string_equal(error.message,
                        "Ordering cycle: a.service/start after b.service/start after "
                        "c.service/start after a.service/start; none of them can be left out");
}

static void test_a_cycle_is_broken_at_what_is_only_wanted(void **state) {
        World *w = *state;

        unit(w, "a", "Requires=b.service\nAfter=b.service c.service");
        unit(w, "b", "");
        unit(w, "c", "After=a.service");
        unit(w, "d", "Wants=a.service c.service");
        world_load(w);
        world_start(w, "d");
        assert_state(w, "d", UNIT_ACTIVE);
        assert_state(w, "b", UNIT_ACTIVE);
        assert_int_equal(world_state(w, "a") == UNIT_ACTIVE, world_state(w, "c") != UNIT_ACTIVE);
}

static void test_a_cycle_that_comes_with_a_reload_holds_nobody_up(void **state) {
        World *w = pair(state, "After=b.service");

        toy(w, "c")->slow = true;
        unit(w, "b", "After=c.service");
        world_load(w);
        world_start(w, "c");
        world_start(w, "b");
        world_start(w, "a");
        unit(w, "b", "After=c.service a.service");
        world_load(w);
        world_becomes(w, "c", UNIT_ACTIVE);
        assert_state(w, "a", UNIT_ACTIVE);
        assert_state(w, "b", UNIT_ACTIVE);
}

/* ---- modes --------------------------------------------------------------------------------------- */

static void test_mode_fail_looks_at_the_whole_request(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = pair(state, "Requires=b.service");

        world_start(w, "b");
        toy(w, "b")->slow = true;
        world_stop(w, "b");
        assert_int_equal(world_ask(w, "a", JOB_START, JOB_MODE_FAIL, &error), -EEXIST);
        assert_non_null(strstr(error.message, "b.service: a stop job is under way"));
}

static void test_what_is_irreversible_can_not_be_replaced(void **state) {
        World *w = pair(state, "");

        toy(w, "b")->slow = true;
        assert_int_equal(world_ask(w, "b", JOB_START, JOB_MODE_REPLACE_IRREVERSIBLY, NULL), 0);
        assert_int_equal(world_ask(w, "b", JOB_STOP, JOB_MODE_REPLACE, NULL), -EEXIST);
}

static void test_isolate_stops_what_is_not_needed(void **state) {
        World *w = *state;

        unit(w, "a", "Requires=b.service\nAllowIsolate=yes");
        unit(w, "b", "");
        unit(w, "c", "");
        unit(w, "d", "IgnoreOnIsolate=yes");
        world_load(w);
        world_start(w, "c");
        world_start(w, "d");
        assert_int_equal(world_ask(w, "b", JOB_START, JOB_MODE_ISOLATE, NULL), -EPERM);
        assert_int_equal(world_ask(w, "a", JOB_START, JOB_MODE_ISOLATE, NULL), 0);
        assert_state(w, "a", UNIT_ACTIVE);
        assert_state(w, "b", UNIT_ACTIVE);
        assert_state(w, "c", UNIT_INACTIVE);
        assert_state(w, "d", UNIT_ACTIVE);
        assert_state(w, "basic.target", UNIT_ACTIVE);
}

static void test_flush_cancels_what_else_is_to_be_done(void **state) {
        World *w = pair(state, "");

        toy(w, "b")->slow = true;
        world_start(w, "b");
        assert_int_equal(world_ask(w, "a", JOB_START, JOB_MODE_FLUSH, NULL), 0);
        assert_told(w, "b.service:start:canceled a.service:start:done ");
}

static void test_dependencies_and_requirements_can_be_ignored(void **state) {
        World *w = pair(state, "Requires=b.service\nAfter=c.service");

        toy(w, "c")->slow = true;
        world_start(w, "c");
        world_ask(w, "a", JOB_START, JOB_MODE_IGNORE_REQUIREMENTS, NULL);
        assert_state(w, "a", UNIT_INACTIVE);
        world_ask(w, "a", JOB_STOP, JOB_MODE_REPLACE, NULL);
        world_ask(w, "a", JOB_START, JOB_MODE_IGNORE_DEPENDENCIES, NULL);
        assert_state(w, "a", UNIT_ACTIVE);
        assert_state(w, "b", UNIT_INACTIVE);
}

static void test_who_refuses_is_started_and_stopped_by_others_only(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = *state;

        unit(w, "a", "Requires=b.service");
        unit(w, "b", "RefuseManualStart=yes\nRefuseManualStop=yes\nPartOf=a.service");
        world_load(w);
        assert_int_equal(world_ask(w, "b", JOB_START, JOB_MODE_REPLACE, &error), -EPERM);
        assert_int_equal(error.code, ERROR_ONLY_BY_DEPENDENCY);
        world_start(w, "a");
        assert_state(w, "b", UNIT_ACTIVE);
        assert_int_equal(world_ask(w, "b", JOB_STOP, JOB_MODE_REPLACE, NULL), -EPERM);
        world_stop(w, "a");
        assert_state(w, "b", UNIT_INACTIVE);
}

static void test_a_job_times_out_and_its_unit_does_not_care(void **state) {
        World *w = *state;

        unit(w, "a", "Requires=b.service\nAfter=b.service");
        unit(w, "b", "JobTimeoutSec=5s");
        unit(w, "c", "");
        world_load(w);
        toy(w, "b")->slow = true;
        world_start(w, "a");
        assert_int_equal(w->deadline, w->now + 5 * USEC_PER_SEC);
        w->now = w->deadline;
        engine_on_deadline(w->engine);
        assert_told(w, "b.service:start:timeout a.service:start:dependency ");
        assert_state(w, "b", UNIT_ACTIVATING);
}

static void test_no_more_starts_at_a_time_than_allowed(void **state) {
        World *w = pair(state, "");

        toy(w, "a")->slow = toy(w, "b")->slow = toy(w, "c")->slow = true;
        engine_set_starts_max(w->engine, 2, USEC_INFINITY);
        world_start(w, "a");
        world_start(w, "b");
        world_start(w, "c");
        assert_state(w, "c", UNIT_INACTIVE);
        world_becomes(w, "a", UNIT_STATE_FAILED);
        assert_state(w, "c", UNIT_ACTIVATING);
        assert_state(w, "b", UNIT_ACTIVATING);
}

static void test_one_that_starts_for_long_holds_no_others_back(void **state) {
        World *w = pair(state, "");

        toy(w, "a")->slow = toy(w, "b")->slow = toy(w, "c")->slow = true;
        engine_set_starts_max(w->engine, 2, 2 * USEC_PER_SEC);
        world_start(w, "a");
        w->now += USEC_PER_SEC;
        world_start(w, "b");
        world_start(w, "c");
        assert_state(w, "c", UNIT_INACTIVE);
        w->now = w->deadline;
        engine_on_deadline(w->engine);
        engine_run_queue(w->engine);
        assert_state(w, "c", UNIT_ACTIVATING);
        assert_state(w, "a", UNIT_ACTIVATING);
}

/* ---- names --------------------------------------------------------------------------------------- */

static void test_files_aliases_and_instances_are_one_with_their_units(void **state) {
        World *w = *state;

        world_write(w,
                        "a.container",
                        "[Unit]\nRequires=b.container www.service t@x.container\n"
                        "[Container]\nRootfs=/\nNetwork=none\n");
        world_write(w, "b.container", "[Container]\nRootfs=/\nNetwork=none\nServiceName=other\n");
        world_write(w,
                        "c.container",
                        "[Container]\nRootfs=/\nNetwork=none\n[Install]\nAlias=www.service\n");
        world_write(w,
                        "t@.container",
                        "[Unit]\nWants=u@.container\n[Container]\nRootfs=/\nNetwork=none\n");
        world_write(w, "u@.container", "[Container]\nRootfs=/\nNetwork=none\n");
        world_load(w);
        world_start(w, "a");
        assert_state(w, "other", UNIT_ACTIVE);
        assert_state(w, "c", UNIT_ACTIVE);
        assert_state(w, "t@x", UNIT_ACTIVE);
        assert_state(w, "u@x", UNIT_ACTIVE);
}

static void test_a_template_that_names_ever_more_of_itself_comes_to_an_end(void **state) {
        World *w = *state;

        world_write(w,
                        "t@.container",
                        "[Unit]\nWants=t@%i0.service t@%i1.service\n"
                        "[Container]\nRootfs=/\nNetwork=none\n");
        unit(w, "a", "After=t@0.service");
        world_load(w);
        assert_in_range(engine_n_units(w->engine), 100, 20000);
}

static void test_boot_starts_the_default_target_and_a_stop_of_all_ends(void **state) {
        World *w = *state;

        world_write(w,
                        "a.container",
                        "[Container]\nRootfs=/"
                        "\nNetwork=none\n[Install]\nWantedBy=default.target\n");
        world_write(w,
                        "b.container",
                        "[Container]\nRootfs=/"
                        "\nNetwork=none\n[Install]\nWantedBy=multi-user.target\n");
        world_load(w);
        assert_int_equal(engine_start_wanted(w->engine), 0);
        engine_run_queue(w->engine);
        assert_state(w, "a", UNIT_ACTIVE);
        assert_state(w, "b", UNIT_ACTIVE);
        assert_state(w, "multi-user.target", UNIT_ACTIVE);
        assert_int_equal(engine_stop_all(w->engine), 2);
        engine_run_queue(w->engine);
        assert_true(engine_is_idle(w->engine));
}

static void test_who_triggers_a_unit_hears_of_its_states_and_of_the_ends_of_its_jobs(void **state) {
        World *w = *state;

        unit(w, "a", "");
        world_write(w, "tick.timer", "[Timer]\nOnBootSec=1\nUnit=a.container\n");
        world_write(w, "bad.container", "[Unit]\nRequisite=nope.service\n[Container]\nRootfs=/x\n");
        world_write(w, "bad.timer", "[Timer]\nOnBootSec=1\n");
        world_load(w);
        const DepNode *node = engine_find_node(w->engine, "tick.timer");
        assert_int_equal(dep_count(node, DEPENDENCY_TRIGGERS), 1);
        assert_string_equal(node->lists[DEPENDENCY_TRIGGERS]->nodes[0]->name, "a.service");
        assert_int_equal(dep_count(engine_find_node(w->engine, "a.service"),
                                         DEPENDENCY_TRIGGERED_BY),
                        1);

        unsigned *hints = &toy_of(world_unit(w, "tick.timer"))->hints;
        world_start(w, "a");
        unsigned after_start = *hints;
        assert_true(after_start > 0);
        world_becomes(w, "a", UNIT_INACTIVE);
        assert_true(*hints > after_start);
        world_start(w, "tick.timer"); /* which needs nothing of it */
        assert_state(w, "a", UNIT_INACTIVE);

        /* A job that ends without a word of the unit. */
        hints = &toy_of(world_unit(w, "bad.timer"))->hints;
        unsigned before = *hints;
        (void) world_ask(w, "bad", JOB_START, JOB_MODE_REPLACE, NULL);
        assert_true(*hints > before);
        assert_int_equal(toy_of(world_unit(w, "bad"))->starts, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_wants_starts_the_other_and_does_not_mind_its_failure),
                TEST(test_wants_does_not_mind_what_is_missing_masked_or_bad),
                TEST(test_requires_starts_the_other_first_if_it_is_ordered),
                TEST(test_without_an_order_both_start_at_once),
                TEST(test_requires_fails_with_the_other),
                TEST(test_requires_of_what_is_missing_is_refused_with_the_reason),
                TEST(test_what_is_wanted_and_can_not_be_had_does_not_leave_its_own_wishes),
                TEST(test_requisite_starts_nothing_and_fails_at_once),
                TEST(test_binds_to_starts_the_other),
                TEST(test_part_of_starts_nothing),
                TEST(test_conflicts_stops_the_other_first_in_both_directions),
                TEST(test_a_conflict_that_will_not_stop_fails_the_start),
                TEST(test_a_stop_takes_along_who_requires_binds_or_is_part),
                TEST(test_a_stop_leaves_alone_who_only_wants),
                TEST(test_a_stop_is_propagated_from_either_side),
                TEST(test_only_what_is_bound_ends_with_it),
                TEST(test_what_is_bound_does_not_start_by_what_has_ended_well),
                TEST(test_upholds_starts_it_again_while_it_is_active),
                TEST(test_upholds_comes_to_rest_and_is_taken_up_again),
                TEST(test_an_automatic_restart_restarts_who_requires_it),
                TEST(test_on_failure_and_on_success_start_what_they_name),
                TEST(test_on_failure_hears_of_a_start_that_never_was),
                TEST(test_who_triggers_a_unit_hears_of_its_states_and_of_the_ends_of_its_jobs),
                TEST(test_what_nobody_needs_any_more_stops),
                TEST(test_before_is_after_from_the_other_side),
                TEST(test_an_order_without_a_job_waits_for_nothing),
                TEST(test_a_job_waits_for_jobs_of_other_requests),
                TEST(test_a_stop_goes_before_a_start_in_whatever_direction),
                TEST(test_a_target_is_reached_once_its_members_are),
                TEST(test_a_request_that_contradicts_itself_is_refused_with_the_whole_reason),
                TEST(test_of_a_contradiction_what_is_only_wanted_gives_way),
                TEST(test_a_required_cycle_is_refused_and_printed_whole),
                TEST(test_a_cycle_is_broken_at_what_is_only_wanted),
                TEST(test_a_cycle_that_comes_with_a_reload_holds_nobody_up),
                TEST(test_mode_fail_looks_at_the_whole_request),
                TEST(test_what_is_irreversible_can_not_be_replaced),
                TEST(test_isolate_stops_what_is_not_needed),
                TEST(test_flush_cancels_what_else_is_to_be_done),
                TEST(test_dependencies_and_requirements_can_be_ignored),
                TEST(test_who_refuses_is_started_and_stopped_by_others_only),
                TEST(test_a_job_times_out_and_its_unit_does_not_care),
                TEST(test_no_more_starts_at_a_time_than_allowed),
                TEST(test_one_that_starts_for_long_holds_no_others_back),
                TEST(test_files_aliases_and_instances_are_one_with_their_units),
                TEST(test_a_template_that_names_ever_more_of_itself_comes_to_an_end),
                TEST(test_boot_starts_the_default_target_and_a_stop_of_all_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
