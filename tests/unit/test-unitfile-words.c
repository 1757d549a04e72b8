/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"
#include "unitfile/words.h"

typedef struct SplitCase {
        const char *text, *expected; /* words between '|'; NULL: refused */
} SplitCase;

static void check_split(const SplitCase *cases, size_t n, WordsFlags flags) {
        for (size_t i = 0; i < n; i++) {
                WordList list = {};
                const char *problem = NULL;

                int r = words_split(cases[i].text, flags, &list, &problem);
                if (cases[i].expected) {
                        if (r < 0)
                                fail_msg("'%s' was refused: %s", cases[i].text, problem);
                        fixture_assert_words(list.words, cases[i].expected);
                } else {
                        assert_int_equal(r, -EINVAL);
                        assert_non_null(problem);
                        assert_int_equal(list.n_words, 0);
                }
                word_list_done(&list);
        }
}

static void test_words_of_a_command_lose_quotes_and_escapes(void **state) {
        static const SplitCase cases[] = {
                { "", "" },
                { "  a  b\tc ", "a|b|c" },
                { "a\"b c\"d", "ab cd" },
                { "'a b' \"c d\"", "a b|c d" },
                { "'a\"b' \"c'd\"", "a\"b|c'd" },
                { "sh \"\" x", "sh||x" },
                { "''", "" },
                { "\\a\\b\\f\\n\\r\\t\\v", "\a\b\f\n\r\t\v" },
                { "\\\\ \\\" \\' a\\sb", "\\|\"|'|a b" },
                { "\\x41 \\101 \\u00e9 \\U0001f600", "A|A|é|😀" },
                { "\\xe9", "\xe9" },
                { "'\\x41' \"\\n\"", "A|\n" },
                { "\"runs to the end", "runs to the end" },
                { "trailing\\", "trailing" },
                { "\\q", NULL },
                { "\\x4", NULL },
                { "\\x00", NULL },
                { "\\000", NULL },
                { "\\400", NULL },
                { "\\ud800", NULL },
                { "\\U00110000", NULL },
                { "\\u12", NULL },
                { "good \\q", NULL },
        };

        (void) state;
        check_split(cases, ELEMENTSOF(cases), WORDS_COMMAND);
}

static void test_words_of_a_list_keep_backslashes_and_want_quotes_closed(void **state) {
        static const SplitCase cases[] = {
                { "a b", "a|b" },
                { "a\\nb \\x41", "a\\nb|\\x41" },
                { "\"a b\" c'd e'", "a b|cd e" },
                { "\"a b", NULL },
                { "a 'b", NULL },
                { "a\\", "a\\" },
        };

        (void) state;
        check_split(cases, ELEMENTSOF(cases), 0);
}

static void test_a_bad_line_leaves_the_list_as_it_was(void **state) {
        WordList list = {};
        const char *problem;

        (void) state;
        assert_int_equal(words_split("a b", WORDS_COMMAND, &list, &problem), 0);
        assert_int_equal(words_split("c \\q", WORDS_COMMAND, &list, &problem), -EINVAL);
        fixture_assert_words(list.words, "a|b");
        word_list_done(&list);
}

static void test_only_one_surrounding_pair_of_quotes_is_removed(void **state) {
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "\"a b\"", "a b" },
                { "\"a\"b\"", "a\"b" },
                { "\"\"a\"\"", "\"a\"" },
                { "\"", "\"" },
                { "'a'", "'a'" },
                { "\"a", "\"a" },
                { "", "" },
                { "\"\"", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *s = words_unquote(cases[i].text);
                assert_string_equal(s, cases[i].expected);
                free(s);
        }
}

static void test_json_arrays_of_strings_are_read(void **state) {
        static const SplitCase cases[] = {
                { "[]", "" },
                { "[\"sh\"]", "sh" },
                { " [ \"sh\" , \"-c\",\"a b\" ] ", "sh|-c|a b" },
                { "[\"\\\"\\\\\\/\\n\\t\\u00e9\\ud83d\\ude00\"]", "\"\\/\n\té😀" },
                { "[\"\"]", "" },
                { "", NULL },
                { "[", NULL },
                { "[\"a\"", NULL },
                { "[\"a\",]", NULL },
                { "[,]", NULL },
                { "[1]", NULL },
                { "[\"a\" \"b\"]", NULL },
                { "[\"a\"] x", NULL },
                { "[\"\\q\"]", NULL },
                { "[\"\\u0000\"]", NULL },
                { "[\"\\ud800\"]", NULL },
                { "[\"\\ud800\\u0041\"]", NULL },
                { "[\"a\\", NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                WordList list = {};
                int r = words_parse_json(cases[i].text, &list);

                if (cases[i].expected) {
                        assert_int_equal(r, 0);
                        fixture_assert_words(list.words, cases[i].expected);
                } else {
                        assert_int_equal(r, -EINVAL);
                        assert_int_equal(list.n_words, 0);
                }
                word_list_done(&list);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_of_a_command_lose_quotes_and_escapes),
                cmocka_unit_test(test_words_of_a_list_keep_backslashes_and_want_quotes_closed),
                cmocka_unit_test(test_a_bad_line_leaves_the_list_as_it_was),
                cmocka_unit_test(test_only_one_surrounding_pair_of_quotes_is_removed),
                cmocka_unit_test(test_json_arrays_of_strings_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
