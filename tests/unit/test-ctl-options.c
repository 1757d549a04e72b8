/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/strv.h"
#include "ctl/options.h"
#include "ctl/verbs.h"
#include "log/reader.h"

#define NOW (UINT64_C(1795313922) * USEC_PER_SEC)
#define ARGUMENTS_MAX 15

typedef struct Parsed {
        Options options;
        char **words;
        Error error;
        int result;
} Parsed;

static void parsed_done(Parsed *p) {
        options_done(&p->options);
        strv_free(p->words);
        error_done(&p->error);
}

/* NULL-terminated, without argv[0]. */
static Parsed parse(const char *const *arguments) {
        char *argv[ARGUMENTS_MAX + 1] = { (char *) "supctl" };
        Parsed p = {};
        int argc = 1;

        for (; arguments[argc - 1]; argc++)
                argv[argc] = (char *) arguments[argc - 1];
        p.result = options_parse(argc, argv, OPTION_EVERY, NOW, &p.options, &p.words, &p.error);
        return p;
}
#define PARSE(...) parse((const char *const[]) { __VA_ARGS__, NULL })

static void test_options_may_stand_anywhere(void **state) {
        _cleanup_(parsed_done) Parsed p = PARSE("--json", "status", "-n5", "web", "--plain", "db");

        (void) state;
        assert_int_equal(p.result, 0);
        assert_true(p.options.json);
        assert_true(p.options.plain);
        assert_int_equal(p.options.lines, 5);
        assert_int_equal(strv_length(p.words), 3);
        assert_string_equal(p.words[2], "db");
}

static void test_values_are_taken_joined_or_apart(void **state) {
        _cleanup_(parsed_done) Parsed p = PARSE("-fn",
                        "3",
                        "--since",
                        "-1h",
                        "--output=cat",
                        "-sHUP",
                        "--kill-whom",
                        "main");

        (void) state;
        assert_int_equal(p.result, 0);
        assert_true(p.options.follow);
        assert_int_equal(p.options.lines, 3);
        assert_true(p.options.since_usec == NOW - USEC_PER_HOUR);
        assert_int_equal(p.options.output, LOG_FORMAT_CAT);
        assert_int_equal(p.options.signal, SIGHUP);
        assert_string_equal(p.options.kill_whom, "main");
}

static void test_lists_add_up(void **state) {
        _cleanup_(parsed_done) Parsed p = PARSE(
                        "-p", "MainPID,Result", "--property=Id", "--failed", "--state=active");

        (void) state;
        assert_int_equal(p.result, 0);
        assert_int_equal(strv_length(p.options.properties), 3);
        assert_string_equal(p.options.properties[1], "Result");
        assert_int_equal(strv_length(p.options.states), 2);
}

static void test_nothing_is_an_option_after_two_dashes(void **state) {
        _cleanup_(parsed_done) Parsed p = PARSE("status", "--", "--json", "-");

        (void) state;
        assert_int_equal(p.result, 0);
        assert_false(p.options.json);
        assert_int_equal(strv_length(p.words), 3);
}

static void test_defaults_are_what_the_manual_says(void **state) {
        _cleanup_(parsed_done) Parsed p = PARSE("status");

        (void) state;
        assert_int_equal(p.options.signal, SIGTERM);
        assert_string_equal(p.options.kill_whom, "all");
        assert_string_equal(p.options.runtime_dir, "/run/supd");
        assert_false(p.options.lines_set);
        assert_true(p.options.since_usec == UINT64_MAX);
        assert_int_equal(p.options.output, LOG_FORMAT_SHORT);
}

static void expect_error(Parsed p, const char *message) {
        assert_int_equal(p.result, -EINVAL);
        assert_string_equal(p.error.message, message);
        parsed_done(&p);
}

static void test_mistakes_are_named_with_a_suggestion(void **state) {
        (void) state;
        expect_error(PARSE("--folow"), "unknown option '--folow'; did you mean '--follow'?");
        expect_error(PARSE("--xyzzy"), "unknown option '--xyzzy', see 'supctl --help'");
        expect_error(PARSE("-Z"), "unknown option '-Z', see 'supctl --help'");
        expect_error(PARSE("--json=yes"), "--json takes no value");
        expect_error(PARSE("--lines"), "--lines needs a value, N");
        expect_error(PARSE("-n", "many"), "-n: 'many' is not a number of lines or 'all'");
        expect_error(PARSE("-n", "-1"), "-n: '-1' is not a number of lines or 'all'");
        expect_error(PARSE("--signal=FOO"),
                        "--signal: 'FOO' is not a signal, such as TERM, SIGHUP or 9");
        expect_error(PARSE("--kill-whom=init"), "--kill-whom: 'init' is not 'main' or 'all'");
        expect_error(PARSE("-oxml"), "-o: 'xml' is not 'short', 'cat' or 'json'");
        expect_error(PARSE("--color=blue"), "--color: 'blue' is not 'auto', 'always' or 'never'");
        expect_error(PARSE("--runtime-dir=run"), "--runtime-dir: 'run' is not an absolute path");
        expect_error(PARSE("--since=soon"),
                        "--since: 'soon' is not a time, such as '2026-11-22 02:18', '10 min ago', "
                        "'-1h' "
                        "or 'today'");
}

static void test_all_lines_can_be_asked_for(void **state) {
        _cleanup_(parsed_done) Parsed p = PARSE("-n", "all");

        (void) state;
        assert_int_equal(p.result, 0);
        assert_true(p.options.lines == LOG_LINES_ALL);
}

static Parsed parse_for(const char *verb_name, const char *const *arguments) {
        const Verb *verb = NULL;
        char *argv[ARGUMENTS_MAX + 1] = { (char *) "supctl" };
        Parsed p = {};
        int argc = 1;

        assert_int_equal(verb_find(verb_name, &verb, NULL), 0);
        for (; arguments[argc - 1]; argc++)
                argv[argc] = (char *) arguments[argc - 1];
        p.result = options_parse(argc, argv, verb->options, NOW, &p.options, &p.words, &p.error);
        return p;
}
#define PARSE_FOR(verb, ...) parse_for(verb, (const char *const[]) { __VA_ARGS__, NULL })

static void test_an_option_means_what_the_verb_makes_of_it(void **state) {
        _cleanup_(parsed_done)
                        Parsed logs = PARSE_FOR("logs", "logs", "-fo", "cat", "web"),
                               rmi = PARSE_FOR("rmi", "rmi", "-f", "web"),
                               images = PARSE_FOR("images", "images", "-af", "dangling=true"),
                               save = PARSE_FOR("save", "save", "-o", "cat", "web"),
                               stop = PARSE_FOR("stop", "stop", "-o", "nonsense", "web");

        (void) state;
        assert_true(logs.options.follow);
        assert_int_equal(logs.options.output, LOG_FORMAT_CAT);
        assert_true(rmi.options.image.force);
        assert_false(rmi.options.follow);
        assert_string_equal(rmi.words[1], "web");
        assert_true(images.options.all);
        assert_string_equal(images.options.image.filters[0], "dangling=true");
        assert_string_equal(save.options.image.output, "cat");
        assert_null(save.options.foreign);
        assert_string_equal(stop.options.foreign, "output");
}

static void test_words_are_found_before_the_verb_is_known(void **state) {
        char *argv[] = { (char *) "supctl",
                (char *) "--runtime-dir",
                (char *) "/x",
                (char *) "-n",
                (char *) "5",
                (char *) "-qs",
                (char *) "HUP",
                (char *) "--state=active",
                (char *) "image",
                (char *) "-f",
                (char *) "ls",
                (char *) "--nonsense",
                (char *) "--",
                (char *) "-odd",
                NULL };
        _cleanup_strv_ char **words = NULL;
        const Verb *verb = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(options_find_words(ELEMENTSOF(argv) - 1, argv, &words), 0);
        assert_int_equal(strv_length(words), 3);
        assert_string_equal(words[2], "-odd");
        assert_int_equal(verb_find_words(words, &verb, &n, NULL), 0);
        assert_string_equal(verb->name, "images");
        assert_int_equal(n, 2);
}

static void test_a_family_needs_its_second_word(void **state) {
        char *alone[] = { (char *) "image", NULL };
        char *wrong[] = { (char *) "image", (char *) "isnpect", NULL };
        char *none[] = { (char *) "stop", (char *) "inspect", NULL };
        _cleanup_(error_done) Error error = {};
        const Verb *verb = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(verb_find_words(alone, &verb, &n, &error), -EINVAL);
        assert_string_equal(error.message, "'image' needs a second word; see 'supctl help image'");
        assert_int_equal(verb_find_words(wrong, &verb, &n, &error), -EINVAL);
        assert_string_equal(error.message,
                        "unknown verb 'image isnpect'; did you mean 'image inspect'?");
        assert_int_equal(verb_find_words(none, &verb, &n, &error), 0);
        assert_int_equal(n, 1);
        assert_true(verb_is_of_family(verb, "stop") == false);
}

static void test_a_mistyped_verb_gets_a_suggestion(void **state) {
        _cleanup_(error_done) Error error = {};
        const Verb *verb = NULL;

        (void) state;
        assert_int_equal(verb_find("stauts", &verb, &error), -EINVAL);
        assert_string_equal(error.message, "unknown verb 'stauts'; did you mean 'status'?");
        assert_int_equal(verb_find("frobnicate", &verb, &error), -EINVAL);
        assert_string_equal(error.message, "unknown verb 'frobnicate', see 'supctl --help'");
        assert_null(verb);
}

static void test_aliases_lead_to_the_same_verb(void **state) {
        const Verb *pause, *freeze;

        (void) state;
        assert_int_equal(verb_find("pause", &pause, NULL), 0);
        assert_int_equal(verb_find("freeze", &freeze, NULL), 0);
        assert_ptr_equal(pause, freeze);
}

static void test_a_verb_refuses_foreign_options_and_wrong_numbers_of_words(void **state) {
        _cleanup_(error_done) Error error = {};
        _cleanup_strv_ char **words = NULL;
        const Options none = {}, foreign = { .foreign = "follow" };
        const Verb *verb;

        (void) state;
        assert_int_equal(verb_find("start", &verb, NULL), 0);
        assert_int_equal(verb_check(verb, NULL, &none, &error), -EINVAL);
        assert_string_equal(
                        error.message, "too few arguments; usage: supctl start [OPTION…] UNIT…");
        assert_int_equal(strv_append(&words, "web"), 0);
        assert_int_equal(verb_check(verb, words, &none, &error), 0);
        assert_int_equal(verb_check(verb, words, &foreign, &error), -EINVAL);
        assert_string_equal(
                        error.message, "'start' has no option --follow; see 'supctl start --help'");

        assert_int_equal(verb_find("daemon-reload", &verb, NULL), 0);
        assert_int_equal(verb_check(verb, words, &none, &error), -EINVAL);
        assert_string_equal(
                        error.message, "too many arguments; usage: supctl daemon-reload [OPTION…]");
}

static void test_every_verb_is_complete_and_its_options_exist(void **state) {
        const Verb *verb;

        (void) state;
        for (size_t i = 0; (verb = verb_at(i)); i++) {
                const Verb *found = NULL;

                assert_non_null(verb->run);
                assert_non_null(verb->help);
                assert_non_null(verb->synopsis);
                assert_int_equal(verb_find(verb->name, &found, NULL), 0);
                assert_ptr_equal(found, verb);

                _cleanup_free_ char *text = options_describe(verb->options);
                assert_non_null(text);
                assert_true((verb->options != 0) == (*text != '\0'));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_options_may_stand_anywhere),
                cmocka_unit_test(test_values_are_taken_joined_or_apart),
                cmocka_unit_test(test_lists_add_up),
                cmocka_unit_test(test_nothing_is_an_option_after_two_dashes),
                cmocka_unit_test(test_defaults_are_what_the_manual_says),
                cmocka_unit_test(test_mistakes_are_named_with_a_suggestion),
                cmocka_unit_test(test_all_lines_can_be_asked_for),
                cmocka_unit_test(test_an_option_means_what_the_verb_makes_of_it),
                cmocka_unit_test(test_words_are_found_before_the_verb_is_known),
                cmocka_unit_test(test_a_family_needs_its_second_word),
                cmocka_unit_test(test_a_mistyped_verb_gets_a_suggestion),
                cmocka_unit_test(test_aliases_lead_to_the_same_verb),
                cmocka_unit_test(test_a_verb_refuses_foreign_options_and_wrong_numbers_of_words),
                cmocka_unit_test(test_every_verb_is_complete_and_its_options_exist),
        };

        if (unsetenv("SUPD_RUNTIME_DIR") < 0)
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
