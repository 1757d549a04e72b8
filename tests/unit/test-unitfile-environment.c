/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"
#include "unitfile/expand.h"

static char *const environment[] = {
        (char *) "PORT=80",
        (char *) "EMPTY=",
        (char *) "LIST=a 'b c' d",
        (char *) "PORT=8080",
        (char *) "DIR=/srv",
        NULL,
};

/* ---- references ---------------------------------------------------------------------------------- */

static void test_references_are_replaced_as_systemd_does(void **state) {
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "${PORT}:${PORT}", "8080:8080" }, /* the last assignment of a name counts */
                { "x${UNSET}y${EMPTY}z", "xyz" },
                { "${LIST}", "a 'b c' d" },
                { "$$HOME $$", "$HOME $" },
                { "echo $HOME", "echo $HOME" },
                { "a$PORT", "a$PORT" },
                { "$PORT", "8080" },
                { "$UNSET", "" },
                { "${PORT", "${PORT" },
                { "${}", "${}" },
                { "${1A}", "${1A}" },
                { "${PORT:-1}", "${PORT:-1}" },
                { "$", "$" },
                { "$(date)", "$(date)" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *s = NULL;

                assert_int_equal(unit_expand_string(cases[i].text, environment, &s), 0);
                assert_string_equal(s, cases[i].expected);
                free(s);
        }
}

static void test_a_word_that_is_a_bare_name_may_become_several(void **state) {
        char *words[] = { (char *) "x",
                (char *) "$LIST",
                (char *) "$UNSET",
                (char *) "$EMPTY",
                (char *) "${LIST}",
                (char *) "$PORT",
                NULL };
        char **expanded = NULL;

        (void) state;
        assert_int_equal(unit_expand_words(words, environment, /* split= */ true, &expanded), 0);
        fixture_assert_words(expanded, "x|a|b c|d|a 'b c' d|8080");
        strv_free(expanded);
        assert_int_equal(unit_expand_words(words, environment, /* split= */ false, &expanded), 0);
        fixture_assert_words(expanded, "x|a 'b c' d|||a 'b c' d|8080");
        strv_free(expanded);
}

static void test_an_expansion_that_explodes_is_refused(void **state) {
        size_t n = 100000;
        char *value = malloc(n + 3), *text = malloc(n * 4 + 1), *s = NULL;
        char *big[] = { value, NULL };

        (void) state;
        assert_true(value && text);
        memset(value, 'x', n + 2);
        memcpy(value, "A=", 2);
        value[n + 2] = '\0';
        for (size_t i = 0; i < n; i++)
                memcpy(text + 4 * i, "${A}", 4);
        text[4 * n] = '\0';
        assert_int_equal(unit_expand_string(text, big, &s), -E2BIG);
        free(value);
        free(text);
}

static void test_a_reference_is_known_where_expansion_would_change_something(void **state) {
        static const char *const with[] = {
                "${A}", "x${A}y", "$A", "a $A b", "\"$A\"", "$$", NULL
        };
        static const char *const without[] = {
                "", "a", "$", "a$A", "$A-b", "${A", "$(x)", "${}", NULL
        };

        (void) state;
        for (int i = 0; with[i]; i++)
                assert_true(value_has_reference(with[i]));
        for (int i = 0; without[i]; i++)
                assert_false(value_has_reference(without[i]));
}

/* ---- resolving units ----------------------------------------------------------------------------- */

static void test_a_unit_without_references_resolves_to_itself(void **state) {
        UnitSpec *u = fixture_load_line("Exec=sh -c 'echo $HOME/x'");
        ContainerSpec storage;
        const ContainerSpec *c = NULL;

        (void) state;
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, environment, &storage, &c, NULL), 0);
        assert_ptr_equal(c, &u->container);
        container_spec_done(&storage);
        unit_spec_free(u);
}

static void test_resolving_replaces_references_in_values_of_every_kind(void **state) {
        UnitSpec *u = fixture_load_line(
                        "Exec=serve $LIST ${PORT} $$x\nMemory=${PORT}k\nVolume=${DIR}:/data\n"
                        "Environment=P=${PORT}\nHostName=h${PORT}\nUlimit=nofile=${PORT}\n"
                        "AddCapability=${CAP}\nStopTimeout=$PORT");
        char *env[] = { (char *) "PORT=80",
                (char *) "LIST=a 'b c'",
                (char *) "DIR=/srv",
                (char *) "CAP=KILL",
                NULL };
        ContainerSpec storage;
        const ContainerSpec *c = NULL;

        (void) state;
        fixture_assert_loaded(u); /* checks wait until the environment is known */
        assert_true(u->container.memory_bytes == UINT64_MAX);
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, env, &storage, &c, NULL), 0);
        assert_ptr_equal(c, &storage);
        fixture_assert_words(c->process.exec, "serve|a|b c|80|$x");
        assert_int_equal(c->memory_bytes, 80 << 10);
        assert_string_equal(c->root.volumes[0].source, "/srv");
        fixture_assert_words(c->process.environment, "P=80");
        assert_string_equal(c->hostname, "h80");
        assert_int_equal(c->security.ulimits[0].soft, 80);
        assert_int_equal(c->security.add_capabilities, 1 << 5);
        assert_int_equal(c->process.stop_timeout_usec, 80000000);
        assert_string_equal(c->name, "systemd-web");
        container_spec_done(&storage);
        unit_spec_free(u);
}

static void test_a_value_that_is_bad_once_resolved_fails_with_file_line_and_key(void **state) {
        UnitSpec *u = fixture_load_line("Memory=${SIZE}");
        char *env[] = { (char *) "SIZE=12Q", NULL };
        ContainerSpec storage;
        const ContainerSpec *c = NULL;
        Error error = {};

        (void) state;
        container_spec_init(&storage);
        assert_int_equal(unit_spec_resolve(u, env, &storage, &c, &error), -EINVAL);
        assert_string_equal(error_text(&error, 0),
                        "web.container:4: Container.Memory: '12Q' is not a size [bad-value]");
        assert_int_equal(error.code, ERROR_BAD_SETTING);
        error_done(&error);
        container_spec_done(&storage);
        unit_spec_free(u);
}

/* ---- environment files --------------------------------------------------------------------------- */

static void test_raw_files_are_verbatim_and_import_bare_names(void **state) {
        static const char text[] =
                        "# c\n  A=1 \nB=\"q\" # no comment\nC=\n\nD=a=b\r\nPORT\nP*\nNOPE\nE = x\n";
        char *import[] = { (char *) "PATH=/bin", (char *) "PORT=80", (char *) "X=1", NULL };
        char **v = NULL;
        unsigned line = 0;

        (void) state;
        assert_int_equal(environment_parse_raw(text, import, &v, &line), 0);
        fixture_assert_words(
                        v, "A=1 |B=\"q\" # no comment|C=|D=a=b|PORT=80|PATH=/bin|PORT=80|E = x");
        strv_free(v);
        assert_int_equal(environment_parse_raw("A=1\n\n=x\n", import, &v, &line), -EINVAL);
        assert_int_equal(line, 3);
        assert_int_equal(environment_parse_raw("", import, &v, &line), 0);
        assert_null(v);
}

static void test_systemd_files_know_quotes_escapes_and_comments(void **state) {
        static const char text[] = "# c \\\n still a comment\n; c\nA=1 2  \nB=\"x \\\"y\\\" \\$z "
                                   "\\n\"\nC='a \\ b'\n"
                                   "D=a\\\n b\nE=a\"b c\"'d'\n  F = x  "
                                   "\nG=\nH=a#b;c\nI=\"two\nlines\"\nJ=\\x\\\\";
        char **v = NULL;
        unsigned line = 0;

        (void) state;
        assert_int_equal(environment_parse_systemd(text, &v, &line), 0);
        fixture_assert_words(v,
                        "A=1 2|B=x \"y\" $z \\n|C=a \\ b|D=a b|E=ab "
                        "cd|F=x|G=|H=a#b;c|I=two\nlines|J=x\\");
        strv_free(v);
}

static void test_systemd_files_with_bad_lines_say_where(void **state) {
        static const struct {
                const char *text;
                unsigned line;
        } cases[] = {
                { "A=1\nnothing\n", 2 },
                { "=x\n", 1 },
                { "A=1\n\n1A=x\n", 3 },
                { "A=\"open\n\n", 1 },
                { "B=1\nA='x", 2 },
                { "A b=c", 1 },
        };
        char **v = NULL;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                unsigned line = 0;

                assert_int_equal(environment_parse_systemd(cases[i].text, &v, &line), -EINVAL);
                assert_int_equal(line, cases[i].line);
                assert_null(v);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_references_are_replaced_as_systemd_does),
                cmocka_unit_test(test_a_word_that_is_a_bare_name_may_become_several),
                cmocka_unit_test(test_an_expansion_that_explodes_is_refused),
                cmocka_unit_test(test_a_reference_is_known_where_expansion_would_change_something),
                cmocka_unit_test(test_a_unit_without_references_resolves_to_itself),
                cmocka_unit_test(test_resolving_replaces_references_in_values_of_every_kind),
                cmocka_unit_test(
                                test_a_value_that_is_bad_once_resolved_fails_with_file_line_and_key),
                cmocka_unit_test(test_raw_files_are_verbatim_and_import_bare_names),
                cmocka_unit_test(test_systemd_files_know_quotes_escapes_and_comments),
                cmocka_unit_test(test_systemd_files_with_bad_lines_say_where),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
