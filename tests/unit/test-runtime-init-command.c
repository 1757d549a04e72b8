/* SPDX-License-Identifier: MIT */

/* Paths inside a foreign root: which commands are an init, and where mount points end up. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/container.h"
#include "runtime/mount-point.h"

typedef struct Fixture {
        char dir[32];
        int root_fd;
} Fixture;

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        memcpy(f->dir, "/tmp/supd-root-XXXXXX", sizeof("/tmp/supd-root-XXXXXX"));
        assert_non_null(mkdtemp(f->dir));
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

static void make_dir(const Fixture *f, const char *name) {
        _cleanup_free_ char *path = str_printf("%s/%s", f->dir, name);

        assert_int_equal(dir_make_all(path, 0755), 0);
}

static void make_file(const Fixture *f, const char *name) {
        _cleanup_free_ char *path = str_printf("%s/%s", f->dir, name);

        assert_int_equal(file_replace(AT_FDCWD, path, "", 0755, false), 0);
}

static void make_link(const Fixture *f, const char *target, const char *name) {
        assert_int_equal(symlinkat(target, f->root_fd, name), 0);
}

static bool is_in_root(const Fixture *f, const char *name) {
        return faccessat(f->root_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool command_is_init(const char *dir, const char *command) {
        return runtime_command_is_init(&(const RuntimeRoot) { .path = dir }, command);
}

static void test_inits_are_known_by_name_and_path(void **state) {
        static const char *const yes[] = {
                "/init",
                "/sbin/init",
                "/lib/systemd/systemd",
                "tini",
                "/usr/bin/tini",
                "dumb-init",
                "/catatonit",
                "docker-init",
                "/command/s6-svscan",
                "runit-init",
        };
        static const char *const no[] = {
                "init.sh", "/opt/app/init", "sh", "/usr/bin/tiny", "tini-static-x", ""
        };
        const Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                assert_true(command_is_init(f->dir, yes[i]));
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                assert_false(command_is_init(f->dir, no[i]));
        assert_false(command_is_init("/no/such/root", "/bin/sh"));
}

static void test_links_to_an_init_are_one(void **state) {
        const Fixture *f = *state;

        make_dir(f, "usr/bin");
        make_dir(f, "sbin");
        make_file(f, "usr/bin/busybox");
        make_file(f, "usr/bin/tini");
        make_link(f, "/usr/bin/busybox", "sbin/init");
        make_link(f, "/sbin/init", "entry");
        make_link(f, "entry", "second");
        make_link(f, "../usr/bin/tini", "usr/bin/start");
        make_link(f, "usr/bin", "bin");
        make_link(f, "loop", "loop");

        assert_true(command_is_init(f->dir, "/entry"));
        assert_true(command_is_init(f->dir, "/second"));
        assert_false(command_is_init(f->dir, "/usr/bin/busybox"));
        assert_false(command_is_init(f->dir, "/loop"));
        assert_false(command_is_init(f->dir, "/missing"));

        /* Found by name, by a relative link, through a linked directory. */
        assert_int_equal(unlinkat(f->root_fd, "usr/bin/start", 0), 0);
        make_link(f, "./tini", "usr/bin/start");
        assert_true(command_is_init(f->dir, "start"));
        assert_true(command_is_init(f->dir, "/bin/start"));
}

static void test_links_are_followed_inside_the_root_only(void **state) {
        const Fixture *f = *state;

        /* Out of the root and back in by its own name: inside there is no such path. */
        make_file(f, "plain");
        _cleanup_free_ char *out = str_printf("../..%s/plain", f->dir);
        make_link(f, out, "link");
        assert_false(command_is_init(f->dir, "/link"));
}

static void open_and_close(int fd) {
        assert_true(fd >= 0);
        (void) close_fd(fd);
}

static void test_mount_points_are_made_with_their_parents(void **state) {
        const Fixture *f = *state;

        open_and_close(mount_point_open(f->root_fd, "/a/b/dir/", S_IFDIR, 0));
        open_and_close(mount_point_open(f->root_fd, "//a//b//file", S_IFREG, 0));
        open_and_close(mount_point_open(f->root_fd, "/a/b/dir", S_IFDIR, 0)); /* there already */
        assert_true(is_in_root(f, "a/b/dir/."));
        assert_true(is_in_root(f, "a/b/file"));
        assert_false(is_in_root(f, "a/b/file/."));

        assert_int_equal(mount_point_open(f->root_fd, "/a/b/dir", S_IFREG, 0), -EISDIR);
        assert_int_equal(mount_point_open(f->root_fd, "/a/b/file", S_IFDIR, 0), -ENOTDIR);
        assert_int_equal(mount_point_open(f->root_fd, "/a/b/file/x", S_IFDIR, 0), -ENOTDIR);
}

static void test_mount_points_stay_inside(void **state) {
        const Fixture *f = *state;
        struct stat inside, outside;

        make_link(f, "/", "up");
        make_link(f, "../../../..", "dots");
        make_link(f, "/etc/really-not-there", "dangling");
        open_and_close(mount_point_open(f->root_fd, "/up/new", S_IFDIR, 0));
        open_and_close(mount_point_open(f->root_fd, "/dots/newer", S_IFDIR, 0));
        open_and_close(mount_point_open(f->root_fd, "/../../newest", S_IFDIR, 0));
        assert_true(is_in_root(f, "new") && is_in_root(f, "newer") && is_in_root(f, "newest"));
        assert_int_equal(mount_point_open(f->root_fd, "/dangling", S_IFDIR, 0), -ENOENT);
        assert_false(is_in_root(f, "etc"));

        _cleanup_close_ int fd = mount_point_open(f->root_fd, "/dots", S_IFDIR, 0);
        assert_int_equal(fstat(fd, &inside), 0);
        assert_int_equal(stat(f->dir, &outside), 0);
        assert_int_equal(inside.st_ino, outside.st_ino);
}

static void test_a_link_itself_can_be_the_mount_point(void **state) {
        const Fixture *f = *state;
        struct stat st;

        make_dir(f, "etc");
        make_link(f, "/nowhere", "etc/localtime");
        _cleanup_close_ int fd = mount_point_open_nofollow(f->root_fd, "/etc/localtime", S_IFREG);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        open_and_close(mount_point_open_nofollow(f->root_fd, "/new/file", S_IFREG));
        assert_true(is_in_root(f, "new/file"));
}

static void test_paths_that_are_too_long_are_refused(void **state) {
        const Fixture *f = *state;
        _cleanup_free_ char *path = malloc(8192);

        assert_non_null(path);
        for (size_t i = 0; i < 8190; i++)
                path[i] = i % 2 ? 'a' : '/';
        path[8190] = '\0';
        assert_int_equal(mount_point_open(f->root_fd, path, S_IFDIR, 0), -ENAMETOOLONG);
        assert_int_equal(mount_point_open_nofollow(f->root_fd, path, S_IFDIR), -ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(inits_are_known_by_name_and_path),
                TEST(links_to_an_init_are_one),
                TEST(links_are_followed_inside_the_root_only),
                TEST(mount_points_are_made_with_their_parents),
                TEST(mount_points_stay_inside),
                TEST(a_link_itself_can_be_the_mount_point),
                TEST(paths_that_are_too_long_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
