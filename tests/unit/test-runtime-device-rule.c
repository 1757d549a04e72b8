/* SPDX-License-Identifier: MIT */
#include "runtime/device-rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/* The rules as text, one a line, in order. */
static char *rules_text(const DeviceRule *rules, size_t n) {
        char *text = strdup("");

        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *rule = device_rule_format(&rules[i]);
                char *longer = str_printf("%s%s\n", text, rule);

                free(text);
                text = longer;
        }
        return text;
}

static void assert_parsed(const char *list, const char *expected) {
        _cleanup_free_ DeviceRule *rules = NULL;
        size_t n;

        assert_int_equal(device_rules_parse(list, &rules, &n), 0);
        _cleanup_free_ char *text = rules_text(rules, n);
        assert_string_equal(text, expected);
}

static void assert_difference(const char *a, const char *b, const char *expected) {
        _cleanup_free_ DeviceRule *x = NULL, *y = NULL, *rest = NULL;
        size_t n_x, n_y, n;

        assert_int_equal(device_rules_parse(a, &x, &n_x), 0);
        assert_int_equal(device_rules_parse(b, &y, &n_y), 0);
        assert_int_equal(device_rules_subtract(x, n_x, y, n_y, &rest, &n), 0);
        _cleanup_free_ char *text = rules_text(rest, n);
        assert_string_equal(text, expected);
}

static void test_devices_list_reads_back_as_written(void **state) {
        (void) state;
        assert_parsed("", "");
        assert_parsed("c 1:3 rwm\nb *:* m\nc 136:* rw\n", "c 1:3 rwm\nb *:* m\nc 136:* rw\n");
        assert_parsed("c 4095:1048575 r", "c 4095:1048575 r\n");
}

static void test_default_of_the_controller_is_all_devices(void **state) {
        (void) state;
        assert_parsed("a *:* rwm\n", "a\n");
}

static void test_rules_of_one_device_are_merged(void **state) {
        (void) state;
        assert_parsed("c 1:3 r\nc 1:5 r\nc 1:3 w\n", "c 1:3 rw\nc 1:5 r\n");
        assert_parsed("c 1:3 r\na *:* rwm\nc 1:5 r\n", "a\n");
}

static void test_malformed_lists_are_refused(void **state) {
        static const char *const lists[] = { "c",
                "c 1:3",
                "x 1:3 r",
                "c 1 r",
                "c 1: r",
                "c :3 r",
                "cc 1:3 r",
                "c 1:3 rx",
                "c -1:3 r",
                "c 1:4294967295 r",
                " c 1:3 r" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                DeviceRule *rules = NULL;
                size_t n;

                assert_int_equal(device_rules_parse(lists[i], &rules, &n), -EBADMSG);
        }
}

static void test_difference_is_taken_way_by_way(void **state) {
        (void) state;
        assert_difference("c 1:3 rwm\nc 1:5 rw\nb 8:0 r\n",
                        "c 1:3 r\nc 1:5 rwm\n",
                        "c 1:3 wm\nb 8:0 r\n");
        assert_difference("c 1:3 rwm\n", "c 1:3 rwm\n", "");
        assert_difference("c 1:3 r\n", "c 1:* rwm\n", "c 1:3 r\n");
}

static void test_unknown_type_and_endless_list_are_refused(void **state) {
        static DeviceRule many[DEVICE_RULES_MAX + 1];
        const DeviceRule bad = { 'p', 1, 3, true, true, true };
        DeviceRule *rules = NULL;
        size_t n;

        (void) state;
        assert_int_equal(device_rules_merge(&bad, 1, &rules, &n, NULL), -EINVAL);
        assert_int_equal(device_rules_merge(many, ELEMENTSOF(many), &rules, &n, NULL), -E2BIG);
}

static void test_equal_means_same_devices_in_the_same_ways(void **state) {
        const DeviceRule a = { 'c', 1, 3, true, false, false };
        DeviceRule b = a;

        (void) state;
        assert_true(device_rules_equal(&a, 1, &b, 1));
        assert_true(device_rules_equal(NULL, 0, NULL, 0));
        assert_false(device_rules_equal(&a, 1, NULL, 0));
        b.write = true;
        assert_false(device_rules_equal(&a, 1, &b, 1));
        b = a;
        b.minor = 4;
        assert_false(device_rules_equal(&a, 1, &b, 1));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_devices_list_reads_back_as_written),
                cmocka_unit_test(test_default_of_the_controller_is_all_devices),
                cmocka_unit_test(test_rules_of_one_device_are_merged),
                cmocka_unit_test(test_malformed_lists_are_refused),
                cmocka_unit_test(test_difference_is_taken_way_by_way),
                cmocka_unit_test(test_unknown_type_and_endless_list_are_refused),
                cmocka_unit_test(test_equal_means_same_devices_in_the_same_ways),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
