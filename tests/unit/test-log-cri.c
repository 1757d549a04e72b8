/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include "log/cri.h"

static CriRecord parse(const char *line) {
        CriRecord record;

        assert_int_equal(cri_parse(line, strlen(line), &record), 0);
        return record;
}

static void test_a_full_record_gives_time_stream_and_text(void **state) {
        (void) state;
        CriRecord r = parse("2026-11-22T02:18:42.123456789Z stdout F hello  world ");

        assert_int_equal(r.realtime_usec, UINT64_C(1795313922123456));
        assert_false(r.is_stderr);
        assert_false(r.is_partial);
        assert_int_equal(r.size, strlen("hello  world "));
        assert_memory_equal(r.text, "hello  world ", r.size);
}

static void test_a_piece_of_stderr_is_told_as_such(void **state) {
        (void) state;
        CriRecord r = parse("2026-11-22T02:18:42Z stderr P part");

        assert_true(r.is_stderr);
        assert_true(r.is_partial);
        assert_int_equal(r.realtime_usec, UINT64_C(1795313922000000));
}

static void test_a_zone_offset_is_taken_off_the_time(void **state) {
        (void) state;
        assert_int_equal(parse("2026-11-22T04:18:42.5+02:00 stdout F x").realtime_usec,
                        UINT64_C(1795313922500000));
        assert_int_equal(parse("2026-11-21T20:48:42.5-05:30 stdout F x").realtime_usec,
                        UINT64_C(1795313922500000));
}

static void test_an_empty_line_may_come_without_its_blank(void **state) {
        (void) state;
        assert_int_equal(parse("2026-11-22T02:18:42Z stdout F ").size, 0);
        assert_int_equal(parse("2026-11-22T02:18:42Z stdout F").size, 0);
}

static void test_further_tags_are_passed_over(void **state) {
        (void) state;
        CriRecord r = parse("2026-11-22T02:18:42Z stdout P:more:tags text");

        assert_true(r.is_partial);
        assert_int_equal(r.size, 4);
}

static void test_text_keeps_any_bytes(void **state) {
        static const char line[] = "2026-11-22T02:18:42Z stdout F a\0\xff\rb";
        CriRecord r;

        (void) state;
        assert_int_equal(cri_parse(line, sizeof(line) - 1, &r), 0);
        assert_int_equal(r.size, 5);
        assert_memory_equal(r.text, "a\0\xff\rb", 5);
}

static void test_what_is_no_record_is_refused(void **state) {
        static const char *const bad[] = {
                "",
                "plain text",
                "2026-11-22",
                "2026-11-22T02:18:42",
                "2026-11-22T02:18:42. stdout F x",
                "2026-11-22T02:18:42+0200 stdout F x",
                "2026-11-22T02:18:42Z",
                "2026-11-22T02:18:42Z stdin F x",
                "2026-11-22T02:18:42Z stdout",
                "2026-11-22T02:18:42Z stdout X x",
                "1960-11-22T02:18:42Z stdout F before the epoch",
        };
        CriRecord r;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(cri_parse(bad[i], strlen(bad[i]), &r), -EBADMSG);
}

static void test_no_cut_of_a_record_is_read_beyond_its_end(void **state) {
        static const char line[] = "2026-11-22T02:18:42.123456789+02:00 stderr P text";

        (void) state;
        for (size_t size = 0; size < sizeof(line); size++) {
                /* On the heap, exactly as long: a sanitizer sees a read beyond. */
                _cleanup_free_ char *copy = malloc(size + (size == 0));
                CriRecord r;

                assert_non_null(copy);
                memcpy(copy, line, size);
                (void) cri_parse(copy, size, &r); /* what it says is tested above */
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_full_record_gives_time_stream_and_text),
                cmocka_unit_test(test_a_piece_of_stderr_is_told_as_such),
                cmocka_unit_test(test_a_zone_offset_is_taken_off_the_time),
                cmocka_unit_test(test_an_empty_line_may_come_without_its_blank),
                cmocka_unit_test(test_further_tags_are_passed_over),
                cmocka_unit_test(test_text_keeps_any_bytes),
                cmocka_unit_test(test_what_is_no_record_is_refused),
                cmocka_unit_test(test_no_cut_of_a_record_is_read_beyond_its_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
