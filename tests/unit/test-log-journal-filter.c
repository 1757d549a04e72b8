/* SPDX-License-Identifier: MIT */
#include "log/journal-filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macro.h"

#define assert_encoded(expected, ...) \
        do { \
                char *patterns[] = { __VA_ARGS__, NULL }; \
                _cleanup_free_ char *text = NULL; \
                size_t size; \
                assert_int_equal(journal_filter_encode(patterns, &text, &size), 0); \
                assert_int_equal(size, sizeof(expected) - 1); \
                assert_memory_equal(text, expected, size); \
        } while (0)

static void test_patterns_to_keep_stand_before_those_to_drop(void **state) {
        (void) state;
        assert_encoded("a.*\0b"
                       "\xff"
                       "c\0~d",
                        (char *) "~c",
                        (char *) "a.*",
                        (char *) "~~d",
                        (char *) "b");
}

static void test_either_may_be_missing(void **state) {
        (void) state;
        assert_encoded("a\xff", (char *) "a");
        assert_encoded("\xff"
                       "b",
                        (char *) "~b");
}

static void test_without_patterns_there_is_no_attribute(void **state) {
        char *none[] = { NULL };
        char *text = (char *) "x";
        size_t size = 1;

        (void) state;
        assert_int_equal(journal_filter_encode(none, &text, &size), 0);
        assert_null(text);
        assert_int_equal(journal_filter_encode(NULL, &text, &size), 0);
        assert_null(text);
        assert_int_equal(size, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_patterns_to_keep_stand_before_those_to_drop),
                cmocka_unit_test(test_either_may_be_missing),
                cmocka_unit_test(test_without_patterns_there_is_no_attribute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
