/* SPDX-License-Identifier: MIT */

/* What clients are told of units and jobs, and what they can do to them. */

#include "unit/test-control-world.h"

/* ---- units and jobs ---------------------------------------------------------------------------- */

static void test_start_answers_with_a_job_that_is_told_to_be_done(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};
        const char *path;
        Ear ear = {};

        listen_to_all(bus, &ear);
        ask(bus, &answer, "StartUnit", "ss", "web.container", "replace");
        assert_answered(w, &answer);
        assert_true(sd_bus_message_read(answer.message, "o", &path) > 0);
        assert_string_equal(path, SUPD_SYSTEMD_JOB_PREFIX "/1");
        settle(w);
        assert_string_equal(ear.heard, "JobNew JobRemoved:done ");
        assert_int_equal(unit_active_state(engine_find(w->engine, "web")), UNIT_ACTIVE);
}

static void test_a_start_that_fails_ends_its_job_as_failed(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {}, reset = {};
        Ear ear = {};

        listen_to_all(bus, &ear);
        ask(bus, &answer, "StartUnit", "ss", "fails.service", "replace");
        assert_answered(w, &answer);
        settle(w);
        assert_string_equal(ear.heard, "JobNew JobRemoved:failed ");

        ask(bus, &reset, "ResetFailed", "");
        assert_answered(w, &reset);
        assert_int_equal(unit_active_state(engine_find(w->engine, "fails")), UNIT_INACTIVE);
}

static void test_a_job_is_an_object_until_it_ends(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer start = {}, job = {}, list = {}, cancel = {}, gone = {};
        const char *path;

        ask(bus, &start, "StartUnit", "ss", "never.service", "replace");
        assert_answered(w, &start);
        assert_true(sd_bus_message_read(start.message, "o", &path) > 0);
        settle(w);

        get_all(w, bus, &job, path, SUPD_SYSTEMD_JOB);
        assert_text(job.message, "JobType", "start");
        assert_text(job.message, "State", "running");
        ask(bus, &list, "ListJobs", "");
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "(usssoo)") > 0);
        assert_true(sd_bus_message_skip(list.message, "(usssoo)") > 0);
        assert_true(sd_bus_message_at_end(list.message, 0) > 0);

        ask_at(bus, &cancel, path, SUPD_SYSTEMD_JOB, "Cancel", "");
        assert_answered(w, &cancel);
        ask(bus, &gone, "GetJob", "u", 1);
        assert_refused(w, &gone, "org.freedesktop.systemd1.NoSuchJob");
}

static void test_what_can_not_be_done_says_why_in_systemds_words(void **state) {
        static const struct {
                const char *member, *types, *first, *second, *error;
        } cases[] = {
                { "StartUnit", "ss", "nope", "replace", "org.freedesktop.systemd1.NoSuchUnit" },
                { "StopUnit", "ss", "nope", "replace", "org.freedesktop.systemd1.NoSuchUnit" },
                { "GetUnit", "s", "nope", NULL, "org.freedesktop.systemd1.NoSuchUnit" },
                { "GetUnit", "s", "no/pe", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "LoadUnit", "s", "no/pe", NULL, SD_BUS_ERROR_INVALID_ARGS },
                { "StartUnit", "ss", "web", "isolate", "org.freedesktop.systemd1.NoIsolation" },
                { "StartUnit", "ss", "web", "sideways", SD_BUS_ERROR_INVALID_ARGS },
                { "StartUnit",
                                "ss",
                                "broken",
                                "replace",
                                "org.freedesktop.systemd1.BadUnitSetting" },
                { "ReloadUnit",
                                "ss",
                                "web",
                                "replace",
                                "org.freedesktop.systemd1.JobTypeNotApplicable" },
                { "FreezeUnit", "s", "web", NULL, SUPD_BUS_ERROR_PREFIX "UnitState" },
                { "ThawUnit", "s", "nope", NULL, "org.freedesktop.systemd1.NoSuchUnit" },
                { "ListUnitsOfMars", "s", "web", NULL, SD_BUS_ERROR_UNKNOWN_METHOD },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_answer_ Answer answer = {};

                ask(bus, &answer, cases[i].member, cases[i].types, cases[i].first, cases[i].second);
                assert_refused(w, &answer, cases[i].error);
        }
}

static void test_kill_reaches_what_runs_and_names_what_does_not(void **state) {
        static const struct {
                const char *whom;
                int signal;
                const char *error; /* while nothing runs; NULL: none */
        } cases[] = {
                { "main", 15, "org.freedesktop.systemd1.NoSuchProcess" },
                { "all", 15, NULL },
                { "all-fail", 15, "org.freedesktop.systemd1.NoSuchProcess" },
                { "control", 15, "org.freedesktop.systemd1.NoSuchProcess" },
                { "everybody", 15, SD_BUS_ERROR_INVALID_ARGS },
                { "main", 0, SD_BUS_ERROR_INVALID_ARGS },
                { "main", 65, SD_BUS_ERROR_INVALID_ARGS },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer start = {}, kill = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_answer_ Answer answer = {};

                ask(bus, &answer, "KillUnit", "ssi", "web", cases[i].whom, cases[i].signal);
                if (cases[i].error)
                        assert_refused(w, &answer, cases[i].error);
                else
                        assert_answered(w, &answer);
        }

        ask(bus, &start, "StartUnit", "ss", "web", "replace");
        assert_answered(w, &start);
        settle(w);
        ask(bus, &kill, "KillUnit", "ssi", "web", "main", 10);
        assert_answered(w, &kill);
        const Toy *t = (const Toy *) engine_find(w->engine, "web");
        assert_int_equal(t->n_kills, 1);
        assert_int_equal(t->last_signal, 10);
}

/* ---- freezer ----------------------------------------------------------------------------------- */

static void freeze_a_running_unit(World *w, sd_bus *bus, Answer *answer) {
        _cleanup_answer_ Answer start = {};

        ask(bus, &start, "StartUnit", "ss", "frost", "replace");
        assert_answered(w, &start);
        settle(w);
        ask(bus, answer, "FreezeUnit", "s", "frost");
        settle(w);
        assert_non_null(last_frozen);
        assert_null(answer->message);
}

static void test_freeze_is_answered_only_when_frozen(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        toy_freeze_is_done(0, NULL);
        assert_answered(w, &answer);
        assert_true(list_is_empty(&w->control->freezes));
}

static void test_a_freeze_that_fails_is_answered_with_the_reason(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_(error_done) Error error = {};
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        error_set_plain(&error, -ETIMEDOUT, ERROR_TIMEOUT, "too slow");
        toy_freeze_is_done(-ETIMEDOUT, &error);
        assert_refused(w, &answer, SD_BUS_ERROR_TIMEOUT);
        assert_string_equal(sd_bus_message_get_error(answer.message)->message, "too slow");
}

static void test_a_freeze_outlives_the_client_that_asked(void **state) {
        World *w = *state;
        sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        close_bus(&bus);
        settle(w);
        assert_int_equal(w->control->n_connections, 0);
        toy_freeze_is_done(0, NULL);
        assert_true(list_is_empty(&w->control->freezes));
}

static void test_a_freeze_outlives_the_bus(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer answer = {};

        freeze_a_running_unit(w, bus, &answer);
        w->control = control_free(w->control);
        toy_freeze_is_done(0, NULL);
}

/* ---- properties -------------------------------------------------------------------------------- */

static void test_an_unknown_unit_has_an_object_that_says_not_found(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer load = {}, all = {};
        const char *path;

        ask(bus, &load, "LoadUnit", "s", "nope.service");
        assert_answered(w, &load);
        assert_true(sd_bus_message_read(load.message, "o", &path) > 0);
        get_all(w, bus, &all, path, "");
        assert_text(all.message, "Id", "nope.service");
        assert_text(all.message, "LoadState", "not-found");
        assert_text(all.message, "ActiveState", "inactive");
        assert_text(all.message, "Result", "success");
}

static void test_properties_tell_what_the_unit_file_asks_for(void **state) {
        static const uint8_t cpus[] = { 0x07, 0x02 };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer all = {};
        const char *path = SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", *word;
        const void *bytes;
        uint64_t number;
        int32_t member;
        size_t size;

        get_all(w, bus, &all, path, "");
        assert_text(all.message, "Description", "A toy");
        assert_text(all.message, "LoadState", "loaded");
        assert_text(all.message, "UnitFileState", "generated");

        assert_true(find_property(all.message, "AllowedCPUs", "ay"));
        assert_true(sd_bus_message_read_array(all.message, 'y', &bytes, &size) > 0);
        assert_int_equal(size, sizeof(cpus));
        assert_memory_equal(bytes, cpus, size);

        assert_true(find_property(all.message, "MemoryMax", "t"));
        assert_true(sd_bus_message_read(all.message, "t", &number) > 0);
        assert_int_equal(number, 1024 * 1024);

        assert_true(find_property(all.message, "SuccessExitStatus", "(aiai)"));
        assert_true(sd_bus_message_enter_container(all.message, 'r', "aiai") > 0);
        assert_true(sd_bus_message_read(all.message, "ai", 1, &member) > 0);
        assert_int_equal(member, 7);
        assert_true(sd_bus_message_read(all.message, "ai", 1, &member) > 0);
        assert_int_equal(member, 10);

        assert_true(find_property(all.message, "ExecStart", "a(sasbttttuii)"));
        assert_true(sd_bus_message_enter_container(all.message, 'a', "(sasbttttuii)") > 0);
        assert_true(sd_bus_message_enter_container(all.message, 'r', "sasbttttuii") > 0);
        assert_true(sd_bus_message_read(all.message, "s", &word) > 0);
        assert_string_equal(word, "true");
}

static void test_a_broken_unit_says_what_is_wrong_with_its_file(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer all = {};
        const char *name, *message;

        get_all(w, bus, &all, SUPD_SYSTEMD_UNIT_PREFIX "/broken_2eservice", SUPD_SYSTEMD_UNIT);
        assert_text(all.message, "LoadState", "bad-setting");
        assert_true(find_property(all.message, "LoadError", "(ss)"));
        assert_true(sd_bus_message_read(all.message, "(ss)", &name, &message) > 0);
        assert_string_equal(name, "org.freedesktop.systemd1.BadUnitSetting");
        assert_non_null(strstr(message, "broken.container:3: Container.Memory"));
}

static void test_all_properties_together_read_the_state_once(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer all = {}, again = {};
        Toy *t = (Toy *) engine_find(w->engine, "web");

        t->n_status = 0;
        get_all(w, bus, &all, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", "");
        assert_int_equal(t->n_status, 1);
        assert_text(all.message, "ActiveState", "inactive");

        t->active = UNIT_ACTIVE;
        get_all(w, bus, &again, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", "");
        assert_int_equal(t->n_status, 2);
        assert_text(again.message, "ActiveState", "active");
}

static void test_nothing_is_known_of_the_end_of_a_process_that_runs(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer ended = {}, runs = {};
        Toy *t = (Toy *) engine_find(w->engine, "web");
        int32_t code;

        get_all(w, bus, &ended, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", SUPD_SYSTEMD_SERVICE);
        assert_true(find_property(ended.message, "ExecMainCode", "i"));
        assert_true(sd_bus_message_read(ended.message, "i", &code) > 0);
        assert_int_equal(code, CLD_EXITED);

        t->active = UNIT_ACTIVE;
        get_all(w, bus, &runs, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice", SUPD_SYSTEMD_SERVICE);
        assert_true(find_property(runs.message, "ExecMainCode", "i"));
        assert_true(sd_bus_message_read(runs.message, "i", &code) > 0);
        assert_int_equal(code, 0);
}

static void test_units_are_found_by_process_and_invocation(void **state) {
        static const uint8_t id[16] = { 0x00,
                0x11,
                0x22,
                0x33,
                0x44,
                0x55,
                0x66,
                0x77,
                0x88,
                0x99,
                0xaa,
                0xbb,
                0xcc,
                0xdd,
                0xee,
                0xff };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer none = {}, found = {}, invocation = {};
        const char *path;

        ask(bus, &none, "GetUnitByPID", "u", (uint32_t) getpid());
        assert_refused(w, &none, "org.freedesktop.systemd1.NoUnitForPID");

        ((Toy *) engine_find(w->engine, "web"))->active = UNIT_ACTIVE;
        ask(bus, &found, "GetUnitByPID", "u", 0U); /* that of the caller, which is ours */
        assert_answered(w, &found);
        assert_true(sd_bus_message_read(found.message, "o", &path) > 0);
        assert_string_equal(path, SUPD_SYSTEMD_UNIT_PREFIX "/web_2eservice");

        ask(bus,
                        &invocation,
                        "GetUnitByInvocationID",
                        "ay",
                        16,
                        id[0],
                        id[1],
                        id[2],
                        id[3],
                        id[4],
                        id[5],
                        id[6],
                        id[7],
                        id[8],
                        id[9],
                        id[10],
                        id[11],
                        id[12],
                        id[13],
                        id[14],
                        id[15]);
        assert_answered(w, &invocation);
}

static unsigned count_listed(World *w, sd_bus *bus, const char *state_name, const char *pattern) {
        _cleanup_answer_ Answer list = {};
        unsigned n = 0;

        if (state_name)
                ask(bus, &list, "ListUnitsByPatterns", "asas", 1, state_name, 1, pattern);
        else
                ask(bus, &list, "ListUnitsByPatterns", "asas", 0, 1, pattern);
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "(ssssssouso)") > 0);
        while (sd_bus_message_skip(list.message, "(ssssssouso)") > 0)
                n++;
        return n;
}

static void test_lists_are_filtered_by_state_and_pattern(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer named = {};
        const char *load;

        ((Toy *) engine_find(w->engine, "web"))->active = UNIT_ACTIVE;
        assert_int_equal(count_listed(w, bus, NULL, "*.service"), 5);
        assert_int_equal(count_listed(w, bus, "active", "*.service"), 1);
        assert_true(count_listed(w, bus, "active", "*.target") >= 2);
        assert_int_equal(count_listed(w, bus, "inactive", "f*"), 2);
        assert_int_equal(count_listed(w, bus, "bad-setting", "*"), 1);
        assert_int_equal(count_listed(w, bus, NULL, "*.socket"), 0);

        ask(bus, &named, "ListUnitsByNames", "as", 2, "web.service", "nope.service");
        assert_answered(w, &named);
        assert_true(sd_bus_message_enter_container(named.message, 'a', "(ssssssouso)") > 0);
        assert_true(sd_bus_message_skip(named.message, "(ssssssouso)") > 0);
        assert_true(sd_bus_message_enter_container(named.message, 'r', "ssssssouso") > 0);
        assert_true(sd_bus_message_read(named.message, "sss", NULL, NULL, &load) > 0);
        assert_string_equal(load, "not-found");
}

/* ---- org.supd ---------------------------------------------------------------------------------- */

static void test_one_call_tells_all_there_is_to_show_of_a_unit(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer found = {}, unknown = {};

        ask_at(bus, &found, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetUnitStatus", "s", "web");
        assert_answered(w, &found);
        assert_text(found.message, "Id", "web.service");
        assert_text(found.message, "ActiveState", "inactive");
        assert_text(found.message, "ContainerName", "");
        assert_true(find_property(found.message, "CPUUsageNSec", "t"));
        assert_true(find_property(found.message, "Diagnostics", "aa{sv}"));

        ask_at(bus, &unknown, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetUnitStatus", "s", "nope");
        assert_answered(w, &unknown);
        assert_text(unknown.message, "Id", "nope.service");
        assert_text(unknown.message, "LoadState", "not-found");
}

static void test_one_call_tells_it_of_all_units_that_match(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer list = {};
        const char *id;

        ask_at(bus, &list, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "ListUnitStatus", "as", 1, "w*");
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "(sa{sv})") > 0);
        assert_true(sd_bus_message_enter_container(list.message, 'r', "sa{sv}") > 0);
        assert_true(sd_bus_message_read(list.message, "s", &id) > 0);
        assert_string_equal(id, "web.service");
        assert_true(sd_bus_message_skip(list.message, "a{sv}") > 0);
        assert_true(sd_bus_message_exit_container(list.message) > 0);
        assert_true(sd_bus_message_at_end(list.message, 0) > 0);
}

static void test_diagnostics_name_unit_file_and_line(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_answer_ Answer list = {};
        const char *key, *text;
        unsigned n_seen = 0;
        uint32_t line = 0;

        ask_at(bus, &list, SUPD_BUS_PATH, SUPD_BUS_MANAGER, "GetDiagnostics", "");
        assert_answered(w, &list);
        assert_true(sd_bus_message_enter_container(list.message, 'a', "a{sv}") > 0);
        while (sd_bus_message_enter_container(list.message, 'a', "{sv}") > 0) {
                bool is_ours = false;
                while (sd_bus_message_enter_container(list.message, 'e', "sv") > 0) {
                        assert_true(sd_bus_message_read(list.message, "s", &key) > 0);
                        if (str_equal(key, "Unit")) {
                                assert_true(sd_bus_message_read(list.message, "v", "s", &text) > 0);
                                is_ours = str_equal(text, "broken.service");
                        } else if (str_equal(key, "Severity")) {
                                assert_true(sd_bus_message_read(list.message, "v", "s", &text) > 0);
                                is_ours = is_ours && str_equal(text, "error");
                        } else if (str_equal(key, "Line") && is_ours) {
                                assert_true(sd_bus_message_read(list.message, "v", "u", &line) > 0);
                                n_seen++;
                        } else
                                assert_true(sd_bus_message_skip(list.message, "v") > 0);
                        assert_true(sd_bus_message_exit_container(list.message) > 0);
                }
                assert_true(sd_bus_message_exit_container(list.message) > 0);
        }
        assert_int_equal(n_seen, 1);
        assert_int_equal(line, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_start_answers_with_a_job_that_is_told_to_be_done),
                TEST(test_a_start_that_fails_ends_its_job_as_failed),
                TEST(test_a_job_is_an_object_until_it_ends),
                TEST(test_what_can_not_be_done_says_why_in_systemds_words),
                TEST(test_kill_reaches_what_runs_and_names_what_does_not),
                TEST(test_freeze_is_answered_only_when_frozen),
                TEST(test_a_freeze_that_fails_is_answered_with_the_reason),
                TEST(test_a_freeze_outlives_the_client_that_asked),
                TEST(test_a_freeze_outlives_the_bus),
                TEST(test_an_unknown_unit_has_an_object_that_says_not_found),
                TEST(test_properties_tell_what_the_unit_file_asks_for),
                TEST(test_a_broken_unit_says_what_is_wrong_with_its_file),
                TEST(test_all_properties_together_read_the_state_once),
                TEST(test_nothing_is_known_of_the_end_of_a_process_that_runs),
                TEST(test_units_are_found_by_process_and_invocation),
                TEST(test_lists_are_filtered_by_state_and_pattern),
                TEST(test_one_call_tells_all_there_is_to_show_of_a_unit),
                TEST(test_one_call_tells_it_of_all_units_that_match),
                TEST(test_diagnostics_name_unit_file_and_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
