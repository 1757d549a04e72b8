/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include "log/journal-export.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const JournalExport web = {
        .unit_id = "web.service",
        .container_name = "web",
        .container_id = ID,
        .image_name = "example/web:1",
        .rate_limit_interval_usec = UINT64_MAX,
        .rate_limit_burst = UINT64_MAX,
        .level_max = -1,
};

static void assert_link(void **state, const char *name, const char *wanted) {
        _cleanup_free_ char *path = temporary_path(state, name);
        char target[64] = "";
        ssize_t n = readlink(path, target, sizeof(target) - 1);

        if (!wanted) {
                assert_int_equal(n, -1);
                return;
        }
        assert_int_equal(n, strlen(wanted));
        assert_string_equal(target, wanted);
}

static void assert_limits(void **state, const char *interval, const char *burst) {
        assert_link(state, "units/log-rate-limit-interval:web.service", interval);
        assert_link(state, "units/log-rate-limit-burst:web.service", burst);
}

static struct stat stat_of(void **state, const char *name) {
        _cleanup_free_ char *path = temporary_path(state, name);
        struct stat st;

        assert_int_equal(lstat(path, &st), 0);
        return st;
}

static void test_each_field_follows_its_length(void **state) {
        static const char wanted[] = "\x12\0\0\0\0\0\0\0CONTAINER_NAME=web"
                                     "\x19\0\0\0\0\0\0\0CONTAINER_ID=0123456789ab"
                                     "\x52\0\0\0\0\0\0\0CONTAINER_ID_FULL=" ID
                                     "\x18\0\0\0\0\0\0\0IMAGE_NAME=example/web:1";
        _cleanup_free_ char *data = NULL;
        size_t size;

        (void) state;
        assert_int_equal(journal_export_encode(&web, &data, &size), 0);
        assert_int_equal(size, sizeof(wanted) - 1);
        assert_memory_equal(data, wanted, size);
}

static void test_a_container_without_image_has_no_image_field(void **state) {
        JournalExport export = web;
        _cleanup_free_ char *data = NULL;
        size_t size;

        (void) state;
        export.image_name = NULL;
        assert_int_equal(journal_export_encode(&export, &data, &size), 0);
        assert_null(memmem(data, size, "IMAGE_NAME", strlen("IMAGE_NAME")));
}

static void test_fields_of_the_unit_come_behind_those_of_the_container(void **state) {
        static const char wanted[] = "\x06\0\0\0\0\0\0\0TIER=1"
                                     "\x08\0\0\0\0\0\0\0EMPTY_X=";
        char *fields[] = { (char *) "TIER=1", (char *) "EMPTY_X=", NULL };
        JournalExport export = web;
        _cleanup_free_ char *data = NULL;
        size_t size;

        (void) state;
        export.fields = fields;
        assert_int_equal(journal_export_encode(&export, &data, &size), 0);
        assert_true(size > sizeof(wanted));
        assert_memory_equal(data + size - (sizeof(wanted) - 1), wanted, sizeof(wanted) - 1);
}

static void test_the_least_urgent_level_is_a_link_by_name(void **state) {
        _cleanup_free_ char *path =
                        str_printf("%s/units/log-level-max:web.service", (const char *) *state);
        JournalExport export = web;
        char target[16] = "";

        export.level_max = 4;
        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        assert_int_equal(readlink(path, target, sizeof(target) - 1), 7);
        assert_string_equal(target, "warning");
        export.level_max = -1;
        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        assert_int_equal(readlink(path, target, sizeof(target)), -1);
}

static void test_a_unit_without_limits_is_not_limited_at_all(void **state) {
        assert_int_equal(journal_export_write(*state, &web, NULL), 0);
        assert_limits(state, "0", "0");
}

static void test_a_limit_beside_an_unset_one_leaves_journald_its_default(void **state) {
        JournalExport export = web;

        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        export.rate_limit_interval_usec = 5000000;
        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        assert_limits(state, "5000000", NULL);

        export.rate_limit_interval_usec = UINT64_MAX;
        export.rate_limit_burst = UINT64_C(1) << 40;
        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        assert_limits(state, NULL, "4294967295");
}

static void test_files_are_written_anew_only_if_they_change(void **state) {
        static const char fields[] = "units/log-extra-fields:web.service";
        static const char burst[] = "units/log-rate-limit-burst:web.service";
        JournalExport export = web;

        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        struct stat first = stat_of(state, fields), first_burst = stat_of(state, burst);
        assert_int_equal(first.st_mode & 07777, 0644);

        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        assert_int_equal(stat_of(state, fields).st_ino, first.st_ino);
        assert_int_equal(stat_of(state, burst).st_ino, first_burst.st_ino);

        export.image_name = "example/web:2";
        assert_int_equal(journal_export_write(*state, &export, NULL), 0);
        assert_true(stat_of(state, fields).st_ino != first.st_ino);
        assert_int_equal(stat_of(state, burst).st_ino, first_burst.st_ino);
}

static void test_removal_leaves_no_file(void **state) {
        _cleanup_free_ char *units = temporary_path(state, "units");

        assert_false(journal_export_exists(*state, "web.service"));
        journal_export_remove(*state, "web.service");
        assert_int_equal(journal_export_write(*state, &web, NULL), 0);
        assert_true(journal_export_exists(*state, "web.service"));
        assert_false(journal_export_exists(*state, "other.service"));
        journal_export_remove(*state, "web.service");
        assert_false(journal_export_exists(*state, "web.service"));
        assert_int_equal(rmdir(units), 0); /* no temporary file either */
}

/* A supervisor that was killed in the middle: the next one goes on, whatever it was that it made. */
static void test_a_temporary_of_before_is_in_nobodys_way(void **state) {
        _cleanup_free_ char *units = temporary_path(state, "units");
        _cleanup_free_ char *left = temporary_path(state, "units/.supd-new:web.service");

        assert_int_equal(mkdir(units, 0755), 0);
        assert_int_equal(symlink("5", left), 0);
        assert_int_equal(journal_export_write(*state, &web, NULL), 0);
        assert_int_equal(symlink("5", left), 0);
        journal_export_remove(*state, "web.service");
        assert_int_equal(rmdir(units), 0);
}

static void test_a_directory_that_cannot_be_made_is_an_error(void **state) {
        _cleanup_(error_done) Error error = {};

        temporary_write(state, "units", "in the way");
        assert_int_equal(journal_export_write(*state, &web, &error), -ENOTDIR);
        assert_non_null(strstr(error.message, "web.service"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temporary_setup, temporary_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_field_follows_its_length),
                cmocka_unit_test(test_a_container_without_image_has_no_image_field),
                TEST(test_a_unit_without_limits_is_not_limited_at_all),
                TEST(test_a_limit_beside_an_unset_one_leaves_journald_its_default),
                TEST(test_files_are_written_anew_only_if_they_change),
                TEST(test_removal_leaves_no_file),
                TEST(test_a_temporary_of_before_is_in_nobodys_way),
                TEST(test_a_directory_that_cannot_be_made_is_an_error),
                TEST(test_fields_of_the_unit_come_behind_those_of_the_container),
                TEST(test_the_least_urgent_level_is_a_link_by_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
