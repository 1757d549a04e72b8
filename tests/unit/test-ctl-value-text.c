/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ctl/json-output.h"
#include "ctl/status-page.h"
#include "ctl/value-text.h"

static void expect_number(const char *name, uint64_t number, const char *text) {
        Value v = { .type = VALUE_UNSIGNED, .number = number };
        _cleanup_free_ char *got = value_to_text(name, &v);

        assert_string_equal(got, text);
}

static void test_numbers_are_written_as_their_names_say(void **state) {
        (void) state;
        expect_number("MainPID", 12, "12");
        expect_number("MemoryCurrent", UINT64_MAX, "[not set]");
        expect_number("MemoryMax", UINT64_MAX, "infinity");
        expect_number("MemoryMax", 4096, "4096");
        expect_number("RestartUSec", 100000, "100ms");
        expect_number("TimeoutStopUSec", UINT64_MAX, "infinity");
        expect_number("ActiveEnterTimestamp",
                        UINT64_C(1795313922000000),
                        "Sun 2026-11-22 02:18:42 UTC");
        expect_number("ActiveEnterTimestamp", 0, "");
        expect_number("ActiveEnterTimestampMonotonic", 5, "5");
}

static void add_string(Value *list, const char *text) {
        Value v = { .type = VALUE_STRING, .string = strdup(text) };

        assert_int_equal(value_array_add(list, &v), 0);
}

static void test_other_values_are_written_as_by_systemctl(void **state) {
        _cleanup_value_ Value list = {}, nested = {};
        Value yes = { .type = VALUE_BOOLEAN, .boolean = true };
        Value minus = { .type = VALUE_INTEGER, .integer = -5 };

        (void) state;
        add_string(&list, "/a");
        add_string(&list, "");
        add_string(&list, "/b");
        _cleanup_free_ char *a = value_to_text("DropInPaths", &list),
                            *b = value_to_text("CanStart", &yes),
                            *c = value_to_text("OOMScoreAdjust", &minus);
        assert_string_equal(a, "/a /b");
        assert_string_equal(b, "yes");
        assert_string_equal(c, "-5");

        assert_int_equal(value_dict_add(&nested, "List", &list), 0);
        _cleanup_free_ char *d = value_to_text("X", &nested);
        assert_string_equal(d, "List=/a /b");
}

static void test_cpu_sets_are_ranges_and_no_job_is_empty(void **state) {
        Value cpus = { .type = VALUE_STRING, .string = (char *) "2f8101" };
        Value none = { .type = VALUE_STRING, .string = (char *) "" };
        Value pair[] = { { .type = VALUE_UNSIGNED },
                { .type = VALUE_STRING, .string = (char *) "/" } };
        Value job = { .type = VALUE_ARRAY, .array = { .items = pair, .n_items = 2 } };

        (void) state;
        _cleanup_free_ char *a = value_to_text("AllowedCPUs", &cpus),
                            *b = value_to_text("AllowedCPUs", &none),
                            *c = value_to_text("Job", &job);
        assert_string_equal(a, "0-3 5 8 15-16");
        assert_string_equal(b, "");
        assert_string_equal(c, "");
        pair[0].number = 12;
        _cleanup_free_ char *d = value_to_text("Job", &job);
        assert_string_equal(d, "12");
}

static void expect_bytes(uint64_t bytes, const char *text) {
        _cleanup_free_ char *got = bytes_format(bytes);

        assert_string_equal(got, text);
}

static void test_bytes_are_rounded_down_to_one_digit(void **state) {
        (void) state;
        expect_bytes(0, "0B");
        expect_bytes(1023, "1023B");
        expect_bytes(1536, "1.5K");
        expect_bytes(64 << 20, "64.0M");
        expect_bytes((UINT64_C(1) << 30) - 1, "1023.9M");
        expect_bytes(UINT64_MAX, "15.9E");
}

static void expect_bar(uint64_t used, uint64_t limit, const char *text) {
        _cleanup_free_ char *got = status_bar(used, limit);

        assert_string_equal(got, text);
}

static void test_the_bar_fills_with_use(void **state) {
        (void) state;
        expect_bar(0, 100, "[----------]");
        expect_bar(44, 100, "[####------]");
        expect_bar(45, 100, "[#####-----]");
        expect_bar(100, 100, "[##########]");
        expect_bar(200, 100, "[##########]");
        expect_bar(5, 0, "[##########]");
        expect_bar(UINT64_MAX, UINT64_MAX, "[##########]");
}

static void test_json_keeps_types_and_shows_unset_numbers_as_null(void **state) {
        _cleanup_value_ Value dict = {};
        Value n = { .type = VALUE_UNSIGNED, .number = 7 };
        Value unset = { .type = VALUE_UNSIGNED, .number = UINT64_MAX };
        Value no = { .type = VALUE_BOOLEAN };
        Value bytes = { .type = VALUE_STRING, .string = strdup("a\xff") };
        char *text = NULL;
        size_t size;

        (void) state;
        assert_int_equal(value_dict_add(&dict, "MainPID", &n), 0);
        assert_int_equal(value_dict_add(&dict, "MemoryMax", &unset), 0);
        assert_int_equal(value_dict_add(&dict, "CanReload", &no), 0);
        assert_int_equal(value_dict_add(&dict, "Description", &bytes), 0);

        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        assert_int_equal(json_print(json_from_value(&dict), out), 0);
        fclose(out);
        assert_string_equal(text,
                        "{\"MainPID\":7,\"MemoryMax\":null,\"CanReload\":false,"
                        "\"Description\":[97,255]}\n");
        free(text);
}

static void test_a_label_that_may_be_missing_has_a_minus_sign(void **state) {
        Value parts[] = {
                { .type = VALUE_BOOLEAN, .boolean = false },
                { .type = VALUE_STRING, .string = (char *) "web" },
        };
        Value label = { .type = VALUE_ARRAY, .array = { parts, 2 } };

        (void) state;
        _cleanup_free_ char *needed = value_to_text("AppArmorProfile", &label);
        assert_string_equal(needed, "web");
        parts[0].boolean = true;
        _cleanup_free_ char *optional = value_to_text("AppArmorProfile", &label);
        assert_string_equal(optional, "-web");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers_are_written_as_their_names_say),
                cmocka_unit_test(test_other_values_are_written_as_by_systemctl),
                cmocka_unit_test(test_cpu_sets_are_ranges_and_no_job_is_empty),
                cmocka_unit_test(test_bytes_are_rounded_down_to_one_digit),
                cmocka_unit_test(test_the_bar_fills_with_use),
                cmocka_unit_test(test_json_keeps_types_and_shows_unset_numbers_as_null),
                cmocka_unit_test(test_a_label_that_may_be_missing_has_a_minus_sign),
        };

        if (setenv("TZ", "UTC", 1) < 0)
                return 1;
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
