/* SPDX-License-Identifier: MIT */

/* Maps, vectors, records, numbers, texts and times: what every other module counts on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/map.h"
#include "base/record.h"
#include "base/strv.h"
#include "base/text.h"

#define MANY 5000U

static void test_a_map_keeps_what_was_put_in_whatever_is_removed_meanwhile(void **state) {
        _cleanup_(map_freep) Map *m = map_new();
        static char keys[MANY][8];
        static unsigned values[MANY];
        uint32_t random = 3;

        (void) state;
        for (unsigned i = 0; i < MANY; i++) {
                snprintf(keys[i], sizeof(keys[i]), "k%u", i);
                values[i] = i;
                assert_int_equal(map_put(m, keys[i], &values[i]), 0);
                assert_int_equal(map_put(m, keys[i], &values[i]), -EEXIST);
        }
        for (unsigned i = 0; i < MANY; i++) {
                random = random * 1664525 + 1013904223;
                if (random >> 31)
                        continue;
                assert_ptr_equal(map_remove(m, keys[i]), &values[i]);
                keys[i][0] = 'x'; /* gone: its text may change */
        }
        for (unsigned i = 0; i < MANY; i++) {
                unsigned *found = map_get(m, keys[i]);
                assert_ptr_equal(found, keys[i][0] == 'k' ? &values[i] : NULL);
        }
        unsigned last = 0;
        bool first = true;
        MAP_FOREACH (unsigned, v, m) {
                assert_true(first || *v > last); /* in order of insertion */
                last = *v;
                first = false;
        }
}

static void test_an_empty_map_answers_nothing(void **state) {
        _cleanup_(map_freep) Map *m = map_new();

        (void) state;
        assert_null(map_get(m, "x"));
        assert_null(map_remove(m, "x"));
        assert_null(map_get(NULL, "x"));
        assert_int_equal(map_size(NULL), 0);
}

static void test_a_list_item_may_leave_while_it_is_walked_and_twice(void **state) {
        List head, items[3];
        unsigned seen = 0;

        (void) state;
        list_init(&head);
        for (size_t i = 0; i < ELEMENTSOF(items); i++) {
                list_init(&items[i]);
                list_append(&head, &items[i]);
        }
        LIST_FOREACH (item, &head) {
                list_remove(item);
                list_remove(item);
                seen++;
        }
        assert_int_equal(seen, 3);
        assert_true(list_is_empty(&head));
}

static void test_a_record_gives_back_any_bytes(void **state) {
        static const char foreign[] = "a=b\\c\nd\te\x01\x7f\xff é";
        _cleanup_(record_freep) Record *r = NULL;
        RecordWriter w = {};
        uint64_t u;
        int64_t i;
        bool b;

        (void) state;
        record_put(&w, "Text", foreign);
        record_put(&w, "None", NULL);
        record_put_u64(&w, "Most", UINT64_MAX);
        record_put_i64(&w, "Least", INT64_MIN);
        record_put_bool(&w, "Yes", true);
        record_put(&w, "Many", "1");
        record_put(&w, "Many", "2");
        assert_int_equal(w.result, 0);
        assert_int_equal(record_parse(w.text, &r), 0);
        record_writer_done(&w);
        assert_string_equal(record_get(r, "Text"), foreign);
        assert_null(record_get(r, "None"));
        assert_int_equal(record_get_u64(r, "Most", &u), 0);
        assert_true(u == UINT64_MAX);
        assert_int_equal(record_get_i64(r, "Least", &i), 0);
        assert_true(i == INT64_MIN);
        assert_int_equal(record_get_bool(r, "Yes", &b), 0);
        assert_true(b);
        assert_string_equal(record_get(r, "Many"), "2");
        assert_string_equal(record_get_nth(r, "Many", 0), "1");
        assert_string_equal(record_get_nth(r, "Many", 1), "2");
        assert_null(record_get_nth(r, "Many", 2));
        assert_int_equal(record_get_u64(r, "Text", &u), -EINVAL);
        assert_int_equal(record_get_u64(r, "Absent", &u), -ENOENT);
}

static void test_a_damaged_record_is_refused(void **state) {
        static const char *const damaged[] = {
                "no equals sign\n", "A=\\", "A=\\q", "A=\\x1", "A=1\nB"
        };
        Record *r = NULL;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(damaged); i++)
                assert_int_equal(record_parse(damaged[i], &r), -EBADMSG);
        assert_null(r);
}

static void test_numbers_are_whole_and_in_range_or_refused(void **state) {
        static const char *const bad[] = { "", " 1", "1 ", "+1", "0x1", "1.0", "--1", "-" };
        uint64_t u = 7;
        int64_t i = 7;

        (void) state;
        for (size_t k = 0; k < ELEMENTSOF(bad); k++) {
                assert_int_equal(parse_u64(bad[k], &u), -EINVAL);
                assert_int_equal(parse_i64(bad[k], &i), -EINVAL);
        }
        assert_int_equal(parse_u64("18446744073709551616", &u), -ERANGE);
        assert_int_equal(parse_i64("-9223372036854775809", &i), -ERANGE);
        assert_int_equal(parse_u64("-1", &u), -EINVAL);
        assert_true(u == 7 && i == 7);
        assert_int_equal(parse_i64("-9223372036854775808", &i), 0);
        assert_true(i == INT64_MIN);
}

static void test_an_environment_holds_each_name_once(void **state) {
        _cleanup_strv_ char **env = NULL;

        (void) state;
        assert_int_equal(strv_env_set(&env, "A=1"), 0);
        assert_int_equal(strv_env_set(&env, "AB=2"), 0);
        assert_int_equal(strv_env_set(&env, "A=3"), 0);
        assert_int_equal(strv_length(env), 2);
        assert_string_equal(strv_env_get(env, "A"), "3");
        assert_string_equal(strv_env_get(env, "AB"), "2");
        assert_null(strv_env_get(env, "B"));
        _cleanup_free_ char *joined = strv_join(env, ", ");
        assert_string_equal(joined, "A=3, AB=2");
}

static void test_a_near_miss_is_suggested_and_a_far_one_is_not(void **state) {
        static const char *const words[] = { "Memory", "MemoryMax", "Exec", "Image", NULL };

        (void) state;
        assert_string_equal(text_suggest("Memroy", words), "Memory");
        assert_string_equal(text_suggest("memorymax", words), "MemoryMax");
        assert_string_equal(text_suggest("Exce", words), "Exec");
        assert_null(text_suggest("Volume", words));
        assert_null(text_suggest("", words));
}

static void test_foreign_text_can_t_move_the_cursor(void **state) {
        _cleanup_free_ char *escaped = text_escape_controls("a\x1b[2J\n\xff\xc3\xa9\x7f");

        (void) state;
        assert_string_equal(escaped, "a\\x1b[2J\\x0a\\xff\xc3\xa9\\x7f");
}

static void test_a_path_in_a_root_does_not_lead_out_of_it(void **state) {
        static const char *const paths[][2] = {
                { "", "" },
                { "/", "" },
                { "..", "" },
                { "a", "a" },
                { "/a//b/", "a/b" },
                { "./a/./b/.", "a/b" },
                { "a/b/..", "a" },
                { "/../../a/../../b/c", "b/c" },
                { "a/..b/c..", "a/..b/c.." },
                { "a/b/../../..", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                char path[32];
                (void) stpcpy(path, paths[i][0]);
                path_clean_in_root(path);
                assert_string_equal(path, paths[i][1]);
        }
}

static void test_utf8_is_checked_to_the_letter(void **state) {
        (void) state;
        assert_true(utf8_is_valid("\xf0\x9f\x90\xa7", 4));
        assert_false(utf8_is_valid("\xc0\x80", 2));         /* overlong */
        assert_false(utf8_is_valid("\xed\xa0\x80", 3));     /* surrogate */
        assert_false(utf8_is_valid("\xf4\x90\x80\x80", 4)); /* above U+10FFFF */
        assert_false(utf8_is_valid("\xe2\x82", 2));         /* cut */
}

static void test_spans_and_ages_read_as_people_write_them(void **state) {
        static const struct {
                uint64_t span;
                const char *text;
        } spans[] = {
                { 0, "0" },
                { 5, "5us" },
                { 100 * USEC_PER_MSEC, "100ms" },
                { 1500 * USEC_PER_MSEC, "1.500s" },
                { 90 * USEC_PER_SEC, "1min 30s" },
                { 26 * USEC_PER_HOUR, "1d 2h" },
                { USEC_INFINITY, "infinity" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                _cleanup_free_ char *text = span_format(spans[i].span);
                assert_string_equal(text, spans[i].text);
        }
        _cleanup_free_ char *days = stamp_format_relative(USEC_PER_DAY, 3 * USEC_PER_DAY);
        _cleanup_free_ char *minutes = stamp_format_relative(USEC_PER_SEC, 126 * USEC_PER_SEC);
        assert_string_equal(days, "2 days ago");
        assert_string_equal(minutes, "2min 5s ago");
        assert_true(usec_add(USEC_INFINITY, 1) == USEC_INFINITY);
        assert_true(usec_add(USEC_INFINITY - 1, 5) == USEC_INFINITY);
        assert_int_equal(usec_sub(3, 5), 0);
}

static void test_exact_spans_leave_nothing_out(void **state) {
        static const struct {
                uint64_t span;
                const char *text;
        } spans[] = {
                { 0, "0" },
                { 1, "1us" },
                { 1500, "1.500ms" },
                { 2 * USEC_PER_MSEC, "2ms" },
                { 1500 * USEC_PER_MSEC, "1.500000s" },
                { 61500 * USEC_PER_MSEC, "1min 1.500000s" },
                { USEC_PER_HOUR + 30 * USEC_PER_SEC, "1h 30s" },
                { 10 * USEC_PER_DAY + 5 * USEC_PER_MSEC, "1w 3d 5ms" },
                { UINT64_C(31557600000002), "1y 2us" },
                { USEC_INFINITY, "infinity" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                _cleanup_free_ char *text = span_format_exact(spans[i].span);
                assert_string_equal(text, spans[i].text);
        }
}

static void test_distances_are_told_as_systemd_tells_them(void **state) {
        static const uint64_t now = 2000000000 * USEC_PER_SEC;
        static const struct {
                uint64_t distance;
                const char *text;
        } distances[] = {
                { 0, "now" },
                { 70, "70us" },
                { 20 * USEC_PER_MSEC + 5, "20ms" },
                { 59999 * USEC_PER_MSEC, "59s" },
                { 65 * USEC_PER_SEC, "1min 5s" },
                { 5 * USEC_PER_MINUTE, "5min" },
                { 61 * USEC_PER_MINUTE, "1h 1min" },
                { 6 * USEC_PER_HOUR, "6h" },
                { 24 * USEC_PER_HOUR, "24h" },
                { 38 * USEC_PER_HOUR, "1 day 14h" },
                { 2 * USEC_PER_DAY, "2 days" },
                { 8 * USEC_PER_DAY, "1 week 1 day" },
                { 26 * USEC_PER_DAY, "3 weeks 5 days" },
                { 31 * USEC_PER_DAY, "1 month 0 days" },
                { 400 * USEC_PER_DAY, "1 year 1 month" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(distances); i++) {
                uint64_t d = distances[i].distance;
                _cleanup_free_ char *ago = stamp_format_distance(now - d, now);
                _cleanup_free_ char *left = stamp_format_distance(now + d, now);
                size_t size = strlen(distances[i].text);

                assert_memory_equal(ago, distances[i].text, size);
                assert_string_equal(ago + size, d ? " ago" : "");
                assert_memory_equal(left, distances[i].text, size);
                assert_string_equal(left + size, d ? " left" : "");
        }
}

static void test_an_error_is_set_once_and_prefixed_on_its_way_up(void **state) {
        _cleanup_(error_done) Error error = {}, moved = {};

        (void) state;
        assert_int_equal(error_set(&error, -ENOENT, ERROR_STORAGE, "open '%s'", "x"), -ENOENT);
        assert_int_equal(error_prefix(&error, -ENOENT, "web"), -ENOENT);
        assert_string_equal(
                        error_text(&error, -ENOENT), "web: open 'x': No such file or directory");
        error_move(&moved, &error);
        assert_null(error.message);
        assert_int_equal(moved.code, ERROR_STORAGE);
        assert_int_equal(error_set(NULL, -EIO, ERROR_FAILED, "nobody asks"), -EIO);
        assert_string_equal(error_text(NULL, -EIO), "Input/output error");
        for (ErrorCode c = 0; c < _ERROR_CODE_MAX; c++)
                assert_non_null(error_code_to_string(c));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_map_keeps_what_was_put_in_whatever_is_removed_meanwhile),
                cmocka_unit_test(test_an_empty_map_answers_nothing),
                cmocka_unit_test(test_a_list_item_may_leave_while_it_is_walked_and_twice),
                cmocka_unit_test(test_a_record_gives_back_any_bytes),
                cmocka_unit_test(test_a_damaged_record_is_refused),
                cmocka_unit_test(test_numbers_are_whole_and_in_range_or_refused),
                cmocka_unit_test(test_an_environment_holds_each_name_once),
                cmocka_unit_test(test_a_near_miss_is_suggested_and_a_far_one_is_not),
                cmocka_unit_test(test_foreign_text_can_t_move_the_cursor),
                cmocka_unit_test(test_a_path_in_a_root_does_not_lead_out_of_it),
                cmocka_unit_test(test_utf8_is_checked_to_the_letter),
                cmocka_unit_test(test_spans_and_ages_read_as_people_write_them),
                cmocka_unit_test(test_exact_spans_leave_nothing_out),
                cmocka_unit_test(test_distances_are_told_as_systemd_tells_them),
                cmocka_unit_test(test_an_error_is_set_once_and_prefixed_on_its_way_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
