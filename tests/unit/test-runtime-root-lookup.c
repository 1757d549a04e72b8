/* SPDX-License-Identifier: MIT */

/* Looking into layers that are not mounted. */

#include "runtime/root-lookup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"

typedef struct Fixture {
        char dir[32];
        char *layers[3]; /* owned; the lowest first */
        RuntimeRoot root;
} Fixture;

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        memcpy(f->dir, "/tmp/supd-root-XXXXXX", sizeof("/tmp/supd-root-XXXXXX"));
        assert_non_null(mkdtemp(f->dir));
        for (size_t i = 0; i < ELEMENTSOF(f->layers); i++) {
                f->layers[i] = str_printf("%s/%zu", f->dir, i);
                assert_int_equal(mkdir(f->layers[i], 0755), 0);
        }
        f->root = (RuntimeRoot) { .layers = f->layers, .n_layers = ELEMENTSOF(f->layers) };
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        assert_int_equal(dir_remove_all(AT_FDCWD, f->dir), 0);
        for (size_t i = 0; i < ELEMENTSOF(f->layers); i++)
                free(f->layers[i]);
        free(f);
        return 0;
}

static char *path_in(const Fixture *f, size_t layer, const char *name) {
        char *path = str_printf("%s/%s", f->layers[layer], name);

        assert_non_null(path);
        return path;
}

static void make_dir(const Fixture *f, size_t layer, const char *name) {
        _cleanup_free_ char *path = path_in(f, layer, name);

        assert_int_equal(dir_make_all(path, 0755), 0);
}

static void make_file(const Fixture *f, size_t layer, const char *name) {
        _cleanup_free_ char *path = path_in(f, layer, name), *parent = strdup(path);

        *strrchr(parent, '/') = '\0';
        assert_int_equal(dir_make_all(parent, 0755), 0);
        assert_int_equal(file_replace(AT_FDCWD, path, "", 0755, false), 0);
}

static void make_link(const Fixture *f, size_t layer, const char *target, const char *name) {
        _cleanup_free_ char *path = path_in(f, layer, name);

        assert_int_equal(symlink(target, path), 0);
}

static void white_out(const Fixture *f, size_t layer, const char *name) {
        _cleanup_free_ char *path = path_in(f, layer, name);

        assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
}

static void make_opaque(const Fixture *f, size_t layer, const char *name) {
        _cleanup_free_ char *path = path_in(f, layer, name);

        if (setxattr(path, "trusted.overlay.opaque", "y", 1, 0) < 0 && errno == EPERM)
                skip(); /* needs root */
}

static void assert_found(const Fixture *f, const char *path, const char *expected) {
        _cleanup_(root_entry_done) RootEntry e = {};
        int r = root_lookup(&f->root, path, &e);

        if (r < 0)
                fail_msg("%s: %s", path, strerror(-r));
        assert_string_equal(e.path, expected);
}

static int look_up(const Fixture *f, const char *path) {
        _cleanup_(root_entry_done) RootEntry e = {};

        return root_lookup(&f->root, path, &e);
}

static mode_t mode_of(const Fixture *f, const char *path) {
        _cleanup_(root_entry_done) RootEntry e = {};

        assert_int_equal(root_lookup(&f->root, path, &e), 0);
        return e.mode;
}

static void test_the_topmost_layer_is_seen(void **state) {
        Fixture *f = *state;

        make_file(f, 0, "bin/sh");
        make_dir(f, 1, "bin");
        make_dir(f, 0, "both");
        make_file(f, 2, "both");
        make_file(f, 0, "other");
        make_dir(f, 2, "other/below");
        assert_found(f, "/bin/sh", "/bin/sh");
        assert_found(f, "bin//./sh/", "/bin/sh");
        assert_true(S_ISREG(mode_of(f, "/both")));
        assert_true(S_ISDIR(mode_of(f, "/other/below")));
        assert_true(S_ISDIR(mode_of(f, "/")));
        assert_int_equal(look_up(f, "/bin/missing"), -ENOENT);
        assert_int_equal(look_up(f, "/missing/deep"), -ENOENT);
        assert_int_equal(look_up(f, "/bin/sh/deep"), -ENOTDIR);
        assert_int_equal(look_up(f, "/both/x"), -ENOTDIR);
}

static void test_whiteouts_hide_what_is_below(void **state) {
        Fixture *f = *state;

        if (getuid() != 0)
                skip();
        make_file(f, 0, "bin/gone");
        make_dir(f, 1, "bin");
        white_out(f, 1, "bin/gone");
        make_file(f, 0, "opt/app/run");
        white_out(f, 1, "opt");
        make_dir(f, 2, "opt/app");
        make_file(f, 0, "back");
        white_out(f, 1, "back");
        make_file(f, 2, "back");
        assert_int_equal(look_up(f, "/bin/gone"), -ENOENT);
        assert_int_equal(look_up(f, "/opt/app/run"), -ENOENT);
        assert_found(f, "/opt/app", "/opt/app");
        assert_found(f, "/back", "/back");
}

static void test_opaque_directories_hide_what_is_below(void **state) {
        Fixture *f = *state;

        make_file(f, 0, "a/b/low");
        make_file(f, 1, "a/b/middle");
        make_file(f, 2, "a/b/top");
        make_opaque(f, 1, "a");
        make_opaque(f, 1, "a/b");
        assert_int_equal(look_up(f, "/a/b/low"), -ENOENT);
        assert_found(f, "/a/b/middle", "/a/b/middle");
        assert_found(f, "/a/b/top", "/a/b/top");
        make_opaque(f, 2, "a");
        assert_int_equal(look_up(f, "/a/b/middle"), -ENOENT);
}

static void test_a_file_between_directories_hides_the_lower_one(void **state) {
        Fixture *f = *state;

        make_file(f, 0, "a/low");
        make_file(f, 1, "a");
        make_file(f, 2, "a/top");
        assert_found(f, "/a/top", "/a/top");
        assert_int_equal(look_up(f, "/a/low"), -ENOENT);
}

static void test_links_lead_through_all_layers(void **state) {
        Fixture *f = *state;
        _cleanup_(root_entry_done) RootEntry e = {};

        make_file(f, 0, "usr/bin/dash");
        make_dir(f, 1, "usr/bin");
        make_link(f, 1, "dash", "usr/bin/sh");
        make_link(f, 2, "usr/bin", "bin");
        make_link(f, 2, "/usr/../bin/.", "abs");
        assert_int_equal(root_lookup(&f->root, "/bin/sh", &e), 0);
        assert_string_equal(e.path, "/usr/bin/sh");
        assert_string_equal(e.link, "dash");
        assert_found(f, "/abs/dash", "/usr/bin/dash");
        assert_found(f, "/bin", "/bin");
        assert_found(f, "/bin/..", "/usr");
        assert_found(f, "/bin/../../..", "/");
        assert_int_equal(look_up(f, "/usr/bin/dash/.."), -ENOTDIR);
}

static void test_no_link_leads_out(void **state) {
        Fixture *f = *state;

        make_link(f, 0, "/etc/passwd", "out");
        make_link(f, 0, "../../../../../../etc", "up");
        make_dir(f, 2, "etc");
        assert_found(f, "/out", "/out");
        assert_int_equal(look_up(f, "/out/x"), -ENOENT);
        assert_found(f, "/up/.", "/up");
        assert_int_equal(look_up(f, "/up/passwd"), -ENOENT);
}

static void test_loops_end(void **state) {
        Fixture *f = *state;
        char *deep = calloc(1, 8192);

        make_link(f, 0, "b", "a");
        make_link(f, 1, "a", "b");
        make_link(f, 0, "grow/x/x/x/x/x/x", "grow");
        assert_int_equal(look_up(f, "/a/x"), -ELOOP);
        assert_int_equal(look_up(f, "/grow/x"), -ELOOP);
        memset(deep, 'n', 8191);
        assert_int_equal(look_up(f, deep), -ENAMETOOLONG);
        for (size_t i = 1; i < 8191; i += 2)
                deep[i] = '/';
        assert_int_equal(look_up(f, deep), -ENAMETOOLONG);
        free(deep);
}

static void test_the_storage_lies_on_top(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *storage = str_printf("%s/storage", f->dir),
                            *dir = str_printf("%s/upper/bin", storage),
                            *file = str_printf("%s/run", dir);

        make_file(f, 0, "bin/sh");
        f->root.storage_path = storage;
        assert_found(f, "/bin/sh", "/bin/sh");
        assert_int_equal(look_up(f, "/bin/run"), -ENOENT);
        assert_int_equal(dir_make_all(dir, 0755), 0);
        assert_int_equal(file_replace(AT_FDCWD, file, "", 0755, false), 0);
        assert_found(f, "/bin/run", "/bin/run");
        assert_found(f, "/bin/sh", "/bin/sh");

        /* Above a directory, too. */
        f->root = (RuntimeRoot) { .path = f->layers[0], .storage_path = storage };
        assert_found(f, "/bin/run", "/bin/run");
        assert_found(f, "/bin/sh", "/bin/sh");
}

static void test_inits_are_found_in_layers(void **state) {
        Fixture *f = *state;

        make_file(f, 0, "usr/bin/tini");
        make_file(f, 0, "usr/bin/bash");
        make_link(f, 1, "/usr/bin/tini", "entry");
        make_dir(f, 2, "usr/local/bin");
        make_link(f, 2, "../../bin/tini", "usr/local/bin/start");
        make_link(f, 2, "../../bin/bash", "usr/local/bin/go");
        make_dir(f, 1, "usr/bin");
        make_link(f, 1, "tini", "usr/bin/go");
        assert_true(runtime_command_is_init(&f->root, "/entry"));
        assert_true(runtime_command_is_init(&f->root, "start"));
        assert_false(runtime_command_is_init(&f->root, "bash"));
        assert_false(runtime_command_is_init(&f->root, "go")); /* the first in the path is it */
        assert_false(runtime_command_is_init(&f->root, "missing"));
}

static void test_a_missing_layer_is_an_error(void **state) {
        Fixture *f = *state;
        char *layers[] = { (char *) "/no/such/layer" };

        f->root.layers = layers;
        f->root.n_layers = 1;
        assert_int_equal(look_up(f, "/x"), -ENOENT);
        assert_false(runtime_command_is_init(&f->root, "sh"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_topmost_layer_is_seen),
                TEST(whiteouts_hide_what_is_below),
                TEST(opaque_directories_hide_what_is_below),
                TEST(a_file_between_directories_hides_the_lower_one),
                TEST(links_lead_through_all_layers),
                TEST(no_link_leads_out),
                TEST(loops_end),
                TEST(the_storage_lies_on_top),
                TEST(inits_are_found_in_layers),
                TEST(a_missing_layer_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
