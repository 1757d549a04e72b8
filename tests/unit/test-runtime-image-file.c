/* SPDX-License-Identifier: MIT */

/* Roots that are files of squashfs or erofs; needs root, loop devices and the programs that make them. */

#include "runtime/image-file.h"

#include <dirent.h>
#include <signal.h>
#include <spawn.h>
#include <time.h>

#include "runtime/loop-device.h"
#include "runtime/root-lookup.h"
#include "test-runtime-fixture.h"

static void make_image(const Fixture *f, char *const *argv) {
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int status;

        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        assert_int_equal(posix_spawn_file_actions_addopen(
                                         &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0),
                        0);
        int r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
        (void) posix_spawn_file_actions_destroy(&actions);
        if (r == ENOENT)
                skip(); /* packaging/install-deps brings it */
        assert_int_equal(r, 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(exists(f->dir, "image"));
}

static void make_squashfs(const Fixture *f, const char *file) {
        char *argv[] = { (char *) "mksquashfs",
                f->root,
                (char *) file,
                (char *) "-quiet",
                (char *) "-no-progress",
                (char *) "-noappend",
                NULL };

        make_image(f, argv);
}

static void make_erofs(const Fixture *f, const char *file) {
        char *argv[] = { (char *) "mkfs.erofs", (char *) "-zlz4", (char *) file, f->root, NULL };

        make_image(f, argv);
}

/* How many loop devices show @file. */
static unsigned count_loops(const char *file) {
        DIR *dir = opendir("/sys/block");
        unsigned n = 0;

        assert_non_null(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                _cleanup_free_ char *path =
                                str_printf("/sys/block/%s/loop/backing_file", entry->d_name);
                _cleanup_free_ char *backing = NULL;

                if (file_read(AT_FDCWD, path, PATH_MAX, &backing, NULL) >= 0)
                        n += str_has_prefix(backing, file);
        }
        (void) closedir(dir);
        return n;
}

/* The kernel clears a device after its last user's end, a moment later. */
static void assert_no_loop_left(const char *file) {
        struct timespec begin, now;

        (void) clock_gettime(CLOCK_MONOTONIC, &begin);
        while (count_loops(file) > 0) {
                (void) clock_gettime(CLOCK_MONOTONIC, &now);
                if (now.tv_sec - begin.tv_sec > DEADLINE_MSEC / 1000)
                        fail_msg("a loop device still shows %s", file);
                (void) poll(NULL, 0, 2);
        }
}

static void make_mount_points(const Fixture *f) {
        static const char *const names[] = { "proc", "sys", "dev", "run", "tmp", "var/tmp" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                make_dir(f->root, names[i]);
}

static void check_image(Fixture *f, const char *file, const char *type) {
        _cleanup_free_ char *storage = path_in(f->dir, "storage"),
                            *script = str_printf("grep -c ' / / ro,.* - %s ' /proc/self/mountinfo; "
                                                 "touch /x 2>/dev/null || echo no",
                                            type);
        f->spec.root.path = file;

        /* A tmpfs above it, */
        f->spec.root.overlay = true;
        assert_prints(f, "cat /etc/group >/x && wc -l </x; stat -c '%a %u:%g' /", "4\n751 33:34\n");
        assert_no_loop_left(file);

        /* a layer on disk, */
        make_dir(f->dir, "storage");
        f->spec.root.storage_path = storage;
        run(f, "echo kept >/x; stat -c '%a %u:%g' /");
        assert_ran(f);
        assert_prints(f, "cat /x; stat -c '%a %u:%g' /", "kept\n751 33:34\n");
        assert_int_equal(dir_remove_all(AT_FDCWD, storage), 0);

        /* nothing. */
        f->spec.root.storage_path = NULL;
        f->spec.root.overlay = false;
        assert_prints(f, script, "1\nno\n");
        f->spec.root.read_only = f->spec.root.read_only_tmpfs = true;
        assert_prints(f, "touch /tmp/y && ls /tmp", "y\n");
        f->spec.root.read_only = f->spec.root.read_only_tmpfs = false;
        assert_no_loop_left(file);
}

static void check_image_both_ways(Fixture *f, const char *file, const char *type) {
        check_image(f, file, type);
        f->runtime->features.overlay_layers = f->runtime->features.mount_setattr = false;
        check_image(f, file, type);
}

/* What makes an image is given a root with an owner and a mode of its own. */
static char *prepare(Fixture *f) {
        make_mount_points(f);
        assert_int_equal(chmod(f->root, 0751), 0);
        assert_int_equal(chown(f->root, 33, 34), 0);
        return path_in(f->dir, "image");
}

static void test_a_squashfs_file_is_a_root(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = prepare(f);

        make_squashfs(f, file);
        check_image_both_ways(f, file, "squashfs");
}

static void test_an_erofs_file_is_a_root(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = prepare(f);

        make_erofs(f, file);
        check_image_both_ways(f, file, "erofs");
        f->runtime->features.mount_from_file = false;
        check_image(f, file, "erofs");
}

static void test_a_loop_device_is_held_until_the_container_is_killed(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = prepare(f);
        char *argv[] = { (char *) "sleep", (char *) "1000", NULL };
        SupdStatusRecord record;
        RuntimeChild c;
        int status;

        make_squashfs(f, file);
        f->spec.root.path = file;
        f->spec.process.argv = argv;
        f->spec.process.stdout_fd = f->spec.process.stderr_fd = -EBADF;
        assert_int_equal(runtime_start(f->runtime, &f->spec, &c, NULL), 0);
        assert_int_equal(next_record(&c, &record), 0); /* its end: the payload runs */
        assert_int_equal(count_loops(file), 1);

        assert_int_equal(kill(c.pid, SIGKILL), 0);
        assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
        assert_no_loop_left(file); /* though we still hold the plan */
        runtime_child_done(&c);
}

static void test_a_container_that_could_not_be_made_leaves_no_loop_device(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = prepare(f);
        RuntimeTmpfs tmpfs = { .target = "/etc/passwd" };

        make_squashfs(f, file);
        f->spec.root.path = file;
        f->spec.root.tmpfs = &tmpfs;
        f->spec.root.n_tmpfs = 1;
        run(f, "true");
        assert_non_null(f->error);
        assert_no_loop_left(file);

        /* Also when it fails before there is a child. */
        f->spec.root.n_tmpfs = 0;
        f->spec.process.init = true;
        run(f, "true");
        assert_string_equal(f->error, "supinit is not available");
        assert_no_loop_left(file);
}

static void test_containers_share_an_image_file(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = prepare(f);
        int fds[8];

        make_squashfs(f, file);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = image_file_mount(file, &f->runtime->features, NULL);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                assert_true(fds[i] >= 0);
                assert_int_equal(faccessat(fds[i], "etc/passwd", F_OK, 0), 0);
                (void) close_fd(fds[i]);
        }
        assert_no_loop_left(file);
}

/* ---- errors ---- */

static void test_what_is_no_image_is_told(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = path_in(f->dir, "image");
        _cleanup_free_ char *text = str_printf("root %s: neither squashfs nor erofs", file);

        f->spec.root.path = file;
        write_file(f->dir, "image", "");
        assert_fails(f, text);
        write_file(f->dir, "image", "hsq");
        assert_fails(f, text);
}

static void test_a_damaged_image_is_told_in_the_kernel_s_words(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = path_in(f->dir, "image");
        _cleanup_free_ char *prefix = str_printf("root %s: ", file);

        f->spec.root.path = file;
        write_file(f->dir, "image", "hsqs and no more");
        run(f, "true");
        assert_non_null(f->error);
        assert_true(str_has_prefix(f->error, prefix));
        assert_no_loop_left(file);
        assert_int_equal(truncate(file, 65536), 0);
        run(f, "true");
        assert_non_null(f->error);
        assert_true(str_has_prefix(f->error, prefix));
        assert_no_loop_left(file);
}

static void test_links_are_not_looked_up_in_a_file(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *file = prepare(f);
        RootEntry e = {};

        make_link("/sbin/init", f->root, "start");
        make_squashfs(f, file);
        f->spec.root.path = file;
        assert_int_equal(root_lookup(&f->spec.root, "/start", &e), -EOPNOTSUPP);
        assert_true(runtime_command_is_init(&f->spec.root, "/sbin/init"));
        assert_false(runtime_command_is_init(&f->spec.root, "/start"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_squashfs_file_is_a_root),
                TEST(an_erofs_file_is_a_root),
                TEST(a_loop_device_is_held_until_the_container_is_killed),
                TEST(a_container_that_could_not_be_made_leaves_no_loop_device),
                TEST(containers_share_an_image_file),
                TEST(what_is_no_image_is_told),
                TEST(a_damaged_image_is_told_in_the_kernel_s_words),
                TEST(links_are_not_looked_up_in_a_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
