/* SPDX-License-Identifier: MIT */

/* Roots made of layers, each by both ways to mount them; needs root. */

#include "runtime/root.h"

#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "test-runtime-fixture.h"

#define MANY RUNTIME_LAYERS_MAX

/* What a test mounts: the layers below f->dir with these names, the lowest first. */
static char *layers[MANY + 1];

static void set_layers(Fixture *f, const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                layers[i] = path_in(f->dir, names[i]);
        f->spec.root.path = NULL;
        f->spec.root.image = "test:1";
        f->spec.root.layers = layers;
        f->spec.root.n_layers = n;
}

static int tear_down_layers(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(layers); i++) {
                free(layers[i]);
                layers[i] = NULL;
        }
        return tear_down(state);
}

static void white_out(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
}

static void make_opaque(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(setxattr(path, "trusted.overlay.opaque", "y", 1, 0), 0);
}

static void make_mount_points(Fixture *f) {
        make_dir(f->root, "proc");
        make_dir(f->root, "sys");
        make_dir(f->root, "dev");
}

typedef void (*Check)(Fixture *f);

/* Layer by layer, where the kernel can, and as older kernels have to. */
static void both_ways(Fixture *f, Check check) {
        bool can = f->runtime->features.overlay_layers;

        if (can)
                check(f);
        f->runtime->features.overlay_layers = false;
        check(f);
        f->runtime->features.overlay_layers = can;
}

static void check_joined(Fixture *f) {
        assert_prints(f,
                        "cat /etc/motd; ls /data; ls /etc/gone /opt/hidden 2>/dev/null; "
                        "echo new >/etc/motd && cat /etc/motd",
                        "top\nkept\nnew\n");
        assert_prints(f, "cat /etc/motd; stat -c '%a %u:%g' /", "top\n751 33:34\n");
}

static void test_layers_are_joined_with_whiteouts_and_opaque_directories(void **state) {
        static const char *const names[] = { "root", "middle", "top" };
        Fixture *f = fixture(state);
        _cleanup_free_ char *top = path_in(f->dir, "top");

        write_file(f->root, "etc/gone", "");
        make_dir(f->root, "data");
        write_file(f->root, "data/old", "");
        make_dir(f->root, "opt/hidden");
        make_dir(f->dir, "middle/etc");
        write_file(f->dir, "middle/etc/motd", "middle\n");
        white_out(f->dir, "middle/etc/gone");
        white_out(f->dir, "middle/opt");
        make_dir(f->dir, "middle/data");
        write_file(f->dir, "middle/data/kept", "");
        make_opaque(f->dir, "middle/data");
        make_dir(f->dir, "top/etc");
        write_file(f->dir, "top/etc/motd", "top\n");
        assert_int_equal(chmod(top, 0751), 0);
        assert_int_equal(chown(top, 33, 34), 0);

        set_layers(f, names, 3);
        both_ways(f, check_joined);
        assert_false(exists(f->dir, "top/proc"));
}

static void check_many(Fixture *f) {
        _cleanup_free_ char *expected =
                        str_printf("%zu\n%zu\n", f->spec.root.n_layers - 1, f->spec.root.n_layers);

        assert_prints(f, "cat /who; find / -xdev -name 'layer-*' | wc -l", expected);
}

/* Beside the root, @n layers that each have a file of their own and one that all have. */
static void make_many(Fixture *f, size_t n) {
        set_layers(f, (const char *const[]) { "root" }, 1);
        write_file(f->root, "layer-0", "");
        for (size_t i = 1; i < n; i++) {
                _cleanup_free_ char *name = str_printf("layers/%zu", i);
                _cleanup_free_ char *file = str_printf("layer-%zu", i), *who = NULL;

                make_dir(f->dir, name);
                layers[i] = path_in(f->dir, name);
                who = str_printf("%zu\n", i);
                write_file(layers[i], "who", who);
                write_file(layers[i], file, "");
        }
        f->spec.root.n_layers = n;
}

static void test_128_layers_are_joined(void **state) {
        Fixture *f = fixture(state);

        make_many(f, 128);
        both_ways(f, check_many);
}

static void test_500_layers_are_joined(void **state) {
        Fixture *f = fixture(state);

        make_many(f, MANY);
        both_ways(f, check_many);

        f->spec.root.n_layers = MANY + 1;
        assert_fails(f, "root of image test:1: 501 layers; overlayfs joins at most 500");
}

static void check_many_with_few_descriptors(Fixture *f) {
        const struct rlimit few = { .rlim_cur = 256, .rlim_max = 256 };

        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        both_ways(f, check_many);
}

static void test_500_layers_need_no_500_descriptors(void **state) {
        Fixture *f = fixture(state);
        int status;

        make_many(f, MANY);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                check_many_with_few_descriptors(f);
                _exit(0); /* a failed assertion ends with cmocka's own status */
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void check_repeated(Fixture *f) {
        assert_prints(f, "cat /one /two", "a\nb\n");
}

static void test_a_layer_that_comes_again_counts_once(void **state) {
        static const char *const names[] = { "a", "root", "a", "b", "empty", "a", "empty" };
        Fixture *f = fixture(state);

        make_dir(f->dir, "a");
        make_dir(f->dir, "b");
        make_dir(f->dir, "empty");
        write_file(f->dir, "a/one", "a\n");
        write_file(f->dir, "b/one", "b\n");
        write_file(f->dir, "b/two", "b\n");
        set_layers(f, names, ELEMENTSOF(names));
        both_ways(f, check_repeated);
}

/* ---- read-only ---- */

static void check_read_only(Fixture *f) {
        assert_prints(f,
                        "touch /x 2>/dev/null || echo no; touch /proc/x /dev/x 2>/dev/null; "
                        "ls /dev/x; hostname",
                        "no\n/dev/x\nbox\n");
}

static void test_without_a_writable_layer_the_root_is_read_only(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);

        f->spec.root.overlay = false;
        make_dir(f->dir, "top");
        make_mount_points(f);
        set_layers(f, names, 2);
        both_ways(f, check_read_only);

        /* A single one is shared as well. */
        f->spec.root.n_layers = 1;
        both_ways(f, check_read_only);
        assert_false(exists(f->root, "x"));
}

static void test_mount_points_that_a_read_only_root_lacks_are_told(void **state) {
        static const char *const names[] = { "root" };
        Fixture *f = fixture(state);
        bool can = f->runtime->features.mount_setattr;

        f->spec.root.overlay = false;
        set_layers(f, names, 1);
        f->runtime->features.mount_setattr = false;
        run(f, "true");
        assert_false(exists(f->root, "proc"));
        f->runtime->features.mount_setattr = can;
        run(f, "true");
        assert_string_equal(f->error,
                        "mount proc on /proc: the mount point is missing in a root that can't be "
                        "written to");
}

static void check_read_only_with_layer(Fixture *f) {
        assert_prints(f, "touch /x 2>/dev/null || echo no; touch /tmp/y && ls /tmp", "no\ny\n");
}

static void test_a_read_only_root_gets_its_mount_points_from_the_writable_layer(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);

        make_dir(f->dir, "top");
        set_layers(f, names, 2);
        f->spec.root.read_only = f->spec.root.read_only_tmpfs = true;
        both_ways(f, check_read_only_with_layer);
}

/* ---- storage on disk ---- */

static void check_storage(Fixture *f) {
        _cleanup_free_ char *storage = path_in(f->dir, "storage");

        make_dir(f->dir, "storage");
        f->spec.root.storage_path = storage;
        assert_prints(f,
                        "stat -c '%a %u:%g' /; rm /etc/passwd; echo mine >/kept; chmod 700 /",
                        "751 33:34\n");
        assert_prints(f, "cat /kept; stat -c %a /; ls /etc/passwd 2>/dev/null", "mine\n700\n");
        assert_true(exists(f->dir, "storage/upper/kept"));
        assert_true(exists(f->root, "etc/passwd"));
        assert_int_equal(dir_remove_all(AT_FDCWD, storage), 0);
        f->spec.root.storage_path = NULL;
}

static void test_a_storage_keeps_what_was_written(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);
        _cleanup_free_ char *top = path_in(f->dir, "top");

        make_dir(f->dir, "top");
        assert_int_equal(chmod(top, 0751), 0);
        assert_int_equal(chown(top, 33, 34), 0);
        set_layers(f, names, 2);
        both_ways(f, check_storage);

        /* Above a directory, too. */
        assert_int_equal(chmod(f->root, 0751), 0);
        assert_int_equal(chown(f->root, 33, 34), 0);
        f->spec.root.path = f->root;
        f->spec.root.n_layers = 0;
        both_ways(f, check_storage);
}

static void check_volatile(Fixture *f) {
        _cleanup_free_ char *storage = path_in(f->dir, "storage");
        _cleanup_free_ char *text = str_printf(
                        "root of image test:1: writable layer %s: was used without syncing, as one "
                        "to be thrown away, and may be damaged: remove it",
                        storage);

        make_dir(f->dir, "storage");
        f->spec.root.storage_path = storage;
        f->spec.root.volatile_upper = true;
        assert_prints(f, "echo x >/x; grep -c ' / / .*volatile' /proc/self/mountinfo", "1\n");
        assert_fails(f, text);
        f->spec.root.volatile_upper = false;
        assert_fails(f, text);
        assert_int_equal(dir_remove_all(AT_FDCWD, storage), 0);
}

static void test_a_volatile_storage_is_used_once(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);

        make_dir(f->dir, "top");
        set_layers(f, names, 2);
        both_ways(f, check_volatile);
}

static void check_hostile(Fixture *f) {
        assert_prints(f, "cat /one /two; echo x >/x", "1\n2\n");
        assert_true(exists(f->spec.root.storage_path, "upper/x"));
        assert_int_equal(dir_remove_all(AT_FDCWD, f->spec.root.storage_path), 0);
        assert_int_equal(dir_make_all(f->spec.root.storage_path, 0755), 0);
}

static void test_no_character_of_a_path_is_misread(void **state) {
        static const char *const names[] = {
                "root", "a:b,c\\d e", "x=y,upperdir=/tmp\\:\\", ":,\\\n\"'"
        };
        Fixture *f = fixture(state);
        _cleanup_free_ char *storage = path_in(f->dir, "s:t,o\\r=age\\");

        for (size_t i = 1; i < ELEMENTSOF(names); i++)
                make_dir(f->dir, names[i]);
        set_layers(f, names, ELEMENTSOF(names));
        write_file(layers[1], "one", "1\n");
        write_file(layers[2], "two", "2\n");
        assert_int_equal(dir_make_all(storage, 0755), 0);
        f->spec.root.storage_path = storage;
        both_ways(f, check_hostile);
}

static void test_the_host_s_paths_do_not_show_inside(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);
        _cleanup_free_ char *storage = path_in(f->dir, "storage");

        make_dir(f->dir, "top");
        make_dir(f->dir, "storage");
        set_layers(f, names, 2);
        f->spec.root.storage_path = storage;
        run(f, "cat /proc/self/mountinfo");
        assert_null(strstr(f->output, f->dir));
        assert_contains(f, "redirect_dir=nofollow");
}

/* ---- errors ---- */

static void test_a_bad_layer_is_named(void **state) {
        static const char *const names[] = { "root", "missing" };
        Fixture *f = fixture(state);
        char *relative[] = { f->root, (char *) "relative" }, *file[] = { (char *) "/etc/passwd" };

        set_layers(f, names, 2);
        _cleanup_free_ char *text = str_printf(
                        "root of image test:1: layer %s: No such file or directory", layers[1]);
        assert_fails(f, text);

        f->spec.root.layers = file;
        f->spec.root.n_layers = 1;
        assert_fails(f, "root of image test:1: layer /etc/passwd: Not a directory");

        f->spec.root.layers = relative;
        f->spec.root.n_layers = 2;
        f->spec.root.image = NULL;
        assert_fails(f, "root of layers: layer relative: Invalid argument");

        f->spec.root.path = f->root;
        assert_fails(f, "both a root directory and layers");
        f->spec.root.path = NULL;
        f->spec.root.n_layers = 0;
        assert_fails(f, "no root directory");
}

static void check_bad_storage(Fixture *f) {
        f->spec.root.storage_path = "/proc";
        assert_fails(f, "root of image test:1: writable layer /proc: No such file or directory");
        f->spec.root.storage_path = "/no/such/dir";
        assert_fails(f,
                        "root of image test:1: writable layer /no/such/dir: No such file or "
                        "directory");
}

static void test_a_bad_storage_is_named(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);

        make_dir(f->dir, "top");
        set_layers(f, names, 2);
        both_ways(f, check_bad_storage);

        /* An upper directory on procfs is nothing that can be written to. */
        _cleanup_free_ char *storage = path_in(f->dir, "storage");
        make_dir(f->dir, "storage");
        make_link("/proc", f->dir, "storage/upper");
        f->spec.root.storage_path = storage;
        run(f, "true");
        assert_non_null(f->error);
        f->runtime->features.overlay_layers = false;
        run(f, "true");
        assert_non_null(f->error);
        assert_non_null(strstr(f->error,
                        "root of image test:1: mount overlay of 2 layers: the kernel refused"));
}

static void test_a_layer_that_went_away_meanwhile_is_named(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);
        _cleanup_(plan_freep) Plan *p = NULL;
        _cleanup_(error_done) Error error = {};
        char *argv[] = { (char *) "true", NULL };

        make_dir(f->dir, "top");
        set_layers(f, names, 2);
        f->spec.process.argv = argv;
        assert_int_equal(plan_new(&f->spec, &f->runtime->features, -EBADF, NULL, &p, NULL), 0);
        _cleanup_free_ char *text = str_printf(
                        "root of image test:1: layer %s: No such file or directory", f->root);
        assert_int_equal(plan_error(p, PLAN_STEP_LAYER, 1, -ENOENT, &error), -ENOENT);
        assert_string_equal(error.message, text);
        error_done(&error);
        assert_int_equal(plan_error(p, PLAN_STEP_OVERLAY, -1, -ENOMEM, &error), -ENOMEM);
        assert_string_equal(error.message,
                        "root of image test:1: mount overlay of 2 layers: Cannot allocate memory");
        /* The record comes from a pipe that others write to, too. */
        error_done(&error);
        assert_int_equal(plan_error(p, PLAN_STEP_LAYER, 2, -ENOENT, &error), -ENOENT);
        assert_string_equal(error.message, "open layers: No such file or directory");
}

static void test_without_overlayfs_layers_are_refused(void **state) {
        static const char *const names[] = { "root", "top" };
        Fixture *f = fixture(state);

        make_dir(f->dir, "top");
        set_layers(f, names, 2);
        f->runtime->features.overlay = false;
        assert_fails(f, "mount root of image test:1: this kernel has no overlay file system");
}

/* ---- what images lack ---- */

static void test_an_image_of_one_program_runs(void **state) {
        static const char *const names[] = { "scratch" };
        Fixture *f = fixture(state);
        char *argv[] = { (char *) "/busybox", (char *) "pwd", NULL };
        _cleanup_free_ char *from = path_in(f->root, "bin/busybox"),
                            *to = path_in(f->dir, "scratch/busybox");

        make_dir(f->dir, "scratch");
        assert_int_equal(rename(from, to), 0);
        set_layers(f, names, 1);
        f->spec.process.working_dir = "/srv/app";
        f->spec.process.user = "1000";
        run_argv(f, argv);
        assert_ran(f);
        assert_string_equal(f->output, "/srv/app\n");
        f->spec.process.user = "app";
        run_argv(f, argv);
        assert_string_equal(f->error, "find user 'app': no such user in /etc/passwd");
}

static void test_the_host_s_names_are_shown_where_asked(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *hosts = NULL, *mine = path_in(f->dir, "hosts");
        RuntimeBind bind = { .source = mine, .target = "/etc/hosts" };

        if (file_read(AT_FDCWD, "/etc/hosts", OUTPUT_MAX, &hosts, NULL) < 0)
                skip();
        run(f, "cat /etc/hosts 2>/dev/null; true");
        assert_string_equal(f->output, "");

        /* A link that dangles, as distributions ship it, is covered and not followed. */
        make_link("/run/resolv/hosts", f->root, "etc/hosts");
        f->spec.host_names = true;
        assert_prints(f, "cat /etc/hosts", hosts);
        run(f, "echo x >/etc/hosts");
        assert_contains(f, "Read-only file system");

        _cleanup_free_ char *link = path_in(f->root, "etc/hosts");
        assert_int_equal(unlink(link), 0);
        write_file(f->dir, "hosts", "mine\n");
        f->spec.root.binds = &bind;
        f->spec.root.n_binds = 1;
        assert_prints(f, "cat /etc/hosts", "mine\n");
}

static void test_names_are_no_reason_to_fail_a_read_only_root(void **state) {
        static const char *const names[] = { "root" };
        Fixture *f = fixture(state);

        make_mount_points(f);
        f->spec.root.overlay = false;
        f->spec.host_names = true;
        set_layers(f, names, 1);
        assert_prints(f, "echo /etc/*", "/etc/group /etc/passwd\n");
}

#define LAYER_TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down_layers)

int main(void) {
        const struct CMUnitTest tests[] = {
                LAYER_TEST(layers_are_joined_with_whiteouts_and_opaque_directories),
                LAYER_TEST(128_layers_are_joined),
                LAYER_TEST(500_layers_are_joined),
                LAYER_TEST(500_layers_need_no_500_descriptors),
                LAYER_TEST(a_layer_that_comes_again_counts_once),
                LAYER_TEST(without_a_writable_layer_the_root_is_read_only),
                LAYER_TEST(mount_points_that_a_read_only_root_lacks_are_told),
                LAYER_TEST(a_read_only_root_gets_its_mount_points_from_the_writable_layer),
                LAYER_TEST(a_storage_keeps_what_was_written),
                LAYER_TEST(a_volatile_storage_is_used_once),
                LAYER_TEST(no_character_of_a_path_is_misread),
                LAYER_TEST(the_host_s_paths_do_not_show_inside),
                LAYER_TEST(a_bad_layer_is_named),
                LAYER_TEST(a_bad_storage_is_named),
                LAYER_TEST(a_layer_that_went_away_meanwhile_is_named),
                LAYER_TEST(without_overlayfs_layers_are_refused),
                LAYER_TEST(an_image_of_one_program_runs),
                LAYER_TEST(the_host_s_names_are_shown_where_asked),
                LAYER_TEST(names_are_no_reason_to_fail_a_read_only_root),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
