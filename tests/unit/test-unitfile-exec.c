/* SPDX-License-Identifier: MIT */

/* Command lines of [Service]: prefixes, several in one line, quotes, what is refused. */

#include "test-unitfile-fixture.h"

static UnitSpec *load_exec(const char *value) {
        _cleanup_free_ char *text = str_printf(MINIMAL "[Service]\nExecStartPre=%s\n", value);
        UnitText unit = { "/etc/supd/units/web.container", text, strlen(text) };

        return fixture_load_texts("web.container", &unit, 1);
}

static void assert_words(char *const *argv, const char *expected) {
        _cleanup_free_ char *joined = strdup("");

        STRV_FOREACH (word, argv) {
                char *longer = str_printf("%s<%s>", joined, *word);
                free(joined);
                joined = longer;
        }
        assert_string_equal(joined, expected);
}

static void test_words_are_split_unquoted_and_unescaped(void **state) {
        _cleanup_(unit_spec_freep) UnitSpec *u =
                        load_exec("/bin/sh -c 'echo \"a b\"' \"c d\"e \\x41 \"\" %N \\;");
        const ExecCommandList *list = &u->service.commands[EXEC_START_PRE];

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_int_equal(list->n, 1);
        assert_string_equal(list->items[0].path, "/bin/sh");
        assert_words(list->items[0].argv, "</bin/sh><-c><echo \"a b\"><c de><A><><web><;>");
}

static void test_a_lone_semicolon_begins_another_command(void **state) {
        _cleanup_(unit_spec_freep) UnitSpec *u = load_exec("/bin/a 1 ; -/bin/b ';' ; b;c ;");
        const ExecCommandList *list = &u->service.commands[EXEC_START_PRE];

        (void) state;
        assert_int_equal(list->n, 3);
        assert_words(list->items[0].argv, "</bin/a><1>");
        assert_words(list->items[1].argv, "</bin/b><;>");
        assert_true(list->items[1].ignore_failure);
        assert_string_equal(list->items[2].path, "b;c");
}

static void test_prefixes_are_read_in_any_order(void **state) {
        _cleanup_(unit_spec_freep) UnitSpec *u = load_exec("@-:+/bin/sh zero one");
        const ExecCommand *c = &u->service.commands[EXEC_START_PRE].items[0];

        (void) state;
        assert_string_equal(c->path, "/bin/sh");
        assert_words(c->argv, "<zero><one>");
        assert_true(c->ignore_failure && c->literal && c->privileged);
}

static void test_an_empty_assignment_clears_the_list(void **state) {
        _cleanup_(unit_spec_freep) UnitSpec *u =
                        load_exec("/bin/a\nExecStartPre=\nExecStartPre=b 1\nExecStartPre=/bin/c");
        const ExecCommandList *list = &u->service.commands[EXEC_START_PRE];

        (void) state;
        assert_int_equal(list->n, 2);
        assert_string_equal(list->items[0].path, "b");
}

static void test_what_is_no_command_is_an_error(void **state) {
        static const char *const lines[] = { "bin/sh", "-", "@/bin/sh", "./x", "/bin/sh \\q" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_(unit_spec_freep) UnitSpec *u = load_exec(lines[i]);

                if (u->load_state != UNIT_BAD_SETTING)
                        fail_msg("'%s' was accepted", lines[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_are_split_unquoted_and_unescaped),
                cmocka_unit_test(test_a_lone_semicolon_begins_another_command),
                cmocka_unit_test(test_prefixes_are_read_in_any_order),
                cmocka_unit_test(test_an_empty_assignment_clears_the_list),
                cmocka_unit_test(test_what_is_no_command_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
