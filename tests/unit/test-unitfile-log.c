/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"

/* What [Service] says of logging and streams. */

static void test_settings_of_the_journal_fill_their_members(void **state) {
        UnitSpec *u = fixture_load_service(
                        "SyslogIdentifier=shop\nSyslogFacility=local3\nSyslogLevel=notice\n"
                        "SyslogLevelPrefix=yes\nLogLevelMax=4\n"
                        "LogExtraFields=TIER=front \"OWNER=a b\"\nLogExtraFields=N=%N\n"
                        "LogFilterPatterns=~^debug: .*\nLogFilterPatterns=a b|c");
        const LogSettings *l = &u->service.log;

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->service.exec.syslog_identifier, "shop");
        assert_int_equal(l->facility, 19);
        assert_int_equal(l->level, 5);
        assert_true(l->level_prefix);
        assert_int_equal(l->level_max, 4);
        fixture_assert_words(l->extra_fields, "TIER=front|OWNER=a b|N=web");
        assert_int_equal(strv_length(l->filter_patterns), 2);
        assert_string_equal(l->filter_patterns[0], "~^debug: .*");
        assert_string_equal(l->filter_patterns[1], "a b|c");
        unit_spec_free(u);
}

static void test_unset_settings_leave_all_as_it_is(void **state) {
        UnitSpec *u = fixture_load_service("");
        const LogSettings *l = &u->service.log;

        (void) state;
        fixture_assert_loaded(u);
        assert_true(l->facility < 0 && l->level < 0 && l->level_max < 0 && !l->level_prefix);
        assert_null(l->extra_fields);
        assert_null(l->filter_patterns);
        assert_int_equal(l->output.kind, STREAM_INHERIT);
        assert_int_equal(l->error.kind, STREAM_INHERIT);
        unit_spec_free(u);
}

static void test_streams_have_kinds_and_paths(void **state) {
        static const struct {
                const char *value;
                StreamKind kind;
                const char *path;
        } cases[] = {
                { "journal", STREAM_LOG, NULL },
                { "inherit", STREAM_INHERIT, NULL },
                { "null", STREAM_NULL, NULL },
                { "syslog", STREAM_LOG, NULL },
                { "file:/var/log/%N.log", STREAM_FILE, "/var/log/web.log" },
                { "append:/a b", STREAM_APPEND, "/a b" },
                { "truncate:/x", STREAM_TRUNCATE, "/x" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = str_printf("StandardOutput=%s", cases[i].value);
                UnitSpec *u = fixture_load_service(line);
                const StreamSpec *s = &u->service.log.output;

                fixture_assert_loaded(u);
                assert_int_equal(s->kind, cases[i].kind);
                if (cases[i].path)
                        assert_string_equal(s->path, cases[i].path);
                else
                        assert_null(s->path);
                unit_spec_free(u);
        }
}

/* As in systemd, the rest of the unit is none the worse for it. */
static void test_bad_values_are_warnings(void **state) {
        static const struct {
                const char *line, *message;
        } cases[] = {
                { "SyslogLevel=loud", "'loud' is not emerg" },
                { "LogLevelMax=8", "'8' is not emerg" },
                { "SyslogFacility=24", "'24' is not a facility" },
                { "LogExtraFields=lower=1", "'lower=1' is not FIELD=VALUE" },
                { "LogExtraFields=_UID=0", "'_UID=0' is not FIELD=VALUE" },
                { "LogExtraFields=1A=0", "'1A=0' is not FIELD=VALUE" },
                { "LogExtraFields=NAME", "'NAME' is not FIELD=VALUE" },
                { "LogFilterPatterns=~", "'~' is not a pattern" },
                { "StandardOutput=tty", "'tty' is not journal" },
                { "StandardOutput=file:relative", "'file:relative' is not journal" },
                { "StandardError=fd:x", "'fd:x' is not journal" },
                { "StandardInput=tty", "'tty' is not null or file:PATH" },
                { "StandardInput=append:/x", "'append:/x' is not null or file:PATH" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_service(cases[i].line);
                assert_int_equal(u->load_state, UNIT_LOADED);
                fixture_assert_says(&u->diagnostics, cases[i].message);
                unit_spec_free(u);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_settings_of_the_journal_fill_their_members),
                cmocka_unit_test(test_unset_settings_leave_all_as_it_is),
                cmocka_unit_test(test_streams_have_kinds_and_paths),
                cmocka_unit_test(test_bad_values_are_warnings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
