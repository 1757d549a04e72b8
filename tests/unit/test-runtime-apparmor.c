/* SPDX-License-Identifier: MIT */
#include "runtime/apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"

/* The kernel's files, as files: one that has AppArmor may not be at hand. */
static char dir[] = "/tmp/supd-apparmor-XXXXXX";

static int set_up(void **state) {
        (void) state;
        return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state) {
        (void) state;
        return dir_remove_all(AT_FDCWD, dir);
}

static void write_empty(const char *name) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, name);

        assert_int_equal(file_replace(AT_FDCWD, path, "", 0600, false), 0);
}

static void assert_holds(const char *name, const char *expected) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, name), *text = NULL;

        assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, NULL), 0);
        assert_string_equal(text, expected);
}

static void test_a_kernel_without_it_is_an_error(void **state) {
        (void) state;
        assert_int_equal(apparmor_enter_on_exec(dir, "web"), -EOPNOTSUPP);
}

static void test_the_profile_is_told_to_the_old_file_where_there_is_no_other(void **state) {
        (void) state;
        write_empty("exec");
        assert_int_equal(apparmor_enter_on_exec(dir, "web"), 0);
        assert_holds("exec", "exec web");
}

static void test_the_profile_is_told_to_apparmors_own_file(void **state) {
        _cleanup_free_ char *path = str_printf("%s/apparmor", dir);

        (void) state;
        assert_int_equal(dir_make_all(path, 0700), 0);
        write_empty("exec");
        write_empty("apparmor/exec");
        assert_int_equal(apparmor_enter_on_exec(dir, "a profile"), 0);
        assert_holds("apparmor/exec", "exec a profile");
        assert_holds("exec", "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_kernel_without_it_is_an_error),
                cmocka_unit_test(test_the_profile_is_told_to_the_old_file_where_there_is_no_other),
                cmocka_unit_test(test_the_profile_is_told_to_apparmors_own_file),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
