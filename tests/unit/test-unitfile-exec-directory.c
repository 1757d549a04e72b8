/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* RuntimeDirectory= and its like, LoadCredential=, SetCredential= and OpenFile=. */

#include "test-unitfile-fixture.h"

static void test_directories_are_lists_with_a_mode(void **state) {
        UnitSpec *u = fixture_load_service(
                        "RuntimeDirectory=a "
                        "b/c\nRuntimeDirectory=%N:link\nRuntimeDirectoryMode=0700\n"
                        "StateDirectory=x\nStateDirectory=\nStateDirectory=\"y z\"\n"
                        "RuntimeDirectoryPreserve=restart");
        const HostExecSpec *e = &u->service.exec;

        (void) state;
        fixture_assert_loaded(u);
        fixture_assert_words(e->directories[EXEC_DIRECTORY_RUNTIME].words, "a|b/c|web:link");
        assert_int_equal(e->directories[EXEC_DIRECTORY_RUNTIME].mode, 0700);
        fixture_assert_words(e->directories[EXEC_DIRECTORY_STATE].words, "y z");
        assert_int_equal(e->directories[EXEC_DIRECTORY_STATE].mode, 0755);
        assert_null(e->directories[EXEC_DIRECTORY_CACHE].words);
        assert_int_equal(e->runtime_preserve, DIRECTORY_PRESERVE_RESTART);
        unit_spec_free(u);
}

static void test_paths_that_lead_out_are_left_out_with_a_warning(void **state) {
        static const char *const words[] = {
                "/abs",
                "..",
                "a/..",
                "a/../b",
                "./a",
                ".",
                "a:/b",
                "a:..",
                "a:b:ro",
                ":b",
                "a:",
                "private",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                _cleanup_free_ char *line = str_printf("LogsDirectory=%s good", words[i]);
                UnitSpec *u = fixture_load_service(line);

                assert_int_equal(u->load_state, UNIT_LOADED);
                if (u->diagnostics.n_items != 1)
                        fail_msg("%s: %s", words[i], fixture_diagnostics(&u->diagnostics));
                fixture_assert_says(&u->diagnostics,
                                "warning: web.container:5: Service.LogsDirectory: ");
                fixture_assert_words(
                                u->service.exec.directories[EXEC_DIRECTORY_LOGS].words, "good");
                unit_spec_free(u);
        }
}

static void test_runtime_directories_are_kept_as_the_words_say(void **state) {
        static const struct {
                const char *word;
                DirectoryPreserve preserve;
        } cases[] = {
                { "no", DIRECTORY_PRESERVE_NO },
                { "yes", DIRECTORY_PRESERVE_YES },
                { "true", DIRECTORY_PRESERVE_YES },
                { "restart", DIRECTORY_PRESERVE_RESTART },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line =
                                str_printf("RuntimeDirectoryPreserve=%s", cases[i].word);
                UnitSpec *u = fixture_load_service(line);

                fixture_assert_loaded(u);
                assert_int_equal(u->service.exec.runtime_preserve, cases[i].preserve);
                unit_spec_free(u);
        }
}

static void test_credentials_have_a_name_each_and_the_last_counts(void **state) {
        UnitSpec *u = fixture_load_service(
                        "LoadCredential=key:/etc/key\nLoadCredential=store\nLoadCredential=key:/"
                        "etc/b:c\n"
                        "LoadCredential=other:name\n"
                        "SetCredential=text:two words \\x41\\n\"q\" %%n %n\nSetCredential=empty:");

        (void) state;
        fixture_assert_loaded(u);
        fixture_assert_words(u->service.exec.load_credentials, "key:/etc/b:c|store:|other:name");
        fixture_assert_words(u->service.exec.set_credentials,
                        "text:two words A\n\"q\" %n web.service|empty:");
        unit_spec_free(u);
}

static void test_credentials_that_can_not_be_meant_are_errors(void **state) {
        static const struct {
                const char *line, *says;
        } cases[] = {
                { "LoadCredential=:/etc/key", "does not begin with the name of a credential" },
                { "LoadCredential=a/b:/etc/key", "does not begin with the name of a credential" },
                { "LoadCredential=..:/etc/key", "does not begin with the name of a credential" },
                { "LoadCredential=a:etc/key", "'etc/key' is neither an absolute path nor a name" },
                { "SetCredential=a", "'a' is not ID:TEXT" },
                { "SetCredential=a:\\q", "unsupported escape" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_service(cases[i].line);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].line);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_an_open_file_has_a_name_and_a_mode(void **state) {
        static const struct {
                const char *value, *path, *name, *mode;
        } cases[] = {
                { "/a/b", "/a/b", "b", "" },
                { "/a/b:x", "/a/b", "x", "" },
                { "/a/b::read-only", "/a/b", "b", "r" },
                { "/a/b:x:append,graceful", "/a/b", "x", "ag" },
                { "/a/b:x:truncate", "/a/b", "x", "t" },
                { "/a/%N:%n", "/a/web", "web.service", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = str_printf("OpenFile=%s", cases[i].value);
                UnitSpec *u = fixture_load_service(line);

                fixture_assert_loaded(u);
                assert_int_equal(u->service.open_files.n_items, 1);
                const OpenFileSpec *f = &u->service.open_files.items[0];
                _cleanup_free_ char *mode = str_printf("%s%s%s%s",
                                f->read_only ? "r" : "",
                                f->append ? "a" : "",
                                f->truncate ? "t" : "",
                                f->graceful ? "g" : "");
                assert_string_equal(f->path, cases[i].path);
                assert_string_equal(f->name, cases[i].name);
                assert_string_equal(mode, cases[i].mode);
                unit_spec_free(u);
        }
}

static void test_an_open_file_that_can_not_be_meant_is_an_error(void **state) {
        static const struct {
                const char *value, *says;
        } cases[] = {
                { "a/b", "does not begin with the absolute path" },
                { "/", "does not begin with the absolute path" },
                { "/a/", "has a name that no descriptor can have" },
                { "/a/b:x:write", "has an option that is not" },
                { "/a/b::append,truncate", "both appended to and truncated" },
                { "/a/b::read-only,append", "can't be written to and be read-only" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = str_printf("OpenFile=%s", cases[i].value);
                UnitSpec *u = fixture_load_service(line);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("%s is taken", cases[i].value);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_directories_are_lists_with_a_mode),
                cmocka_unit_test(test_paths_that_lead_out_are_left_out_with_a_warning),
                cmocka_unit_test(test_runtime_directories_are_kept_as_the_words_say),
                cmocka_unit_test(test_credentials_have_a_name_each_and_the_last_counts),
                cmocka_unit_test(test_credentials_that_can_not_be_meant_are_errors),
                cmocka_unit_test(test_an_open_file_has_a_name_and_a_mode),
                cmocka_unit_test(test_an_open_file_that_can_not_be_meant_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
