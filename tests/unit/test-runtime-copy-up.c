/* SPDX-License-Identifier: MIT */

/* Volumes that begin with the image's content: what is copied, when, and what a cut leaves; needs root. */

#include "runtime/copy-up.h"

#include <spawn.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "runtime/root.h"
#include "test-runtime-fixture.h"

#define MARK ".supd-copy-up"
#define DEEP 90U

static struct stat stat_in(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);
        struct stat st;

        if (lstat(path, &st) < 0)
                fail_msg("%s: %s", path, strerror(errno));
        return st;
}

static void assert_same(const char *from, const char *to, const char *name) {
        struct stat a = stat_in(from, name), b = stat_in(to, name);

        assert_int_equal(a.st_mode, b.st_mode);
        assert_int_equal(a.st_uid, b.st_uid);
        assert_int_equal(a.st_gid, b.st_gid);
        assert_int_equal(a.st_size, b.st_size);
        assert_int_equal(a.st_rdev, b.st_rdev);
        assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
        assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
}

static void copy_once(const char *from, const char *to, bool sync) {
        _cleanup_close_ int from_fd = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int to_fd = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(copy_up_once(from_fd, to_fd, sync), 0);
}

/* Directories of a test: what an image has, and the volume. */
static char *from, *to;

static int set_up_directories(void **state) {
        if (set_up(state) < 0 || !*state)
                return 0;
        Fixture *f = *state;

        make_dir(f->root, "data");
        make_dir(f->dir, "volume");
        from = path_in(f->root, "data");
        to = path_in(f->dir, "volume");
        return 0;
}

/* Deeper than dir_remove_all() goes. */
static void remove_deep(const char *dir) {
        char *argv[] = { (char *) "rm", (char *) "-rf", (char *) dir, NULL };
        pid_t pid;
        int status;

        assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static int tear_down_directories(void **state) {
        if (from)
                remove_deep(from);
        if (to)
                remove_deep(to);
        free(from);
        free(to);
        from = to = NULL;
        return tear_down(state);
}

static void make_node(const char *name, mode_t mode, dev_t device) {
        _cleanup_free_ char *path = path_in(from, name);

        assert_int_equal(mknod(path, mode, device), 0);
        assert_int_equal(chown(path, 7, 8), 0);
        assert_int_equal(chmod(path, mode & 07777), 0);
}

static void test_all_kinds_of_files_are_copied(void **state) {
        static const char *const names[] = { "file", "set", "link", "pipe", "device", "dir", "." };
        Fixture *f = fixture(state);

        write_file(from, "file", "text\n");
        make_node("set", S_IFREG | 06755, 0);
        make_node("pipe", S_IFIFO | 0640, 0);
        make_node("device", S_IFCHR | 0600, makedev(1, 3));
        make_link("no/where", from, "link");
        make_dir(from, "dir/below");
        _cleanup_free_ char *dir = path_in(from, "dir"), *link = path_in(from, "link");
        assert_int_equal(chmod(dir, 01770), 0);
        assert_int_equal(lchown(link, 5, 6), 0);
        assert_int_equal(chown(from, 33, 34), 0);
        assert_int_equal(chmod(from, 02750), 0);

        copy_once(from, to, false);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_same(from, to, names[i]);
        assert_true(exists(to, "dir/below"));
        assert_false(exists(to, MARK));
        (void) f;
}

static void test_extended_attributes_and_capabilities_are_copied(void **state) {
        static const char capability[20] = {
                1, 0, 0, 2, 0, 4
        }; /* CAP_NET_BIND_SERVICE, effective */
        Fixture *f = fixture(state);
        char value[64];

        write_file(from, "file", "");
        _cleanup_free_ char *a = path_in(from, "file"), *b = path_in(to, "file");
        assert_int_equal(chown(a, 33, 34), 0);
        assert_int_equal(setxattr(a, "security.capability", capability, sizeof(capability), 0), 0);
        assert_int_equal(setxattr(a, "user.note", "x", 1, 0), 0);
        assert_int_equal(setxattr(a, "trusted.overlay.origin", "x", 1, 0), 0);

        copy_once(from, to, false);
        assert_int_equal(getxattr(b, "security.capability", value, sizeof(value)),
                        sizeof(capability));
        assert_memory_equal(value, capability, sizeof(capability));
        assert_int_equal(getxattr(b, "user.note", value, sizeof(value)), 1);
        assert_int_equal(getxattr(b, "trusted.overlay.origin", value, sizeof(value)), -1);
        (void) f;
}

static void test_hard_links_stay_links(void **state) {
        Fixture *f = fixture(state);

        make_dir(from, "deep");
        write_file(from, "one", "text\n");
        _cleanup_free_ char *one = path_in(from, "one"), *two = path_in(from, "deep/two"),
                            *three = path_in(from, "three");
        assert_int_equal(link(one, two), 0);
        assert_int_equal(link(one, three), 0);

        copy_once(from, to, false);
        assert_int_equal(stat_in(to, "one").st_nlink, 3);
        assert_int_equal(stat_in(to, "one").st_ino, stat_in(to, "deep/two").st_ino);
        assert_int_equal(stat_in(to, "one").st_ino, stat_in(to, "three").st_ino);
        (void) f;
}

/* More than are remembered: then they are copies, but all there. */
static void test_more_hard_links_than_are_remembered_are_copied(void **state) {
        Fixture *f = fixture(state);

        for (unsigned i = 0; i < 200; i++) {
                _cleanup_free_ char *name = str_printf("file-%u", i),
                                    *other = str_printf("dir-%u", i), *path = NULL, *second = NULL;

                write_file(from, name, name);
                path = path_in(from, name);
                second = path_in(from, other);
                assert_int_equal(link(path, second), 0);
        }
        copy_once(from, to, false);
        for (unsigned i = 0; i < 200; i++) {
                _cleanup_free_ char *other = str_printf("dir-%u", i);

                assert_int_equal(stat_in(to, other).st_size, stat_in(from, other).st_size);
        }
        (void) f;
}

static void test_holes_stay_holes(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *path = path_in(from, "sparse"), *copy = path_in(to, "sparse");
        _cleanup_free_ char *a = calloc(1, 4096), *b = calloc(1, 4096);

        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(pwrite(fd, "middle", 6, 512 << 20), 6);
        assert_int_equal(ftruncate(fd, INT64_C(1) << 30), 0);

        copy_once(from, to, false);
        assert_int_equal(stat_in(to, "sparse").st_size, INT64_C(1) << 30);
        assert_true(stat_in(to, "sparse").st_blocks < 1024);
        _cleanup_close_ int copied = open(copy, O_RDONLY | O_CLOEXEC);
        assert_int_equal(pread(fd, a, 4096, (512 << 20) - 100), 4096);
        assert_int_equal(pread(copied, b, 4096, (512 << 20) - 100), 4096);
        assert_memory_equal(a, b, 4096);
        (void) f;
}

static void test_big_and_deep_trees_are_copied(void **state) {
        Fixture *f = fixture(state);
        char path[DEEP * 2 + 1];

        for (unsigned i = 0; i < 300; i++) {
                _cleanup_free_ char *name = str_printf("a-rather-long-name-of-a-file-%u", i);
                make_dir(from, name);
        }
        for (unsigned i = 0; i < DEEP; i++)
                memcpy(path + i * 2, "d/", 3);
        make_dir(from, path);
        copy_once(from, to, false);
        assert_int_equal(stat_in(from, ".").st_nlink, stat_in(to, ".").st_nlink);
        assert_true(exists(to, path));

        /* Deeper than descriptors are allowed for is an error and not a crash. */
        _cleanup_free_ char *deeper = str_printf("%s%s", path, path);
        make_dir(from, deeper);
        remove_deep(to);
        make_dir(f->dir, "volume");
        _cleanup_close_ int from_fd = open(from, O_PATH | O_CLOEXEC);
        _cleanup_close_ int to_fd = open(to, O_PATH | O_CLOEXEC);
        assert_int_equal(copy_up_once(from_fd, to_fd, false), -ELOOP);
}

/* ---- once ---- */

static void test_a_volume_with_content_is_left_alone(void **state) {
        Fixture *f = fixture(state);

        write_file(from, "new", "");
        write_file(to, "mine", "");
        assert_int_equal(chown(from, 33, 34), 0);
        copy_once(from, to, false);
        assert_false(exists(to, "new"));
        assert_int_equal(stat_in(to, ".").st_uid, 0);
        (void) f;
}

static void test_an_empty_directory_gives_owner_and_mode(void **state) {
        Fixture *f = fixture(state);

        assert_int_equal(chown(from, 33, 34), 0);
        assert_int_equal(chmod(from, 0700), 0);
        copy_once(from, to, false);
        assert_same(from, to, ".");
        (void) f;
}

static void test_a_copy_that_was_cut_short_is_made_anew(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *text = NULL, *file = path_in(to, "a");

        write_file(from, "a", "whole\n");
        write_file(from, "b", "whole\n");
        make_dir(from, "dir");
        write_file(from, "dir/c", "whole\n");
        make_link("new", from, "link");

        write_file(to, MARK, "");
        write_file(to, "a", "wh");
        make_dir(to, "dir");
        make_link("old", to, "link");

        copy_once(from, to, /* sync= */ true); /* elsewhere false: this disk may be busy */
        assert_int_equal(file_read(AT_FDCWD, file, 100, &text, NULL), 0);
        assert_string_equal(text, "whole\n");
        assert_true(exists(to, "b"));
        assert_true(exists(to, "dir/c"));
        assert_same(from, to, "link");
        assert_false(exists(to, MARK));
        (void) f;
}

static void test_a_failed_copy_keeps_its_mark(void **state) {
        Fixture *f = fixture(state);
        char path[DEEP * 4 + 1];

        for (unsigned i = 0; i < DEEP * 2; i++)
                memcpy(path + i * 2, "d/", 3);
        make_dir(from, path);
        _cleanup_close_ int from_fd = open(from, O_PATH | O_CLOEXEC);
        _cleanup_close_ int to_fd = open(to, O_PATH | O_CLOEXEC);
        assert_int_equal(copy_up_once(from_fd, to_fd, false), -ELOOP);
        assert_true(exists(to, MARK));
        (void) f;
}

/* A volume is somebody's who may prepare it for us. */
static void test_a_prepared_volume_leads_nowhere(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *mark = path_in(to, MARK);

        make_dir(from, "dir");
        write_file(from, "dir/file", "x");
        write_file(from, "plain", "x");
        make_dir(f->dir, "outside");
        write_file(f->dir, "outside/kept", "kept");
        _cleanup_free_ char *outside = path_in(f->dir, "outside"),
                            *kept = path_in(f->dir, "outside/kept");
        write_file(to, MARK, "");
        make_link(outside, to, "dir");
        make_link(kept, to, "plain");

        _cleanup_close_ int from_fd = open(from, O_PATH | O_CLOEXEC);
        _cleanup_close_ int to_fd = open(to, O_PATH | O_CLOEXEC);
        assert_int_equal(copy_up_once(from_fd, to_fd, false), -ENOTDIR);
        assert_false(exists(f->dir, "outside/file"));
        assert_int_equal(stat_in(f->dir, "outside/kept").st_size, 4);

        assert_int_equal(unlink(mark), 0);
        assert_int_equal(mkfifo(mark, 0600), 0);
        assert_int_equal(copy_up_once(from_fd, to_fd, false), -ENXIO);
}

/* ---- in a container ---- */

static void test_a_volume_begins_with_what_the_image_has(void **state) {
        Fixture *f = fixture(state);
        RuntimeBind bind = { .source = to,
                .target = "/data",
                .copy_up = true,
                .read_only = true,
                .ephemeral = true };

        write_file(from, "file", "image\n");
        assert_int_equal(chown(from, 33, 34), 0);
        f->spec.root.binds = &bind;
        f->spec.root.n_binds = 1;
        assert_prints(f,
                        "cat /data/file; stat -c '%a %u:%g' /data; touch /data/x 2>/dev/null || "
                        "echo no",
                        "image\n755 33:34\nno\n");

        bind.read_only = false;
        assert_prints(f, "rm /data/file; touch /data/mine; ls -A /data", "mine\n");
        assert_prints(f, "ls -A /data", "mine\n");

        /* Where the image has nothing, the volume stays as it is. */
        bind.target = "/not/there";
        assert_prints(f, "ls -A /not/there", "mine\n");
}

static void test_a_file_is_no_volume_to_fill(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = path_in(f->dir, "file");
        RuntimeBind bind = { .source = file, .target = "/etc/passwd", .copy_up = true };

        write_file(f->dir, "file", "mine\n");
        f->spec.root.binds = &bind;
        f->spec.root.n_binds = 1;
        assert_prints(f, "cat /etc/passwd", "mine\n");
}

static void test_a_failed_copy_is_told(void **state) {
        Fixture *f = fixture(state);
        char path[DEEP * 4 + 1];
        RuntimeBind bind = { .source = to, .target = "/data", .copy_up = true, .ephemeral = true };
        _cleanup_free_ char *text = str_printf(
                        "copy the content of /data to volume %s: directories nest too deeply", to);

        for (unsigned i = 0; i < DEEP * 2; i++)
                memcpy(path + i * 2, "d/", 3);
        make_dir(from, path);
        f->spec.root.binds = &bind;
        f->spec.root.n_binds = 1;
        assert_fails(f, text);
}

#define COPY_TEST(name) \
        cmocka_unit_test_setup_teardown(test_##name, set_up_directories, tear_down_directories)

int main(void) {
        const struct CMUnitTest tests[] = {
                COPY_TEST(all_kinds_of_files_are_copied),
                COPY_TEST(extended_attributes_and_capabilities_are_copied),
                COPY_TEST(hard_links_stay_links),
                COPY_TEST(more_hard_links_than_are_remembered_are_copied),
                COPY_TEST(holes_stay_holes),
                COPY_TEST(big_and_deep_trees_are_copied),
                COPY_TEST(a_volume_with_content_is_left_alone),
                COPY_TEST(an_empty_directory_gives_owner_and_mode),
                COPY_TEST(a_copy_that_was_cut_short_is_made_anew),
                COPY_TEST(a_failed_copy_keeps_its_mark),
                COPY_TEST(a_prepared_volume_leads_nowhere),
                COPY_TEST(a_volume_begins_with_what_the_image_has),
                COPY_TEST(a_file_is_no_volume_to_fill),
                COPY_TEST(a_failed_copy_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
