/* SPDX-License-Identifier: MIT */
#include "runtime/device-numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macro.h"

static const char text[] = "Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n  4 ttyS\n"
                           "136 pts\n137 pts\n\nBlock devices:\n  7 loop\n259 blkext\n 8 mem\n";

static void assert_numbers(
                char type, const char *pattern, size_t n, uint32_t first, uint32_t last) {
        _cleanup_free_ uint32_t *numbers = NULL;
        size_t found = 77;

        assert_int_equal(device_numbers_find(text, type, pattern, &numbers, &found), 0);
        assert_int_equal(found, n);
        if (n > 0) {
                assert_int_equal(numbers[0], first);
                assert_int_equal(numbers[n - 1], last);
        }
}

static void test_each_type_has_its_own_drivers(void **state) {
        (void) state;
        assert_numbers('c', "mem", 1, 1, 1);
        assert_numbers('b', "mem", 1, 8, 8);
        assert_numbers('b', "loop", 1, 7, 7);
        assert_numbers('c', "loop", 0, 0, 0);
}

static void test_a_driver_may_have_several_numbers(void **state) {
        (void) state;
        assert_numbers('c', "pts", 2, 136, 137);
}

static void test_patterns_are_a_shell_s(void **state) {
        (void) state;
        assert_numbers('c', "tty*", 2, 4, 4);
        assert_numbers('c', "tty?", 1, 4, 4);
        assert_numbers('b', "*", 3, 7, 8);
        assert_numbers('c', "tt", 0, 0, 0);
}

static void test_an_empty_text_has_none(void **state) {
        uint32_t *numbers = NULL;
        size_t n = 5;

        (void) state;
        assert_int_equal(device_numbers_find("", 'c', "*", &numbers, &n), 0);
        assert_int_equal(n, 0);
        assert_null(numbers);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_type_has_its_own_drivers),
                cmocka_unit_test(test_a_driver_may_have_several_numbers),
                cmocka_unit_test(test_patterns_are_a_shell_s),
                cmocka_unit_test(test_an_empty_text_has_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
