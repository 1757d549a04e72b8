/* SPDX-License-Identifier: MIT */

/* Jobs and units with a kind of unit that does nothing by itself: the test says what happens. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "core/engine.h"
#include "core/unit-name.h"

typedef struct Toy {
        Unit unit; /* first */
        UnitActiveState active;
        unsigned starts, stops;
        int refuse; /* what start answers, 0: begins */
} Toy;

static void toy_becomes(Unit *u, UnitActiveState active, bool start_failed) {
        ((Toy *) u)->active = active;
        unit_notify(u, start_failed);
}

static int toy_start(Unit *u, bool by_hand, Error *error) {
        Toy *t = (Toy *) u;

        (void) by_hand, (void) error;
        if (t->active == UNIT_ACTIVE)
                return -EALREADY;
        if (t->active == UNIT_DEACTIVATING)
                return -EAGAIN;
        t->starts++;
        (void) unit_take_next_spec(u);
        if (t->refuse < 0)
                return t->refuse;
        t->active = UNIT_ACTIVATING;
        if (u->spec->kind == UNIT_KIND_TARGET)
                toy_becomes(u, UNIT_ACTIVE, false);
        return 0;
}

static int toy_stop(Unit *u, Error *error) {
        Toy *t = (Toy *) u;

        (void) error;
        if (t->active == UNIT_INACTIVE || t->active == UNIT_STATE_FAILED)
                return -EALREADY;
        t->stops++;
        t->active = UNIT_DEACTIVATING;
        return 0;
}

static void toy_status(const Unit *u, UnitStatus *ret) {
        *ret = (UnitStatus) { .active = ((const Toy *) u)->active };
}

static Unit *toy_free(Unit *u) {
        unit_spec_free(u->spec);
        free(u);
        return NULL;
}

static const UnitKindOps toy_ops = {
        .name = "toy",
        .start = toy_start,
        .stop = toy_stop,
        .status = toy_status,
        .free = toy_free,
};

static int toy_make(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error) {
        Toy *t = calloc(1, sizeof(*t));

        (void) e, (void) userdata, (void) error;
        if (!t)
                return -ENOMEM;
        *t = (Toy) {
                .unit = { .ops = &toy_ops, .spec = TAKE_PTR(*spec) },
                .active = UNIT_INACTIVE,
        };
        *ret = &t->unit;
        return 0;
}

/* What was told, as one line: "+1 -1:done " for jobs, "u:web.service " for new units. */
typedef struct World {
        Engine *engine;
        char *dir;
        char told[4096];
        size_t told_size;
        unsigned wakes;
} World;

static void _printf_(2, 3) tell(World *w, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int n = vsnprintf(w->told + w->told_size, sizeof(w->told) - w->told_size, format, ap);
        va_end(ap);
        assert_true(n >= 0 && (size_t) n < sizeof(w->told) - w->told_size);
        w->told_size += (size_t) n;
}

static void on_wake(void *userdata) {
        ((World *) userdata)->wakes++;
}

static void on_unit_added(Unit *u, void *userdata) {
        tell(userdata, "u:%s ", unit_id(u));
}

static void on_unit_removed(Unit *u, void *userdata) {
        tell(userdata, "x:%s ", unit_id(u));
}

static void on_job_added(Job *j, void *userdata) {
        tell(userdata, "+%u ", j->id);
}

static void on_job_removed(Job *j, JobResult result, void *userdata) {
        tell(userdata, "-%u:%s ", j->id, job_result_to_string(result));
}

static const EngineOps world_ops = {
        .wake = on_wake,
        .unit_added = on_unit_added,
        .unit_removed = on_unit_removed,
        .job_added = on_job_added,
        .job_removed = on_job_removed,
};

static void world_write(World *w, const char *name, const char *text) {
        _cleanup_free_ char *path = str_printf("%s/%s", w->dir, name);
        assert_int_equal(file_replace(AT_FDCWD, path, text, 0644, false), 0);
}

static void world_unlink(World *w, const char *name) {
        _cleanup_free_ char *path = str_printf("%s/%s", w->dir, name);
        assert_int_equal(unlink(path), 0);
}

static void world_load(World *w) {
        char *dirs[] = { w->dir, NULL };
        UnitSet *set = NULL;

        assert_int_equal(unit_set_load(dirs, &set, NULL), 0);
        assert_int_equal(engine_load(w->engine, &set, NULL), 0);
        assert_null(set);
}

/* Alone: what units have to do with each other is test-core-dependencies' business. */
#define ALONE "[Unit]\nDefaultDependencies=no\n[Quadlet]\nDefaultDependencies=no\n"
#define WEB ALONE "[Container]\nRootfs=/srv/web\nExec=/bin/web\n"

static int world_setup(void **state) {
        World *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        w->dir = strdup("/tmp/supd-test-engine-XXXXXX");
        assert_non_null(mkdtemp(w->dir));
        assert_int_equal(engine_new(toy_make, NULL, &w->engine), 0);
        engine_add_observer(w->engine, &world_ops, w);
        world_write(w, "web.container", WEB);
        world_load(w);
        w->told_size = 0;
        w->told[0] = '\0';
        *state = w;
        return 0;
}

static int world_teardown(void **state) {
        World *w = *state;

        engine_free(w->engine);
        (void) dir_remove_all(AT_FDCWD, w->dir);
        free(w->dir);
        free(w);
        return 0;
}

static Unit *web(World *w) {
        Unit *u = engine_find(w->engine, "web.service");
        assert_non_null(u);
        return u;
}

static int ask(World *w, JobType type, JobMode mode) {
        Job *j = NULL;
        return engine_add_job(w->engine, web(w), type, mode, true, &j, NULL);
}

static void test_a_job_begins_from_the_queue_not_from_the_call_that_made_it(void **state) {
        World *w = *state;

        w->wakes = 0;
        assert_int_equal(ask(w, JOB_START, JOB_MODE_REPLACE), 0);
        assert_int_equal(((Toy *) web(w))->starts, 0);
        assert_int_equal(w->wakes, 1);
        engine_run_queue(w->engine);
        assert_int_equal(((Toy *) web(w))->starts, 1);
        toy_becomes(web(w), UNIT_ACTIVE, false);
        assert_string_equal(w->told, "+1 -1:done ");
        assert_int_equal(engine_n_jobs(w->engine), 0);
}

static void test_starting_what_runs_is_done_at_once(void **state) {
        World *w = *state;

        ((Toy *) web(w))->active = UNIT_ACTIVE;
        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_string_equal(w->told, "+1 -1:done ");
        assert_int_equal(((Toy *) web(w))->starts, 0);
}

static void test_a_failed_attempt_fails_the_job_even_if_a_restart_follows(void **state) {
        World *w = *state;

        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        toy_becomes(web(w), UNIT_ACTIVATING, true); /* auto-restart */
        assert_string_equal(w->told, "+1 -1:failed ");
}

static void test_a_oneshot_that_ends_well_is_a_start_done(void **state) {
        World *w = *state;

        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        toy_becomes(web(w), UNIT_INACTIVE, false);
        assert_string_equal(w->told, "+1 -1:done ");
}

static void test_the_same_request_joins_the_job_under_way(void **state) {
        World *w = *state;
        Job *first = NULL, *second = NULL;

        assert_int_equal(engine_add_job(w->engine,
                                         web(w),
                                         JOB_START,
                                         JOB_MODE_REPLACE,
                                         true,
                                         &first,
                                         NULL),
                        0);
        engine_run_queue(w->engine);
        assert_int_equal(engine_add_job(w->engine,
                                         web(w),
                                         JOB_START,
                                         JOB_MODE_FAIL,
                                         true,
                                         &second,
                                         NULL),
                        0);
        assert_ptr_equal(first, second);
        assert_string_equal(w->told, "+1 ");
}

static void test_a_contrary_request_cancels_or_is_refused_by_mode(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = *state;
        Job *j;

        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_int_equal(engine_add_job(w->engine,
                                         web(w),
                                         JOB_STOP,
                                         JOB_MODE_FAIL,
                                         true,
                                         &j,
                                         &error),
                        -EEXIST);
        assert_int_equal(error.code, ERROR_JOB_CONFLICT);
        assert_int_equal(ask(w, JOB_STOP, JOB_MODE_REPLACE), 0);
        engine_run_queue(w->engine);
        assert_string_equal(w->told, "+1 -1:canceled +2 ");
        toy_becomes(web(w), UNIT_INACTIVE, false);
        assert_string_equal(w->told, "+1 -1:canceled +2 -2:done ");
}

static void test_a_restart_stops_first_and_starts_from_the_queue(void **state) {
        World *w = *state;
        Toy *t = (Toy *) web(w);

        t->active = UNIT_ACTIVE;
        ask(w, JOB_RESTART, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_int_equal(t->stops, 1);
        toy_becomes(web(w), UNIT_INACTIVE, false);
        assert_int_equal(t->starts, 0);
        engine_run_queue(w->engine);
        assert_int_equal(t->starts, 1);
        toy_becomes(web(w), UNIT_ACTIVE, false);
        assert_string_equal(w->told, "+1 -1:done ");
}

static void test_a_restart_of_what_is_off_only_starts(void **state) {
        World *w = *state;

        ask(w, JOB_RESTART, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_int_equal(((Toy *) web(w))->starts, 1);
        ask(w, JOB_STOP, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        toy_becomes(web(w), UNIT_INACTIVE, false);
        ask(w, JOB_TRY_RESTART, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_int_equal(((Toy *) web(w))->starts, 1);
}

static void test_a_start_of_what_is_being_stopped_begins_when_it_is_off(void **state) {
        World *w = *state;
        Toy *t = (Toy *) web(w);

        t->active = UNIT_ACTIVE;
        ask(w, JOB_STOP, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_string_equal(w->told, "+1 -1:canceled +2 ");
        toy_becomes(web(w), UNIT_DEACTIVATING, false); /* from SIGTERM to SIGKILL */
        toy_becomes(web(w), UNIT_STATE_FAILED, true);
        engine_run_queue(w->engine);
        assert_int_equal(t->starts, 1);
        toy_becomes(web(w), UNIT_ACTIVE, false);
        assert_string_equal(w->told, "+1 -1:canceled +2 -2:done ");
}

static void test_a_start_of_what_ends_is_done_by_an_automatic_restart_too(void **state) {
        World *w = *state;

        ((Toy *) web(w))->active = UNIT_DEACTIVATING;
        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        toy_becomes(web(w), UNIT_ACTIVATING, true); /* auto-restart, after a failed attempt */
        toy_becomes(web(w), UNIT_ACTIVATING, false);
        assert_string_equal(w->told, "+1 ");
        toy_becomes(web(w), UNIT_ACTIVE, false);
        assert_string_equal(w->told, "+1 -1:done ");
}

static void test_try_restart_leaves_alone_what_is_being_stopped(void **state) {
        World *w = *state;

        ((Toy *) web(w))->active = UNIT_DEACTIVATING;
        ask(w, JOB_TRY_RESTART, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_string_equal(w->told, "+1 -1:done ");
        assert_int_equal(((Toy *) web(w))->stops, 0);
}

static void test_units_that_do_not_load_say_why_they_can_t_start(void **state) {
        World *w = *state;
        _cleanup_(error_done) Error bad = {}, template = {};
        Job *j;

        world_write(w, "bad.container", "[Container]\nRootfs=/srv/bad\nExec=x\nNonsense=1\n");
        world_write(w, "many@.container", WEB);
        world_load(w);
        assert_int_equal(engine_add_job(w->engine,
                                         engine_find(w->engine, "bad"),
                                         JOB_START,
                                         JOB_MODE_REPLACE,
                                         true,
                                         &j,
                                         &bad),
                        -EBADMSG);
        assert_non_null(strstr(bad.message, "Nonsense"));
        assert_int_equal(bad.code, ERROR_BAD_SETTING);
        Unit *u = engine_find(w->engine, "many@.service");
        assert_non_null(u);
        assert_int_equal(engine_add_job(w->engine,
                                         u,
                                         JOB_START,
                                         JOB_MODE_REPLACE,
                                         true,
                                         &j,
                                         &template),
                        -EINVAL);
}

static void test_names_are_found_as_people_write_them(void **state) {
        World *w = *state;

        world_write(w, "many@.container", WEB);
        world_load(w);
        assert_ptr_equal(engine_find(w->engine, "web"), web(w));
        assert_ptr_equal(engine_find(w->engine, "web.container"), web(w));
        assert_null(engine_find(w->engine, "webb"));
        Unit *u = engine_find(w->engine, "many@7");
        assert_non_null(u);
        assert_string_equal(unit_id(u), "many@7.service");
        assert_ptr_equal(engine_find(w->engine, "many@7.container"), u);
}

static void test_a_reload_changes_a_running_unit_at_its_next_start_only(void **state) {
        World *w = *state;
        Toy *t = (Toy *) web(w);

        t->active = UNIT_ACTIVE;
        world_write(w, "web.container", "[Unit]\nDescription=new\n" WEB);
        world_load(w);
        assert_ptr_equal(engine_find(w->engine, "web"), &t->unit);
        assert_null(t->unit.spec->unit.description);
        t->active = UNIT_INACTIVE;
        ask(w, JOB_START, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        assert_string_equal(t->unit.spec->unit.description, "new");
}

static void test_a_reload_changes_a_stopped_unit_at_once(void **state) {
        World *w = *state;

        world_write(w, "web.container", "[Unit]\nDescription=new\n" WEB);
        world_load(w);
        assert_string_equal(web(w)->spec->unit.description, "new");
}

#define BAD "[Container]\nRootfs=/srv/bad\nExec=x\nNonsense=1\n"

static void test_a_broken_definition_waits_until_the_unit_is_off(void **state) {
        World *w = *state;
        Toy *t = (Toy *) web(w);
        Job *j;

        t->active = UNIT_ACTIVE;
        world_write(w, "web.container", BAD);
        world_load(w);
        assert_false(unit_take_next_spec(&t->unit)); /* as an automatic restart would */
        assert_int_equal(t->unit.spec->load_state, UNIT_LOADED);
        assert_int_equal(engine_add_job(w->engine,
                                         web(w),
                                         JOB_RESTART,
                                         JOB_MODE_REPLACE,
                                         true,
                                         &j,
                                         NULL),
                        -EBADMSG);
        toy_becomes(&t->unit, UNIT_INACTIVE, false);
        engine_collect(w->engine);
        assert_int_equal(t->unit.spec->load_state, UNIT_BAD_SETTING);
        assert_null(t->unit.next_spec);
}

static void test_a_unit_whose_file_becomes_one_of_another_kind_is_made_anew(void **state) {
        World *w = *state;

        world_unlink(w, "web.container");
        world_write(w, "web.service", "[Service]\nExecStart=/bin/web\n");
        world_load(w);
        assert_int_equal(web(w)->spec->kind, UNIT_KIND_UNSUPPORTED);
        assert_string_equal(w->told, "x:web.service u:web.service ");
}

static void test_a_restart_whose_unit_breaks_meanwhile_fails(void **state) {
        World *w = *state;

        ((Toy *) web(w))->active = UNIT_ACTIVE;
        ask(w, JOB_RESTART, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        world_write(w, "web.container", BAD);
        world_load(w);
        toy_becomes(web(w), UNIT_INACTIVE, false);
        engine_run_queue(w->engine);
        assert_string_equal(w->told, "+1 -1:failed ");
        assert_int_equal(((Toy *) web(w))->starts, 0);
}

static void test_a_vanished_unit_is_not_started_again(void **state) {
        World *w = *state;
        Job *j;

        ((Toy *) web(w))->active = UNIT_ACTIVE;
        ask(w, JOB_RESTART, JOB_MODE_REPLACE);
        engine_run_queue(w->engine);
        world_unlink(w, "web.container");
        world_load(w);
        Unit *u = engine_find(w->engine, "web.service");
        assert_int_equal(engine_add_job(w->engine, u, JOB_START, JOB_MODE_REPLACE, true, &j, NULL),
                        -ENOENT);
        toy_becomes(u, UNIT_INACTIVE, false);
        engine_run_queue(w->engine);
        engine_collect(w->engine);
        assert_string_equal(w->told, "+1 -1:failed x:web.service ");
}

static void test_a_vanished_unit_stays_until_it_is_inactive(void **state) {
        World *w = *state;
        Unit *u = web(w);

        ((Toy *) u)->active = UNIT_ACTIVE;
        world_unlink(w, "web.container");
        world_load(w);
        assert_ptr_equal(engine_find(w->engine, "web.service"), u);
        assert_string_equal(w->told, "");
        toy_becomes(u, UNIT_INACTIVE, false);
        engine_collect(w->engine);
        assert_string_equal(w->told, "x:web.service ");
        assert_null(engine_find(w->engine, "web.service"));
}

static void test_an_instance_lives_on_over_a_reload(void **state) {
        World *w = *state;

        world_write(w, "many@.container", WEB);
        world_load(w);
        Unit *u = engine_find(w->engine, "many@7");
        world_load(w);
        engine_collect(w->engine);
        assert_ptr_equal(engine_find(w->engine, "many@7"), u);
        assert_false(u->gone);
}

static void test_boot_starts_what_the_default_target_wants(void **state) {
        World *w = *state;

        world_write(w, "boot.container", WEB "[Install]\nWantedBy=multi-user.target\n");
        world_load(w);
        assert_int_equal(engine_start_wanted(w->engine), 0);
        engine_run_queue(w->engine);
        assert_int_equal(((Toy *) engine_find(w->engine, "boot"))->starts, 1);
        assert_int_equal(((Toy *) web(w))->starts, 0);
        assert_false(engine_is_idle(w->engine));
}

static void test_stopping_all_leaves_the_engine_idle(void **state) {
        World *w = *state;

        ((Toy *) web(w))->active = UNIT_ACTIVE;
        assert_false(engine_is_idle(w->engine));
        assert_int_equal(engine_stop_all(w->engine), 1);
        engine_run_queue(w->engine);
        toy_becomes(web(w), UNIT_INACTIVE, false);
        assert_true(engine_is_idle(w->engine));
}

static void test_nothing_starts_once_all_units_are_to_stop(void **state) {
        _cleanup_(error_done) Error error = {};
        World *w = *state;
        Job *j;

        ask(w, JOB_START, JOB_MODE_REPLACE); /* waits in the queue */
        assert_int_equal(engine_stop_all(w->engine), 0);
        assert_string_equal(w->told, "+1 -1:canceled ");
        engine_run_queue(w->engine);
        assert_true(engine_is_idle(w->engine));
        assert_int_equal(engine_add_job(w->engine,
                                         web(w),
                                         JOB_START,
                                         JOB_MODE_REPLACE,
                                         true,
                                         &j,
                                         &error),
                        -ESHUTDOWN);
}

static void test_object_paths_lead_to_the_name_and_back(void **state) {
        static const char *const names[] = {
                "web.service", "a-b.service", "1.service", "x@y\\x2d.service"
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *path = unit_name_to_path(names[i]), *name = NULL;
                assert_int_equal(unit_name_from_path(path, &name), 0);
                assert_string_equal(name, names[i]);
        }
        _cleanup_free_ char *web_path = unit_name_to_path("web.service"), *none = NULL;
        assert_string_equal(web_path, "/org/freedesktop/systemd1/unit/web_2eservice");
        assert_int_equal(
                        unit_name_from_path("/org/freedesktop/systemd1/unit/a_zz", &none), -EINVAL);
        assert_false(unit_name_is_valid("../web.service"));
        assert_false(unit_name_is_valid("web"));
        assert_true(unit_name_is_valid("web@1.service"));
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WORLD_TEST(test_a_job_begins_from_the_queue_not_from_the_call_that_made_it),
                WORLD_TEST(test_starting_what_runs_is_done_at_once),
                WORLD_TEST(test_a_failed_attempt_fails_the_job_even_if_a_restart_follows),
                WORLD_TEST(test_a_oneshot_that_ends_well_is_a_start_done),
                WORLD_TEST(test_the_same_request_joins_the_job_under_way),
                WORLD_TEST(test_a_contrary_request_cancels_or_is_refused_by_mode),
                WORLD_TEST(test_a_restart_stops_first_and_starts_from_the_queue),
                WORLD_TEST(test_a_restart_of_what_is_off_only_starts),
                WORLD_TEST(test_a_start_of_what_is_being_stopped_begins_when_it_is_off),
                WORLD_TEST(test_a_start_of_what_ends_is_done_by_an_automatic_restart_too),
                WORLD_TEST(test_try_restart_leaves_alone_what_is_being_stopped),
                WORLD_TEST(test_units_that_do_not_load_say_why_they_can_t_start),
                WORLD_TEST(test_names_are_found_as_people_write_them),
                WORLD_TEST(test_a_reload_changes_a_running_unit_at_its_next_start_only),
                WORLD_TEST(test_a_reload_changes_a_stopped_unit_at_once),
                WORLD_TEST(test_a_broken_definition_waits_until_the_unit_is_off),
                WORLD_TEST(test_a_unit_whose_file_becomes_one_of_another_kind_is_made_anew),
                WORLD_TEST(test_a_restart_whose_unit_breaks_meanwhile_fails),
                WORLD_TEST(test_a_vanished_unit_is_not_started_again),
                WORLD_TEST(test_a_vanished_unit_stays_until_it_is_inactive),
                WORLD_TEST(test_an_instance_lives_on_over_a_reload),
                WORLD_TEST(test_boot_starts_what_the_default_target_wants),
                WORLD_TEST(test_stopping_all_leaves_the_engine_idle),
                WORLD_TEST(test_nothing_starts_once_all_units_are_to_stop),
                cmocka_unit_test(test_object_paths_lead_to_the_name_and_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
