/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/store/tree.h"
#include "lib/unpack-blob.h"

#define BLOCK 512U

/* A directory with two in it: "root", which is unpacked into, and "outside", which must not change. */
typedef struct Fixture {
        char path[64];
        int dir_fd, root_fd, tar_fd;
        unsigned n_opaque;
        int mark_result; /* of marking a directory as opaque */
        bool may_keep_whiteouts;
        uint64_t size_max, entries_max;
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        (void) snprintf(f->path, sizeof(f->path), "/tmp/test-image-unpack.XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->dir_fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(mkdirat(f->dir_fd, "root", 0755), 0);
        assert_int_equal(mkdirat(f->dir_fd, "outside", 0755), 0);
        f->root_fd = openat(f->dir_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        f->tar_fd = memfd_create("layer", MFD_CLOEXEC);
        f->size_max = 1U << 20;
        f->entries_max = 100;
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        (void) close_fd(f->root_fd);
        (void) close_fd(f->tar_fd);
        (void) close_fd(f->dir_fd);
        _cleanup_close_ int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(tree_remove(tmp_fd, f->path + strlen("/tmp/")), 0);
        free(f);
        return 0;
}

static void add(Fixture *f, char type, const char *name, const char *target, const char *data) {
        char header[BLOCK] = {}, padding[BLOCK] = {};
        size_t size = data ? strlen(data) : 0;
        unsigned sum = 0;

        (void) snprintf(header, 100, "%s", name);
        (void) snprintf(header + 100, 8, "%07o", type == '5' ? 0755U : 0640U);
        (void) snprintf(header + 108, 8, "%07o", getuid());
        (void) snprintf(header + 116, 8, "%07o", getgid());
        (void) snprintf(header + 124, 12, "%011o", (unsigned) size);
        (void) snprintf(header + 136, 12, "%011o", 1000U);
        header[156] = type;
        (void) snprintf(header + 157, 100, "%s", target ?: "");
        memcpy(header + 257, "ustar\00000", 8);
        memset(header + 148, ' ', 8);
        for (size_t i = 0; i < sizeof(header); i++)
                sum += (unsigned char) header[i];
        (void) snprintf(header + 148, 8, "%06o", sum);

        assert_int_equal(fd_write_all(f->tar_fd, header, sizeof(header)), 0);
        if (size > 0) {
                assert_int_equal(fd_write_all(f->tar_fd, data, size), 0);
                assert_int_equal(fd_write_all(f->tar_fd, padding, (BLOCK - size % BLOCK) % BLOCK),
                                0);
        }
}

static int count_opaque(int dir_fd, void *userdata) {
        Fixture *f = userdata;

        (void) dir_fd;
        f->n_opaque++;
        return f->mark_result;
}

static int unpack_as_it_is(Fixture *f, Error *error) {
        const StreamSpec spec = {
                .fd = f->tar_fd, .progress_fd = -EBADF, .size_max = f->size_max, .hash = true
        };
        UnpackRequest request = {
                .root_fd = f->root_fd,
                .scratch_fd = f->root_fd,
                .entries_max = f->entries_max,
                .make_opaque = count_opaque,
                .opaque_userdata = f,
                .may_keep_whiteouts = f->may_keep_whiteouts,
        };
        StreamResult result;

        return unpack_blob(&spec, request, &result, error);
}

static int unpack(Fixture *f, Error *error) {
        static const char end[2 * BLOCK];

        assert_int_equal(fd_write_all(f->tar_fd, end, sizeof(end)), 0);
        return unpack_as_it_is(f, error);
}

static struct stat stat_of(const Fixture *f, const char *name) {
        struct stat st = {};

        if (fstatat(f->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                fail_msg("%s: %s", name, strerror(errno));
        return st;
}

static bool exists(const Fixture *f, const char *name) {
        return faccessat(f->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void refuse(Fixture *f, int number, const char *reason) {
        _cleanup_(error_done) Error error = {};

        int r = unpack(f, &error);
        if (r != number || !strstr(error_text(&error, r), reason))
                fail_msg("%d: %s", r, error_text(&error, r));
}

static void test_files_keep_content_mode_times_and_links(void **state) {
        Fixture *f = *state;

        add(f, '5', "./", NULL, NULL);
        add(f, '5', "./a/", NULL, NULL);
        add(f, '0', "./a/f", NULL, "hello");
        add(f, '1', "a/g", "a/f", NULL);
        add(f, '2', "a/s", "/etc/x", NULL);
        add(f, '0', "implied/dir/f", NULL, "x");
        assert_int_equal(unpack(f, NULL), 0);

        struct stat st = stat_of(f, "root/a/f");
        assert_int_equal(st.st_size, 5);
        assert_int_equal(st.st_mode, S_IFREG | 0640);
        assert_int_equal(st.st_mtim.tv_sec, 1000);
        assert_int_equal(st.st_nlink, 2);
        assert_int_equal(stat_of(f, "root/a").st_mtim.tv_sec, 1000);
        assert_true(S_ISLNK(stat_of(f, "root/a/s").st_mode));
        assert_int_equal(stat_of(f, "root/implied").st_mode, S_IFDIR | 0755);
}

static void test_whiteouts_become_devices_and_opaque_marks(void **state) {
        Fixture *f = *state;

        add(f, '0', "a/.wh.gone", NULL, NULL);
        add(f, '0', "b/.wh..wh..opq", NULL, NULL);
        add(f, '0', "c/.wh..wh.plnk", NULL, NULL);
        assert_int_equal(unpack(f, NULL), 0);
        struct stat st = stat_of(f, "root/a/gone");
        assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
        assert_int_equal(f->n_opaque, 1);
        assert_false(exists(f, "root/c/.wh..wh.plnk"));
}

static void test_a_mark_that_the_file_system_refuses_stays_a_file_where_that_will_do(void **state) {
        Fixture *f = *state;

        f->mark_result = -EOPNOTSUPP;
        f->may_keep_whiteouts = true;
        add(f, '0', "b/.wh..wh..opq", NULL, NULL);
        assert_int_equal(unpack(f, NULL), 0);
        assert_true(S_ISREG(stat_of(f, "root/b/.wh..wh..opq").st_mode));
}

static void test_a_mark_that_the_file_system_refuses_is_an_error_otherwise(void **state) {
        Fixture *f = *state;

        f->mark_result = -EOPNOTSUPP;
        add(f, '0', "b/.wh..wh..opq", NULL, NULL);
        assert_int_equal(unpack(f, NULL), -EOPNOTSUPP);
}

static void test_a_whiteout_leaves_what_its_own_layer_has(void **state) {
        Fixture *f = *state;

        add(f, '0', "a/f", NULL, "x");
        add(f, '0', "a/.wh.f", NULL, NULL);
        add(f, '0', ".wh.d", NULL, NULL);
        add(f, '5', "d", NULL, NULL);
        assert_int_equal(unpack(f, NULL), 0);
        assert_true(S_ISREG(stat_of(f, "root/a/f").st_mode));
        /* A directory in the place of a whiteout hides the one below it. */
        assert_true(S_ISDIR(stat_of(f, "root/d").st_mode));
        assert_int_equal(f->n_opaque, 1);
}

static void test_later_entries_replace_earlier_ones(void **state) {
        Fixture *f = *state;

        add(f, '0', "x", NULL, "one");
        add(f, '0', "x", NULL, "three");
        add(f, '0', "d/e/f", NULL, "x");
        add(f, '0', "d", NULL, "now a file");
        add(f, '2', "l", "x", NULL);
        add(f, '0', "l", NULL, "no link any more");
        assert_int_equal(unpack(f, NULL), 0);
        assert_int_equal(stat_of(f, "root/x").st_size, 5);
        assert_true(S_ISREG(stat_of(f, "root/d").st_mode));
        assert_true(S_ISREG(stat_of(f, "root/l").st_mode));
}

static void test_dot_dot_leads_out_and_is_refused(void **state) {
        Fixture *f = *state;

        add(f, '0', "a/../../outside/f", NULL, "x");
        refuse(f, -EPERM, "leads out of the layer");
        assert_false(exists(f, "outside/f"));
}

static void test_absolute_names_are_below_the_root(void **state) {
        Fixture *f = *state;

        add(f, '0', "/outside/f", NULL, "x");
        assert_int_equal(unpack(f, NULL), 0);
        assert_true(exists(f, "root/outside/f"));
        assert_false(exists(f, "outside/f"));
}

static void test_a_link_that_points_out_is_not_written_through(void **state) {
        Fixture *f = *state;

        add(f, '2', "out", "../outside", NULL);
        add(f, '0', "out/f", NULL, "x");
        (void) unpack(f, NULL); /* whichever it answers */
        assert_false(exists(f, "outside/f"));
}

static void test_a_file_is_not_written_through_a_link_of_its_name(void **state) {
        Fixture *f = *state;

        add(f, '2', "f", "../outside/f", NULL);
        add(f, '0', "f", NULL, "x");
        assert_int_equal(unpack(f, NULL), 0);
        assert_false(exists(f, "outside/f"));
        assert_true(S_ISREG(stat_of(f, "root/f").st_mode));
}

static void test_a_link_replaced_by_a_directory_does_not_stay_the_way_in(void **state) {
        Fixture *f = *state;

        add(f, '5', "real", NULL, NULL);
        add(f, '2', "d", "real", NULL);
        add(f, '0', "d/one", NULL, "x");
        add(f, '0', "d", NULL, "a file");
        add(f, '5', "d", NULL, NULL);
        add(f, '0', "d/two", NULL, "x");
        assert_int_equal(unpack(f, NULL), 0);
        assert_true(exists(f, "root/real/one"));
        assert_true(exists(f, "root/d/two"));
        assert_false(exists(f, "root/real/two"));
}

/* What is kept open for what comes next must be what its path means then. */
static void test_a_directory_in_the_place_of_a_link_on_its_own_way_is_found_anew(void **state) {
        Fixture *f = *state;

        add(f, '2', "l", ".", NULL);
        add(f, '5', "l/l", NULL, NULL);
        add(f, '0', "l/l/f", NULL, "x");
        assert_int_equal(unpack(f, NULL), 0);
        assert_true(exists(f, "root/l/l/f"));
}

static void test_hard_links_may_be_to_neighbours_and_replace(void **state) {
        Fixture *f = *state;

        add(f, '0', "a/f", NULL, "one");
        add(f, '0', "a/g", NULL, "other");
        add(f, '1', "a/g", "a/f", NULL);
        add(f, '1', "b/h", "a/f", NULL);
        add(f, '1', "a/f", "a/f", NULL);
        assert_int_equal(unpack(f, NULL), 0);
        assert_int_equal(stat_of(f, "root/a/g").st_size, 3);
        assert_int_equal(stat_of(f, "root/b/h").st_nlink, 3);
}

static void test_hard_links_stay_within_the_layer(void **state) {
        Fixture *f = *state;
        _cleanup_close_ int fd =
                        openat(f->dir_fd, "outside/secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        add(f, '2', "out", "../outside", NULL);
        add(f, '1', "stolen", "out/secret", NULL);
        refuse(f, -ENOENT, "hard link");
        assert_int_equal(stat_of(f, "outside/secret").st_nlink, 1);
}

static void test_a_hard_link_to_dot_dot_is_refused(void **state) {
        Fixture *f = *state;

        add(f, '1', "stolen", "../outside/secret", NULL);
        refuse(f, -EPERM, "leads out");
}

static void test_a_file_that_should_be_a_directory_is_named(void **state) {
        Fixture *f = *state;

        add(f, '0', "a", NULL, "x");
        add(f, '0', "a/b", NULL, "x");
        refuse(f, -ENOTDIR, "'a/b'");
}

static void test_the_root_can_be_nothing_but_a_directory(void **state) {
        Fixture *f = *state;

        add(f, '2', "/", "outside", NULL);
        refuse(f, -EEXIST, "entry");
}

static void test_limits_name_themselves(void **state) {
        Fixture *f = *state;

        f->entries_max = 1;
        add(f, '0', "a", NULL, "x");
        add(f, '0', "b", NULL, "x");
        refuse(f, -E2BIG, "limit of 1 entries");
}

static void test_more_bytes_than_the_limit_are_refused(void **state) {
        Fixture *f = *state;

        f->size_max = 1024;
        add(f, '0', "a", NULL, "x");
        add(f, '0', "b", NULL, "x");
        refuse(f, -E2BIG, "limit of 1024 bytes");
}

static void test_a_truncated_layer_is_damaged(void **state) {
        Fixture *f = *state;
        add(f, '0', "a", NULL, "content");
        assert_int_equal(ftruncate(f->tar_fd, BLOCK + 3), 0);
        assert_int_equal(unpack_as_it_is(f, NULL), -EBADMSG);
}

static void test_bytes_that_are_no_archive_are_damaged(void **state) {
        Fixture *f = *state;

        assert_int_equal(fd_write_all(f->tar_fd, "no archive at all", 17), 0);
        refuse(f, -EBADMSG, "damaged");
}

static void test_compared_trees_differ_where_one_byte_does(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *path = NULL;

        add(f, '5', "a", NULL, NULL);
        add(f, '0', "a/f", NULL, "hello");
        assert_int_equal(unpack(f, NULL), 0);
        _cleanup_close_ int a = tree_open_dir(f->dir_fd, "root");
        assert_int_equal(tree_compare(a, f->root_fd, NULL, NULL, &path), 1);

        int outside = tree_open_dir(f->dir_fd, "outside");
        (void) close_fd(f->root_fd);
        f->root_fd = outside;
        assert_int_equal(unpack(f, NULL), 0);
        assert_int_equal(tree_compare(a, outside, NULL, NULL, &path), 1);
        _cleanup_close_ int fd = openat(f->dir_fd, "outside/a/f", O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, "j", 1, 0), 1);
        struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
        assert_int_equal(futimens(fd, times), 0);
        assert_int_equal(tree_compare(a, outside, NULL, NULL, &path), 0);
        assert_string_equal(path, "a/f");
}

static void test_trees_of_any_depth_are_removed(void **state) {
        Fixture *f = *state;
        _cleanup_close_ int fd = fcntl(f->root_fd, F_DUPFD_CLOEXEC, 3);

        for (unsigned i = 0; i < 1500; i++) {
                assert_int_equal(mkdirat(fd, "d", 0755), 0);
                int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                (void) close_fd(fd);
                fd = next;
        }
        assert_int_equal(tree_remove(f->dir_fd, "root"), 0);
        assert_false(exists(f, "root"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_files_keep_content_mode_times_and_links),
                TEST(test_whiteouts_become_devices_and_opaque_marks),
                TEST(test_a_mark_that_the_file_system_refuses_stays_a_file_where_that_will_do),
                TEST(test_a_mark_that_the_file_system_refuses_is_an_error_otherwise),
                TEST(test_a_whiteout_leaves_what_its_own_layer_has),
                TEST(test_later_entries_replace_earlier_ones),
                TEST(test_dot_dot_leads_out_and_is_refused),
                TEST(test_absolute_names_are_below_the_root),
                TEST(test_a_link_that_points_out_is_not_written_through),
                TEST(test_a_file_is_not_written_through_a_link_of_its_name),
                TEST(test_a_link_replaced_by_a_directory_does_not_stay_the_way_in),
                TEST(test_a_directory_in_the_place_of_a_link_on_its_own_way_is_found_anew),
                TEST(test_hard_links_may_be_to_neighbours_and_replace),
                TEST(test_hard_links_stay_within_the_layer),
                TEST(test_a_hard_link_to_dot_dot_is_refused),
                TEST(test_a_file_that_should_be_a_directory_is_named),
                TEST(test_the_root_can_be_nothing_but_a_directory),
                TEST(test_limits_name_themselves),
                TEST(test_more_bytes_than_the_limit_are_refused),
                TEST(test_a_truncated_layer_is_damaged),
                TEST(test_bytes_that_are_no_archive_are_damaged),
                TEST(test_compared_trees_differ_where_one_byte_does),
                TEST(test_trees_of_any_depth_are_removed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
