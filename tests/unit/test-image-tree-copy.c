/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "image/confine/confine.h"
#include "image/driver/node-copy.h"
#include "image/driver/tree-copy.h"
#include "image/store/tree.h"

#define LAYERS 3U

/* Layers "0" (the lowest) to "2", and "target". */
typedef struct Fixture {
        char path[64];
        int dir_fd, target_fd, layer_fds[LAYERS];
        unsigned n_asked;
        ino_t opaque; /* this directory is */
} Fixture;

static int make_and_open(int dir_fd, const char *name) {
        assert_int_equal(mkdirat(dir_fd, name, 0755), 0);
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static int setup(void **state) {
        static const char *const names[LAYERS] = { "0", "1", "2" };
        Fixture *f = calloc(1, sizeof(*f));

        (void) umask(022);
        (void) snprintf(f->path, sizeof(f->path), "/tmp/test-image-tree-copy.XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->dir_fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        f->target_fd = make_and_open(f->dir_fd, "target");
        for (size_t i = 0; i < LAYERS; i++)
                f->layer_fds[i] = make_and_open(f->dir_fd, names[i]);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        for (size_t i = 0; i < LAYERS; i++)
                (void) close_fd(f->layer_fds[i]);
        (void) close_fd(f->target_fd);
        (void) close_fd(f->dir_fd);
        _cleanup_close_ int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(tree_remove(tmp_fd, f->path + strlen("/tmp/")), 0);
        free(f);
        return 0;
}

static int is_opaque(int dir_fd, void *userdata) {
        Fixture *f = userdata;
        struct stat st;

        f->n_asked++;
        assert_int_equal(fstat(dir_fd, &st), 0);
        return st.st_ino == f->opaque;
}

static int copy(Fixture *f, size_t n_layers, Error *error) {
        const TreeCopyRequest request = {
                .layer_fds = f->layer_fds,
                .n_layers = n_layers,
                .target_fd = f->target_fd,
                .scratch_fd = f->dir_fd,
                .is_opaque = is_opaque,
                .userdata = f,
        };

        return tree_copy(&request, error);
}

static void copied(Fixture *f, size_t n_layers) {
        _cleanup_(error_done) Error error = {};
        int r = copy(f, n_layers, &error);

        if (r < 0)
                fail_msg("%s", error_text(&error, r));
}

static void put(const Fixture *f, size_t layer, const char *path, const char *text) {
        _cleanup_free_ char *parent = strdup(path);
        char *slash = strrchr(parent, '/');

        if (slash) {
                *slash = '\0';
                _cleanup_close_ int fd = tree_make_dirs(f->layer_fds[layer], parent);
                assert_true(fd >= 0);
        }
        assert_int_equal(file_replace(f->layer_fds[layer], path, text, 0644, /* sync= */ false), 0);
}

static void has(const Fixture *f, const char *path, const char *text) {
        _cleanup_free_ char *found = NULL;

        assert_int_equal(file_read(f->target_fd, path, 1000, &found, NULL), 0);
        assert_string_equal(found, text);
}

static void has_not(const Fixture *f, const char *path) {
        struct stat st;

        assert_int_equal(fstatat(f->target_fd, path, &st, AT_SYMLINK_NOFOLLOW), -1);
        assert_true(errno == ENOENT || errno == ENOTDIR);
}

static struct stat stat_of(int dir_fd, const char *path) {
        struct stat st;

        assert_int_equal(fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st;
}

static unsigned count_entries(int dir_fd, const char *path) {
        unsigned n = 0;

        DIR *d = fdopendir(openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        assert_non_null(d);
        while (readdir(d))
                n++;
        (void) closedir(d);
        return n - 2; /* "." and ".." */
}

/* ---- joining ---------------------------------------------------------------------------------- */
static void test_the_topmost_file_wins_and_directories_are_joined(void **state) {
        Fixture *f = *state;

        put(f, 0, "dir/low", "0");
        put(f, 0, "dir/both", "0");
        put(f, 0, "file-then-dir", "0");
        put(f, 0, "dir-then-file/x", "0");
        put(f, 1, "dir/both", "1");
        put(f, 1, "file-then-dir/x", "1");
        put(f, 1, "dir-then-file", "1");
        put(f, 2, "dir/high", "2");
        copied(f, LAYERS);
        has(f, "dir/low", "0");
        has(f, "dir/both", "1");
        has(f, "dir/high", "2");
        has(f, "file-then-dir/x", "1");
        has(f, "dir-then-file", "1");
}

static void test_a_directory_is_hidden_for_good_by_a_file_between(void **state) {
        Fixture *f = *state;

        put(f, 0, "dir/old", "0");
        put(f, 1, "dir", "a file");
        put(f, 2, "dir/new", "2");
        copied(f, LAYERS);
        has(f, "dir/new", "2");
        has_not(f, "dir/old");
}

static void test_whiteouts_hide_what_is_below_and_are_not_copied(void **state) {
        Fixture *f = *state;

        put(f, 0, "file", "0");
        put(f, 0, "dir/in", "0");
        put(f, 0, "again/old", "0");
        put(f, 0, "stays", "0");
        put(f, 1, ".wh.file", "");
        put(f, 1, ".wh.dir", "");
        put(f, 1, ".wh.again", "");
        put(f, 1, "again/new", "1");
        put(f, 2, "dir/later", "2");
        copied(f, LAYERS);
        has_not(f, "file");
        has_not(f, ".wh.file");
        has(f, "dir/later", "2");
        has_not(f, "dir/in");
        has(f, "again/new", "1");
        has_not(f, "again/old");
        has(f, "stays", "0");
}

static void test_device_0_0_is_a_whiteout(void **state) {
        Fixture *f = *state;

        put(f, 0, "file", "0");
        if (mknodat(f->layer_fds[1], "file", S_IFCHR | 0600, 0) < 0)
                skip(); /* not root, or a file system that has none */
        copied(f, 2);
        has_not(f, "file");
}

static void test_an_opaque_directory_hides_what_is_below(void **state) {
        Fixture *f = *state;

        put(f, 0, "marked/old", "0");
        put(f, 0, "kept/old", "0");
        put(f, 1, "marked/new", "1");
        put(f, 1, "kept/new", "1");
        put(f, 1, "kept/" WHITEOUT_OPAQUE, "");
        put(f, 2, "marked/newest", "2");
        f->opaque = stat_of(f->layer_fds[1], "marked").st_ino;
        copied(f, LAYERS);
        has(f, "marked/new", "1");
        has(f, "marked/newest", "2");
        has_not(f, "marked/old");
        has(f, "kept/new", "1");
        has_not(f, "kept/old");
        has_not(f, "kept/" WHITEOUT_OPAQUE);
}

static void test_nobody_is_asked_about_directories_with_nothing_below(void **state) {
        Fixture *f = *state;

        put(f, 0, "a/b/c", "0");
        put(f, 0, "d/e", "0");
        put(f, 1, "f/g/h", "1");
        copied(f, 2);
        assert_int_equal(f->n_asked, 1); /* the root */
}

static void test_no_layers_are_an_empty_tree(void **state) {
        Fixture *f = *state;
        struct stat before, after;

        before = stat_of(f->target_fd, ".");
        copied(f, 0);
        after = stat_of(f->target_fd, ".");
        assert_int_equal(after.st_mode, before.st_mode);
}

/* ---- what is kept ----------------------------------------------------------------------------- */
static void set_times(int dir_fd, const char *path, time_t seconds) {
        const struct timespec times[2] = { { .tv_sec = seconds, .tv_nsec = 7 },
                { .tv_sec = seconds, .tv_nsec = 7 } };

        assert_int_equal(utimensat(dir_fd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void test_modes_and_times_are_those_of_the_topmost_also_of_directories(void **state) {
        Fixture *f = *state;
        struct stat st;

        put(f, 0, "dir/sub/file", "0");
        put(f, 1, "dir/sub/other", "1");
        assert_int_equal(fchmodat(f->layer_fds[0], "dir/sub/file", 04711, 0), 0);
        assert_int_equal(fchmodat(f->layer_fds[1], "dir", 01777, 0), 0);
        assert_int_equal(symlinkat("nowhere", f->layer_fds[0], "dir/link"), 0);
        set_times(f->layer_fds[0], "dir/link", 1000);
        set_times(f->layer_fds[0], "dir/sub/file", 2000);
        set_times(f->layer_fds[1], "dir/sub", 3000);
        set_times(f->layer_fds[1], "dir", 4000);
        set_times(f->layer_fds[1], ".", 5000);
        copied(f, 2);
        assert_int_equal(stat_of(f->target_fd, "dir/link").st_mtim.tv_sec, 1000);
        st = stat_of(f->target_fd, "dir/sub/file");
        assert_int_equal(st.st_mtim.tv_sec, 2000);
        assert_int_equal(st.st_mtim.tv_nsec, 7);
        assert_int_equal(st.st_mode & 07777, 04711);
        assert_int_equal(stat_of(f->target_fd, "dir/sub").st_mtim.tv_sec, 3000);
        st = stat_of(f->target_fd, "dir");
        assert_int_equal(st.st_mtim.tv_sec, 4000);
        assert_int_equal(st.st_mode & 07777, 01777);
        assert_int_equal(stat_of(f->target_fd, ".").st_mtim.tv_sec, 5000);
}

static void test_hard_links_stay_links_of_what_is_not_hidden(void **state) {
        Fixture *f = *state;
        int layer = f->layer_fds[0];
        struct stat st;

        put(f, 0, "a/first", "0");
        put(f, 0, "b/other", "0");
        assert_int_equal(linkat(layer, "a/first", layer, "b/second", 0), 0);
        assert_int_equal(linkat(layer, "a/first", layer, "third", 0), 0);
        put(f, 1, "third", "1");
        assert_int_equal(linkat(f->layer_fds[1], "third", f->layer_fds[1], "fourth", 0), 0);
        copied(f, 2);
        st = stat_of(f->target_fd, "a/first");
        assert_int_equal(st.st_nlink, 2);
        assert_int_equal(stat_of(f->target_fd, "b/second").st_ino, st.st_ino);
        assert_int_equal(stat_of(f->target_fd, "third").st_ino,
                        stat_of(f->target_fd, "fourth").st_ino);
        has(f, "third", "1");
        /* What the links were found by is gone. */
        assert_int_equal(count_entries(f->target_fd, "."), 4);
}

static void test_holes_stay_holes(void **state) {
        Fixture *f = *state;
        _cleanup_(node_copy_done) NodeCopy n = {};
        char byte = 0;

        _cleanup_close_ int from =
                        openat(f->layer_fds[0], "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(ftruncate(from, 64 << 20), 0);
        assert_int_equal(pwrite(from, "x", 1, 32 << 20), 1);
        _cleanup_close_ int to = openat(f->target_fd, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(node_copy_init(&n), 0);
        n.may_clone = false; /* as where blocks can't be shared */
        assert_int_equal(node_copy_content(&n, from, to), 0);

        struct stat st = stat_of(f->target_fd, "sparse");
        assert_int_equal(st.st_size, 64 << 20);
        assert_true(st.st_blocks * 512 < 1 << 20);
        assert_int_equal(pread(to, &byte, 1, 32 << 20), 1);
        assert_int_equal(byte, 'x');
}

static void test_any_number_of_directories_of_any_depth_is_copied(void **state) {
        Fixture *f = *state;
        char path[TREE_PATH_MAX + 1] = "deep";
        size_t size = strlen(path);

        for (unsigned i = 0; i < 2000; i++) {
                char name[32];
                (void) snprintf(name, sizeof(name), "wide/%u/x", i);
                put(f, i % 2, name, "text");
        }
        for (; size + 2 < TREE_PATH_MAX - 10; size += 2)
                memcpy(path + size, "/d", 3);
        memcpy(path + size, "/end", 5);
        put(f, 0, path, "end");
        copied(f, 2);
        has(f, path, "end");
        has(f, "wide/0/x", "text");
        has(f, "wide/1999/x", "text");
        assert_int_equal(count_entries(f->target_fd, "wide"), 2000);
}

static void test_a_failure_names_the_file(void **state) {
        Fixture *f = *state;
        _cleanup_(error_done) Error error = {};

        put(f, 0, "dir/file", "0");
        /* In the way: the target is not empty. */
        _cleanup_close_ _unused_ int fd = make_and_open(f->target_fd, "dir");
        assert_int_equal(copy(f, 1, &error), -EEXIST);
        assert_string_equal(error.message, "cannot copy '/dir': File exists");
}

/* ---- what a process that copies may do -------------------------------------------------------- */
static int confined_ioctl(void) {
        const ConfineSpec spec = { .may_clone = true };
        int fds[2], n;

        if (pipe2(fds, O_CLOEXEC) < 0 || confine_process(&spec, NULL) < 0)
                return 1;
        return ioctl(fds[0], FIONREAD, &n) < 0 && errno == ENOTTY ? 0 : 2;
}

static void test_of_all_ioctls_a_confined_process_has_the_one_that_clones(void **state) {
        int status, n;

        (void) state;
        int fds[2];
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(ioctl(fds[0], FIONREAD, &n), 0);
        (void) close_fd(fds[0]);
        (void) close_fd(fds[1]);
        pid_t pid = fork();
        if (pid == 0)
                _exit(confined_ioctl());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_topmost_file_wins_and_directories_are_joined),
                TEST(a_directory_is_hidden_for_good_by_a_file_between),
                TEST(whiteouts_hide_what_is_below_and_are_not_copied),
                TEST(device_0_0_is_a_whiteout),
                TEST(an_opaque_directory_hides_what_is_below),
                TEST(nobody_is_asked_about_directories_with_nothing_below),
                TEST(no_layers_are_an_empty_tree),
                TEST(modes_and_times_are_those_of_the_topmost_also_of_directories),
                TEST(hard_links_stay_links_of_what_is_not_hidden),
                TEST(holes_stay_holes),
                TEST(any_number_of_directories_of_any_depth_is_copied),
                TEST(a_failure_names_the_file),
                cmocka_unit_test(test_of_all_ioctls_a_confined_process_has_the_one_that_clones),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
