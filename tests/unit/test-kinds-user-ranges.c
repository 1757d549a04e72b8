/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "kinds/user-ranges.h"

/* Which host ids UserNS=auto gives to whom. */

#define STEP USER_RANGES_STEP
#define FIRST USER_RANGES_FIRST

static bool knows_those_with_k(const char *unit_id, const void *userdata) {
        (void) userdata;
        return unit_id[0] == 'k';
}

static const UserRangesKeep keep = { .is_known = knows_those_with_k };

static int make_dir(void **state) {
        char path[] = "/tmp/supd-test-ranges-XXXXXX";

        if (!mkdtemp(path))
                return -1;
        *state = strdup(path);
        return *state ? 0 : -1;
}

static int remove_dir(void **state) {
        (void) dir_remove_all(AT_FDCWD, *state);
        free(*state);
        return 0;
}

static uint32_t take(const char *dir, const char *unit_id, uint32_t size) {
        uint32_t first = 0;

        assert_int_equal(user_ranges_take(dir, unit_id, size, &keep, &first, NULL), 0);
        return first;
}

static void write_file(const char *dir, const char *text) {
        _cleanup_free_ char *path = str_printf("%s/user-ranges", dir);

        assert_int_equal(file_replace(AT_FDCWD, path, text, 0600, /* sync= */ false), 0);
}

static void test_each_unit_has_its_own_and_keeps_it(void **state) {
        const char *dir = *state;

        assert_int_equal(take(dir, "a.service", 65536), FIRST);
        assert_int_equal(take(dir, "b.service", 1), FIRST + STEP);
        assert_int_equal(take(dir, "c.service", 65537), FIRST + 2 * STEP);
        assert_int_equal(take(dir, "d.service", 1), FIRST + 4 * STEP);
        assert_int_equal(take(dir, "a.service", 65536), FIRST);
        assert_int_equal(take(dir, "c.service", 10), FIRST + 2 * STEP);
}

static void test_who_needs_more_moves_and_leaves_a_gap(void **state) {
        const char *dir = *state;

        (void) take(dir, "a.service", 1);
        (void) take(dir, "b.service", 1);
        assert_int_equal(take(dir, "a.service", 65537), FIRST + 2 * STEP);
        assert_int_equal(take(dir, "c.service", 1), FIRST);
}

static void test_lines_by_hand_are_respected(void **state) {
        const char *dir = *state;

        write_file(dir,
                        "2147549184 10 b.service\nnonsense\n1 2 low.service\n2147483648 1 "
                        "a.service\n"
                        "2147483650 70000 overlaps.service\n");
        assert_int_equal(take(dir, "a.service", 1), FIRST + 2 * STEP);
        assert_int_equal(take(dir, "b.service", 1), FIRST + 3 * STEP);
}

static void test_units_that_are_gone_give_way_when_there_is_no_room(void **state) {
        const uint32_t all = USER_RANGES_END - USER_RANGES_FIRST;
        const char *dir = *state;
        uint32_t first;
        Error error = {};

        (void) take(dir, "known.service", 1);
        (void) take(dir, "gone.service", all - STEP);
        assert_int_equal(take(dir, "new.service", 1), FIRST + STEP);
        (void) take(dir, "kept.service", all - 2 * STEP);
        assert_int_equal(user_ranges_take(dir, "other.service", 1, &keep, &first, &error), 0);
        assert_int_equal(first, FIRST + STEP);

        assert_int_equal(user_ranges_take(dir, "x.service", STEP + 1, &keep, &first, &error),
                        -ENOSPC);
        assert_non_null(strstr(error.message, "other containers have all ids"));
        error_done(&error);
        assert_int_equal(user_ranges_take(dir, "x.service", all + 1, &keep, &first, &error),
                        -ENOSPC);
        assert_non_null(strstr(error.message, "at most 2147418112"));
        error_done(&error);
}

static void test_a_directory_that_can_not_be_written_is_told(void **state) {
        uint32_t first;
        Error error = {};

        (void) state;
        assert_int_equal(user_ranges_take("/no/such", "a.service", 1, &keep, &first, &error),
                        -ENOENT);
        assert_string_equal(error.message,
                        "cannot write /no/such/user-ranges: No such file or directory");
        error_done(&error);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
                TEST(test_each_unit_has_its_own_and_keeps_it),
                TEST(test_who_needs_more_moves_and_leaves_a_gap),
                TEST(test_lines_by_hand_are_respected),
                TEST(test_units_that_are_gone_give_way_when_there_is_no_room),
                TEST(test_a_directory_that_can_not_be_written_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
