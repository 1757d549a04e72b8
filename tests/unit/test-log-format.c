/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include <time.h>

#include "log/format.h"

/* 2026-11-22 02:18:42 UTC */
#define STAMP UINT64_C(1795313922123456)

#define LINE(content) \
        { \
                .realtime_usec = STAMP, .priority = 6, .identifier = "web", .hostname = "host", \
                .pid = 12, .text = (content), .size = sizeof(content) - 1 \
        }

static void assert_written(const LogLine *line, LogFormatOptions options, const char *wanted) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_int_equal(log_format_write(line, &options, out), 0);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, wanted);
        free(text);
}

static void test_short_shows_time_host_identifier_and_pid(void **state) {
        LogLine line = LINE("listening");

        (void) state;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_SHORT },
                        "Nov 22 02:18:42 host web[12]: listening\n");
}

static void test_short_does_without_what_a_file_does_not_tell(void **state) {
        LogLine line = LINE("listening");

        (void) state;
        line.pid = 0;
        line.hostname = NULL;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_SHORT, .hostname = "here" },
                        "Nov 22 02:18:42 here web: listening\n");
}

static void test_short_indents_the_further_lines_of_a_message(void **state) {
        LogLine line = LINE("one\ntwo\n\nfour");

        (void) state;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_SHORT },
                        "Nov 22 02:18:42 host web[12]: one\n"
                        "                              two\n"
                        "                              \n"
                        "                              four\n");
}

static void test_cat_gives_the_bytes_back_in_a_pipe(void **state) {
        LogLine line = LINE("\x1b[31mred\xff\t.");

        (void) state;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_CAT },
                        "\x1b[31mred\xff\t.\n");
}

static void test_a_terminal_never_sees_a_control_character(void **state) {
        LogLine line = LINE("\x1b]0;x\x07 \xc2\x9b\x31m \x7f \xff\xc3 tab\t gr\xc3\xbc\xc3\x9f "
                            "\xe2\x82\xac");

        (void) state;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_CAT, .escape = true },
                        "\\x1b]0;x\\x07 \\xc2\\x9b1m \\x7f \\xff\\xc3 tab\t "
                        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n");
}

static void test_a_foreign_identifier_is_escaped_too(void **state) {
        LogLine line = LINE("x");

        (void) state;
        line.identifier = "w\x1b";
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_SHORT, .escape = true },
                        "Nov 22 02:18:42 host w\\x1b[12]: x\n");
}

static void test_errors_are_red_where_colour_is_wanted(void **state) {
        LogLine line = LINE("x");

        (void) state;
        line.priority = 3;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_CAT, .colour = true },
                        "\x1b[1;31mx\x1b[0m\n");
        line.priority = 6;
        assert_written(&line,
                        (LogFormatOptions) { .format = LOG_FORMAT_CAT, .colour = true },
                        "x\n");
}

static void test_a_full_disk_is_told(void **state) {
        LogLine line = LINE("x");
        LogFormatOptions options = { .format = LOG_FORMAT_CAT };
        FILE *out = fopen("/dev/full", "we");

        (void) state;
        assert_non_null(out);
        setbuf(out, NULL);
        assert_int_equal(log_format_write(&line, &options, out), -ENOSPC);
        (void) fclose(out); /* has nothing left to write */
}

static void test_names_of_formats(void **state) {
        (void) state;
        assert_int_equal(log_format_from_string("short"), LOG_FORMAT_SHORT);
        assert_int_equal(log_format_from_string("cat"), LOG_FORMAT_CAT);
        assert_int_equal(log_format_from_string("json"), LOG_FORMAT_JSON);
        assert_int_equal(log_format_from_string("verbose"), _LOG_FORMAT_INVALID);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_short_shows_time_host_identifier_and_pid),
                cmocka_unit_test(test_short_does_without_what_a_file_does_not_tell),
                cmocka_unit_test(test_short_indents_the_further_lines_of_a_message),
                cmocka_unit_test(test_cat_gives_the_bytes_back_in_a_pipe),
                cmocka_unit_test(test_a_terminal_never_sees_a_control_character),
                cmocka_unit_test(test_a_foreign_identifier_is_escaped_too),
                cmocka_unit_test(test_errors_are_red_where_colour_is_wanted),
                cmocka_unit_test(test_a_full_disk_is_told),
                cmocka_unit_test(test_names_of_formats),
        };

        (void) setenv("TZ", "UTC", 1); /* "short" is in local time */
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
