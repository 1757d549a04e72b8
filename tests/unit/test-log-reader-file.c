/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include "log/log-files.h"
#include "log/reader.h"

/* The n-th second of the log. */
#define SECOND(n) (UINT64_C(1795313922000000) + (uint64_t) (n) *1000000)

static char *record(unsigned second, const char *stream, const char *tag, const char *text) {
        char *line = str_printf("2026-11-22T02:%02u:%02u.000000000Z %s %s %s\n",
                        18 + (42 + second) / 60,
                        (42 + second) % 60,
                        stream,
                        tag,
                        text);

        assert_non_null(line);
        return line;
}

static void append(void **state,
                const char *name,
                unsigned second,
                const char *stream,
                const char *tag,
                const char *text) {
        _cleanup_free_ char *line = record(second, stream, tag, text);

        temporary_append(state, name, line);
}

/* Lines "FIRST" to "LAST" as stdout, each at the second of its number modulo a minute. */
static void append_numbers(void **state, const char *name, unsigned first, unsigned last) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        for (unsigned i = first; i <= last; i++)
                (void) fprintf(out, "2026-11-22T02:19:%02u.000000000Z stdout F %u\n", i % 60, i);
        assert_int_equal(fclose(out), 0);
        temporary_append(state, name, text);
        free(text);
}

static LogQuery query_all(void **state) {
        return (LogQuery) {
                .unit_id = "web.service",
                .container_name = "web",
                .lines = LOG_LINES_ALL,
                .since_realtime_usec = UINT64_MAX,
                .until_realtime_usec = UINT64_MAX,
                .directory = *state,
        };
}

static LogReader *reader_open(const LogQuery *query) {
        LogReader *reader;

        assert_int_equal(log_reader_open(query, &reader, NULL), 0);
        return reader;
}

static void assert_next(LogReader *reader, const char *text) {
        LogLine line;

        assert_int_equal(log_reader_next(reader, &line), 1);
        assert_string_equal(line.text, text);
        assert_int_equal(line.size, strlen(text));
}

static void assert_end(LogReader *reader) {
        LogLine line;

        assert_int_equal(log_reader_next(reader, &line), 0);
        assert_int_equal(log_reader_next(reader, &line), 0);
}

/* "a b c": the texts of all lines. */
static void assert_lines(const LogQuery *query, const char *wanted) {
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(query);
        char *all = NULL;
        size_t size;
        FILE *out = open_memstream(&all, &size);
        LogLine line;
        int r;

        assert_non_null(out);
        while ((r = log_reader_next(reader, &line)) > 0)
                (void) fprintf(out, "%s%s", ftell(out) > 0 ? " " : "", line.text);
        assert_int_equal(r, 0);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(all, wanted);
        free(all);
}

static void rename_file(void **state, const char *from, const char *to) {
        _cleanup_free_ char *old = temporary_path(state, from), *new = temporary_path(state, to);

        assert_int_equal(rename(old, new), 0);
}

static void test_a_line_tells_time_stream_and_identifier(void **state) {
        LogQuery query = query_all(state);
        LogLine line;

        append(state, "0.log", 0, "stdout", "F", "out");
        append(state, "0.log", 1, "stderr", "F", "err");
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);

        assert_int_equal(log_reader_next(reader, &line), 1);
        assert_string_equal(line.text, "out");
        assert_string_equal(line.identifier, "web");
        assert_int_equal(line.realtime_usec, SECOND(0));
        assert_int_equal(line.priority, 6);
        assert_false(line.is_stderr);

        assert_int_equal(log_reader_next(reader, &line), 1);
        assert_string_equal(line.text, "err");
        assert_int_equal(line.realtime_usec, SECOND(1));
        assert_int_equal(line.priority, 3);
        assert_true(line.is_stderr);
        assert_end(reader);
}

static void test_fields_are_named_as_the_journal_names_them(void **state) {
        LogQuery query = query_all(state);
        LogLine line;

        query.with_fields = true;
        append(state, "0.log", 0, "stderr", "F", "text");
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_int_equal(log_reader_next(reader, &line), 1);

        static const char *const wanted[][2] = {
                { "__REALTIME_TIMESTAMP", "1795313922000000" },
                { "PRIORITY", "3" },
                { "_TRANSPORT", "stdout" },
                { "SYSLOG_IDENTIFIER", "web" },
                { "UNIT", "web.service" },
                { "MESSAGE", "text" },
        };
        assert_int_equal(line.n_fields, ELEMENTSOF(wanted));
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                assert_string_equal(line.fields[i].name, wanted[i][0]);
                assert_string_equal(line.fields[i].value, wanted[i][1]);
                assert_int_equal(line.fields[i].size, strlen(wanted[i][1]));
        }
}

static void test_pieces_are_joined_for_each_stream(void **state) {
        LogQuery query = query_all(state);
        LogLine line;

        append(state, "0.log", 0, "stdout", "P", "long ");
        append(state, "0.log", 1, "stderr", "P", "other ");
        append(state, "0.log", 2, "stdout", "P", "long ");
        append(state, "0.log", 3, "stdout", "F", "line");
        append(state, "0.log", 4, "stderr", "F", "line");
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);

        assert_int_equal(log_reader_next(reader, &line), 1);
        assert_string_equal(line.text, "long long line");
        assert_int_equal(line.realtime_usec, SECOND(0));
        assert_next(reader, "other line");
        assert_end(reader);
}

static void test_a_line_whose_end_was_never_written_is_shown(void **state) {
        LogQuery query = query_all(state);

        append(state, "0.log", 0, "stdout", "P", "half");
        temporary_append(state, "0.log", "2026-11-22T02:18:42Z stderr F torn");
        assert_lines(&query, "torn half");
}

static void test_empty_lines_are_lines(void **state) {
        LogQuery query = query_all(state);

        append(state, "0.log", 0, "stdout", "F", "");
        append(state, "0.log", 0, "stdout", "F", "x");
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_next(reader, "");
        assert_next(reader, "x");
        assert_end(reader);
}

static void test_text_that_is_no_record_is_shown_as_it_is(void **state) {
        LogQuery query = query_all(state);
        LogLine line;

        append(state, "0.log", 5, "stdout", "F", "x");
        temporary_append(state, "0.log", "not of ours\n");
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_next(reader, "x");
        assert_int_equal(log_reader_next(reader, &line), 1);
        assert_string_equal(line.text, "not of ours");
        assert_int_equal(line.realtime_usec, SECOND(5));
}

static void test_rotated_files_come_first_oldest_to_newest(void **state) {
        LogQuery query = query_all(state);

        append_numbers(state, "0.log.10", 1, 2);
        for (unsigned i = 2; i < 10; i++) {
                _cleanup_free_ char *name = str_printf("0.log.%u", i);
                append_numbers(state, name, 13 - i, 13 - i);
        }
        append_numbers(state, "0.log.1", 12, 12);
        append_numbers(state, "0.log", 13, 14);
        assert_lines(&query, "1 2 4 5 6 7 8 9 10 11 12 13 14");
}

static void test_a_number_missing_in_the_middle_of_a_rotation_hides_nothing(void **state) {
        LogQuery query = query_all(state);

        append_numbers(state, "0.log.3", 1, 1);
        append_numbers(state, "0.log.2", 2, 2);
        append_numbers(state, "0.log", 3, 3);
        assert_lines(&query, "1 2 3");
}

static void test_no_file_yet_is_no_line(void **state) {
        LogQuery query = query_all(state);

        assert_lines(&query, "");
        query.lines = 10;
        assert_lines(&query, "");
}

static void test_a_missing_directory_is_an_error(void **state) {
        LogQuery query = query_all(state);
        _cleanup_(error_done) Error error = {};
        LogReader *reader;

        query.directory = "/nonexistent/supd/log";
        assert_int_equal(log_reader_open(&query, &reader, &error), -ENOENT);
        assert_non_null(strstr(error.message, "/nonexistent/supd/log"));
        (void) state;
}

static void test_the_last_lines_reach_over_files(void **state) {
        LogQuery query = query_all(state);

        append_numbers(state, "0.log.1", 1, 5);
        append_numbers(state, "0.log", 6, 7);

        query.lines = 1;
        assert_lines(&query, "7");
        query.lines = 2;
        assert_lines(&query, "6 7");
        query.lines = 4;
        assert_lines(&query, "4 5 6 7");
        query.lines = 7;
        assert_lines(&query, "1 2 3 4 5 6 7");
        query.lines = 100;
        assert_lines(&query, "1 2 3 4 5 6 7");
        query.lines = 0;
        assert_lines(&query, "");
}

static void test_the_last_lines_of_a_large_log_are_exact(void **state) {
        static const unsigned wanted[] = { 1, 10, 1000, 1500, 3000, 20000, 39999, 40000 };
        LogQuery query = query_all(state);

        append_numbers(state, "0.log.1", 1, 20000);
        append_numbers(state, "0.log", 20001, 40000);
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                LogLine line;

                query.lines = wanted[i];
                _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
                for (unsigned n = 40000 - wanted[i] + 1; n <= 40000; n++) {
                        _cleanup_free_ char *text = str_printf("%u", n);

                        assert_int_equal(log_reader_next(reader, &line), 1);
                        assert_string_equal(line.text, text);
                }
                assert_end(reader);
        }
}

/* The window at the end of the file begins within the line. */
static void test_the_first_of_the_last_lines_has_all_its_pieces(void **state) {
        LogQuery query = query_all(state);
        char piece[16385];
        LogLine line;

        memset(piece, 'x', sizeof(piece) - 1);
        piece[sizeof(piece) - 1] = '\0';
        append(state, "0.log", 0, "stdout", "F", "before");
        for (unsigned i = 0; i < 9; i++)
                append(state, "0.log", 1, "stdout", "P", piece);
        append(state, "0.log", 2, "stdout", "F", "end");
        append(state, "0.log", 3, "stderr", "F", "after");

        query.lines = 2;
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_int_equal(log_reader_next(reader, &line), 1);
        assert_int_equal(line.size, 9 * (sizeof(piece) - 1) + 3);
        assert_next(reader, "after");
        assert_end(reader);
}

static void test_the_other_stream_does_not_cut_pieces_off(void **state) {
        LogQuery query = query_all(state);

        append(state, "0.log", 0, "stdout", "P", "begin-");
        append(state, "0.log", 1, "stderr", "F", "between");
        append(state, "0.log", 2, "stdout", "F", "end");
        query.lines = 1;
        assert_lines(&query, "begin-end");
}

static void test_since_and_until_bound_the_lines(void **state) {
        LogQuery query = query_all(state);

        for (unsigned i = 1; i <= 5; i++) {
                char text[] = { (char) ('0' + i), '\0' };
                append(state, "0.log", i, "stdout", "F", text);
        }
        query.since_realtime_usec = SECOND(3);
        assert_lines(&query, "3 4 5");
        query.until_realtime_usec = SECOND(4);
        assert_lines(&query, "3 4");
        query.since_realtime_usec = UINT64_MAX;
        assert_lines(&query, "1 2 3 4");
        query.lines = 2;
        assert_lines(&query, "3 4");
        query.since_realtime_usec = SECOND(4);
        assert_lines(&query, "4");
}

static void test_following_sees_what_is_appended(void **state) {
        LogQuery query = query_all(state);

        query.follow = true;
        append_numbers(state, "0.log", 1, 1);
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_next(reader, "1");
        assert_end(reader);
        assert_int_equal(log_reader_process(reader), 0);
        assert_int_equal(log_reader_wait(reader, 0), 0);

        append_numbers(state, "0.log", 2, 3);
        assert_int_equal(log_reader_wait(reader, TEST_DEADLINE_MSEC * 1000), 1);
        assert_next(reader, "2");
        assert_next(reader, "3");
        assert_end(reader);
}

static void test_following_begins_before_there_is_a_file(void **state) {
        LogQuery query = query_all(state);

        query.follow = true;
        query.lines = 10;
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_end(reader);
        append_numbers(state, "0.log", 1, 1);
        assert_int_equal(log_reader_wait(reader, TEST_DEADLINE_MSEC * 1000), 1);
        assert_next(reader, "1");
}

static void test_following_waits_for_the_rest_of_a_record(void **state) {
        LogQuery query = query_all(state);

        query.follow = true;
        temporary_append(state, "0.log", "2026-11-22T02:18:42Z stdout F to");
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_end(reader);
        temporary_append(state, "0.log", "gether\n2026-11-22T02:18:42Z stdout P a");
        assert_next(reader, "together");
        assert_end(reader);
        temporary_append(state, "0.log", "b\n2026-11-22T02:18:42Z stdout F c\n");
        assert_next(reader, "abc");
}

static void test_following_goes_over_rotations(void **state) {
        LogQuery query = query_all(state);

        query.follow = true;
        append_numbers(state, "0.log", 1, 1);
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_next(reader, "1");
        assert_end(reader);

        /* Written just before the rotation, in the two rotated files, and after. */
        append_numbers(state, "0.log", 2, 2);
        rename_file(state, "0.log", "0.log.1");
        append_numbers(state, "0.log", 3, 4);
        rename_file(state, "0.log.1", "0.log.2");
        rename_file(state, "0.log", "0.log.1");
        append_numbers(state, "0.log", 5, 5);

        assert_next(reader, "2");
        assert_next(reader, "3");
        assert_next(reader, "4");
        assert_next(reader, "5");
        assert_end(reader);
}

static void test_following_starts_over_in_a_file_that_was_emptied(void **state) {
        LogQuery query = query_all(state);
        _cleanup_free_ char *path = temporary_path(state, "0.log");

        query.follow = true;
        append_numbers(state, "0.log", 1, 3);
        _cleanup_(log_reader_freep) LogReader *reader = reader_open(&query);
        assert_next(reader, "1");
        assert_next(reader, "2");
        assert_next(reader, "3");
        assert_end(reader);
        assert_int_equal(truncate(path, 0), 0);
        append_numbers(state, "0.log", 4, 4);
        assert_next(reader, "4");
        assert_end(reader);
}

static void test_a_link_in_place_of_a_file_is_not_followed(void **state) {
        LogQuery query = query_all(state);
        _cleanup_free_ char *link = temporary_path(state, "0.log");
        LogReader *reader;

        assert_int_equal(symlink("/etc/passwd", link), 0);
        assert_int_equal(log_reader_open(&query, &reader, NULL), -ELOOP);
}

static void test_files_reading_from_any_offset_gives_the_same_bytes(void **state) {
        _cleanup_(log_files_done) LogFiles files = {};
        _cleanup_close_ int dir_fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char data[16];

        temporary_write(state, "0.log.2", "abc");
        temporary_write(state, "0.log.1", "");
        temporary_write(state, "0.log", "defg");
        assert_int_equal(log_files_update(&files, dir_fd), 1);
        assert_int_equal(log_files_update(&files, dir_fd), 0);
        assert_int_equal(log_files_size(&files), 7);

        for (size_t offset = 0; offset <= 7; offset++) {
                size_t got = 0;
                ssize_t n;

                while ((n = log_files_read(&files, data + got, 2, offset + got)) > 0)
                        got += (size_t) n;
                assert_int_equal(got, 7 - offset);
                assert_memory_equal(data, &"abcdefg"[offset], got);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temporary_setup, temporary_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_a_line_tells_time_stream_and_identifier),
                TEST(test_fields_are_named_as_the_journal_names_them),
                TEST(test_pieces_are_joined_for_each_stream),
                TEST(test_a_line_whose_end_was_never_written_is_shown),
                TEST(test_empty_lines_are_lines),
                TEST(test_text_that_is_no_record_is_shown_as_it_is),
                TEST(test_rotated_files_come_first_oldest_to_newest),
                TEST(test_a_number_missing_in_the_middle_of_a_rotation_hides_nothing),
                TEST(test_no_file_yet_is_no_line),
                TEST(test_a_missing_directory_is_an_error),
                TEST(test_the_last_lines_reach_over_files),
                TEST(test_the_last_lines_of_a_large_log_are_exact),
                TEST(test_the_first_of_the_last_lines_has_all_its_pieces),
                TEST(test_the_other_stream_does_not_cut_pieces_off),
                TEST(test_since_and_until_bound_the_lines),
                TEST(test_following_sees_what_is_appended),
                TEST(test_following_begins_before_there_is_a_file),
                TEST(test_following_waits_for_the_rest_of_a_record),
                TEST(test_following_goes_over_rotations),
                TEST(test_following_starts_over_in_a_file_that_was_emptied),
                TEST(test_a_link_in_place_of_a_file_is_not_followed),
                TEST(test_files_reading_from_any_offset_gives_the_same_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
