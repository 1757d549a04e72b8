/* SPDX-License-Identifier: MIT */
#include "runtime/user.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "\n"
                             "# no comment, but no entry either\n"
                             "short:x:5\n"
                             "bad:x:abc:1::/bad:/bin/sh\n"
                             "negative:x:-1:1::/bad:/bin/sh\n"
                             "last-uid:x:4294967295:1::/bad:/bin/sh\n"
                             "www:x:33:34:web, of course:/var/www:/bin/sh\n"
                             "twin:x:33:99::/twin:/bin/sh\n"
                             "123:x:55:56::/named-like-a-number:/bin/sh\n"
                             "homeless:x:70:71:::\n"
                             "end:x:90:91::/end";

static const char group[] = "root:x:0:\n"
                            "www:x:34:\n"
                            "bad:x:zz:www\n"
                            "media:x:50:a,www,b\n"
                            "again:x:50:www\n"
                            "prefix:x:51:ww,wwww,xwww\n"
                            "last:x:52:www";

typedef struct Fixture {
        char dir[32];
        int root_fd;
        PlanUser user;
        char name[USER_NAME_SIZE];
} Fixture;

static void write_in(const char *dir, const char *name, const char *text) {
        _cleanup_free_ char *path = str_printf("%s/etc/%s", dir, name);

        assert_int_equal(file_replace(AT_FDCWD, path, text, 0644, false), 0);
}

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        memcpy(f->dir, "/tmp/supd-user-XXXXXX", sizeof("/tmp/supd-user-XXXXXX"));
        assert_non_null(mkdtemp(f->dir));
        _cleanup_free_ char *etc = str_printf("%s/etc", f->dir);
        assert_int_equal(dir_make_all(etc, 0755), 0);
        write_in(f->dir, "passwd", passwd);
        write_in(f->dir, "group", group);
        f->root_fd = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->root_fd >= 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        (void) close_fd(f->root_fd);
        assert_int_equal(dir_remove_all(AT_FDCWD, f->dir), 0);
        free(f);
        return 0;
}

static void assert_user(Fixture *f, const char *user, uid_t uid, gid_t gid, const char *home) {
        assert_int_equal(user_find(f->root_fd, user, &f->user, f->name), 0);
        assert_int_equal(f->user.uid, uid);
        assert_int_equal(f->user.gid, gid);
        assert_string_equal(f->user.home, home);
        assert_int_equal(f->user.n_groups, 1);
        assert_int_equal(f->user.groups[0], gid);
}

static void test_names_are_found(void **state) {
        assert_user(*state, "root", 0, 0, "/root");
        assert_user(*state, "www", 33, 34, "/var/www");
        assert_user(*state, "homeless", 70, 71, "/");
        assert_user(*state, "end", 90, 91, "/end");
}

static void test_numbers_take_the_first_entry_or_none(void **state) {
        Fixture *f = *state;

        assert_user(f, "33", 33, 34, "/var/www");
        assert_string_equal(f->name, "www");
        /* A number is never a name, as in Docker. */
        assert_user(f, "123", 123, 0, "/");
        assert_string_equal(f->name, "");
        assert_user(f, "4294967294", 4294967294U, 0, "/");
}

static void test_malformed_entries_are_no_users(void **state) {
        static const char *const names[] = {
                "short",
                "bad",
                "negative",
                "last-uid",
                "nobody",
                "-1",
                "4294967295",
                "# no comment, but no entry either",
                "x",
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_int_equal(user_find(f->root_fd, names[i], &f->user, f->name), -ESRCH);
}

static void test_lines_may_be_longer_than_any_buffer(void **state) {
        enum {
                LENGTH = 70000
        };
        Fixture *f = *state;
        _cleanup_free_ char *long_text = malloc(LENGTH + 1);

        assert_non_null(long_text);
        memset(long_text, 'x', LENGTH);
        long_text[LENGTH] = '\0';
        _cleanup_free_ char *text =
                        str_printf("%s:x:1:2::/:\nlong:x:3:4:%s:/home:\nhome:x:5:6::/%s:\n",
                                        long_text,
                                        long_text,
                                        long_text);
        _cleanup_free_ char *groups = str_printf("big:x:7:%s,long\n", long_text);
        write_in(f->dir, "passwd", text);
        write_in(f->dir, "group", groups);

        assert_user(f, "long", 3, 4, "/home");
        assert_int_equal(user_find_groups(f->root_fd, "long", &f->user), 0);
        assert_int_equal(f->user.n_groups, 2);
        assert_user(f, "home", 5, 6, "/"); /* a home that no path can be */
}

static void test_groups_are_those_that_list_the_user(void **state) {
        Fixture *f = *state;

        assert_int_equal(user_find(f->root_fd, "www", &f->user, f->name), 0);
        assert_int_equal(user_find_groups(f->root_fd, f->name, &f->user), 0);
        assert_int_equal(f->user.n_groups, 3);
        assert_int_equal(f->user.groups[0], 34);
        assert_int_equal(f->user.groups[1], 50);
        assert_int_equal(f->user.groups[2], 52);
}

static void test_too_many_groups_are_an_error(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *text = calloc(PLAN_GROUPS_MAX + 8, 32);
        char *end = text;

        assert_non_null(text);
        for (unsigned i = 0; i < PLAN_GROUPS_MAX + 1; i++)
                end += snprintf(end, 32, "g%u:x:%u:www\n", i, 1000 + i);
        write_in(f->dir, "group", text);
        assert_int_equal(user_find(f->root_fd, "www", &f->user, f->name), 0);
        assert_int_equal(user_find_groups(f->root_fd, f->name, &f->user), -E2BIG);
}

static void test_groups_are_found_by_name_and_number(void **state) {
        Fixture *f = *state;
        gid_t gid;

        assert_int_equal(group_find(f->root_fd, "media", &gid), 0);
        assert_int_equal(gid, 50);
        assert_int_equal(group_find(f->root_fd, "last", &gid), 0);
        assert_int_equal(gid, 52);
        assert_int_equal(group_find(f->root_fd, "777", &gid), 0);
        assert_int_equal(gid, 777);
        assert_int_equal(group_find(f->root_fd, "bad", &gid), -ESRCH);
        assert_int_equal(group_find(f->root_fd, "none", &gid), -ESRCH);
}

static void test_a_root_without_files_knows_numbers_only(void **state) {
        Fixture *f = *state;
        gid_t gid;

        assert_int_equal(dir_remove_all(f->root_fd, "etc"), 0);
        assert_user(f, "0", 0, 0, "/");
        assert_user(f, "42", 42, 0, "/");
        assert_int_equal(user_find(f->root_fd, "root", &f->user, f->name), -ESRCH);
        assert_int_equal(user_find_groups(f->root_fd, "root", &f->user), 0);
        assert_int_equal(group_find(f->root_fd, "root", &gid), -ESRCH);
        assert_int_equal(group_find(f->root_fd, "7", &gid), 0);
}

static void test_a_link_does_not_lead_to_the_files_of_the_host(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *path = str_printf("%s/etc/passwd", f->dir);

        assert_int_equal(unlinkat(f->root_fd, "etc/passwd", 0), 0);
        assert_int_equal(symlink("../../../../../etc/passwd", path), 0);
        /* In the root it leads to itself. */
        assert_int_equal(user_find(f->root_fd, "daemon", &f->user, f->name), -ELOOP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(names_are_found),
                TEST(numbers_take_the_first_entry_or_none),
                TEST(malformed_entries_are_no_users),
                TEST(lines_may_be_longer_than_any_buffer),
                TEST(groups_are_those_that_list_the_user),
                TEST(too_many_groups_are_an_error),
                TEST(groups_are_found_by_name_and_number),
                TEST(a_root_without_files_knows_numbers_only),
                TEST(a_link_does_not_lead_to_the_files_of_the_host),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
