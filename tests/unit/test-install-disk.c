/* SPDX-License-Identifier: MIT */

/* From unit files on disk to a plan, and from a plan to links on disk. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "install/apply.h"
#include "install/state.h"

typedef struct Fixture {
        char directory[32];
        char *dirs[4]; /* owned; etc, run, usr */
        char *presets[2];
        InstallWorld *world; /* owned */
        InstallPlan plan;
        Error error;
} Fixture;

static char *below(const Fixture *f, const char *path) {
        char *full = str_printf("%s/%s", f->directory, path);

        assert_non_null(full);
        return full;
}

static void put(const Fixture *f, const char *path, const char *text) {
        _cleanup_free_ char *full = below(f, path), *parent = strdup(full);

        *strrchr(parent, '/') = '\0';
        assert_int_equal(dir_make_all(parent, 0755), 0);
        assert_int_equal(file_replace(AT_FDCWD, full, text, 0644, false), 0);
}

static void put_link(const Fixture *f, const char *path, const char *target) {
        _cleanup_free_ char *full = below(f, path), *parent = strdup(full);

        *strrchr(parent, '/') = '\0';
        assert_int_equal(dir_make_all(parent, 0755), 0);
        assert_int_equal(symlink(target, full), 0);
}

static bool is_there(const Fixture *f, const char *path) {
        _cleanup_free_ char *full = below(f, path);
        struct stat st;

        return lstat(full, &st) >= 0;
}

/* Where a link leads, without the directory of the test; "" if there is none. Overwritten by the next call. */
static const char *target_of(const Fixture *f, const char *path) {
        _cleanup_free_ char *full = below(f, path);
        static char target[4096];
        ssize_t n = readlink(full, target, sizeof(target) - 1);

        target[n < 0 ? 0 : n] = '\0';
        return str_has_prefix(target, f->directory) ? target + strlen(f->directory) + 1 : target;
}

static int set_up(void **state) {
        static const char *const names[] = { "etc", "run", "usr" };
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        *f = (Fixture) { .directory = "/tmp/supd-install-XXXXXX" };
        assert_non_null(mkdtemp(f->directory));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                f->dirs[i] = below(f, names[i]);
                assert_int_equal(dir_make_all(f->dirs[i], 0755), 0);
        }
        f->presets[0] = below(f, "presets");
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        (void) dir_remove_all(AT_FDCWD, f->directory);
        for (size_t i = 0; i < ELEMENTSOF(f->dirs); i++)
                free(f->dirs[i]);
        free(f->presets[0]);
        world_free(f->world);
        install_plan_done(&f->plan);
        error_done(&f->error);
        free(f);
        return 0;
}

static void look(Fixture *f) {
        f->world = world_free(f->world);
        install_plan_done(&f->plan);
        assert_int_equal(world_read(f->dirs, f->dirs[1], f->presets, &f->world, &f->error), 0);
}

typedef int (*PlanNames)(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);

static int run(Fixture *f, PlanNames verb, const char *name, InstallFlags flags) {
        char *const names[] = { (char *) name, NULL };

        look(f);
        int r = verb(f->world, names, flags, &f->plan, &f->error);
        if (r < 0)
                fail_msg("%s: %s", name, error_text(&f->error, r));
        return install_apply(f->world, &f->plan, &f->error);
}

static void test_enabling_and_disabling_leave_what_was_there(void **state) {
        Fixture *f = *state;

        put(f,
                        "usr/a.timer",
                        "[Timer]\nOnBootSec=1\n[Install]\nWantedBy=x.target \\\n "
                        "y.target\nAlias=b.timer\n");
        assert_int_equal(run(f, install_plan_enable, "a.timer", 0), 0);
        assert_string_equal(target_of(f, "etc/x.target.wants/a.timer"), "usr/a.timer");
        assert_string_equal(target_of(f, "etc/y.target.wants/a.timer"), "usr/a.timer");
        assert_string_equal(target_of(f, "etc/b.timer"), "usr/a.timer");
        look(f);
        assert_string_equal(install_state(f->world, "a.timer"), "enabled");
        assert_string_equal(install_state(f->world, "b.timer"), "alias");

        assert_int_equal(run(f, install_plan_disable, "a.timer", 0), 0);
        assert_false(is_there(f, "etc/x.target.wants"));
        assert_false(is_there(f, "etc/b.timer"));
        look(f);
        assert_string_equal(install_state(f->world, "a.timer"), "disabled");
}

static void test_drop_ins_have_a_say_in_install(void **state) {
        Fixture *f = *state;

        put(f, "usr/a.target", "[Install]\nWantedBy=x.target\n");
        put(f, "etc/a.target.d/install.conf", "[Install]\nWantedBy=\nRequiredBy=y.target\n");
        assert_int_equal(run(f, install_plan_enable, "a.target", 0), 0);
        assert_false(is_there(f, "etc/x.target.wants"));
        assert_true(is_there(f, "etc/y.target.requires/a.target"));
}

static void test_a_directory_that_is_a_link_is_not_written_to(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *outside = below(f, "outside");

        put(f, "etc/a.target", "[Install]\nWantedBy=x.target\n");
        assert_int_equal(dir_make_all(outside, 0755), 0);
        put_link(f, "etc/x.target.wants", outside);
        assert_true(run(f, install_plan_enable, "a.target", 0) < 0);
        assert_int_equal(f->error.code, ERROR_STORAGE);
        assert_false(is_there(f, "outside/a.target"));
}

static void test_what_a_killed_one_left_is_in_nobodys_way(void **state) {
        Fixture *f = *state;

        put(f, "etc/a.target", "[Install]\nWantedBy=x.target\n");
        put_link(f, "etc/x.target.wants/.supd-new", "half");
        put(f, "etc/.supd-old/override.conf", "[Unit]\n");
        assert_int_equal(run(f, install_plan_enable, "a.target", 0), 0);
        assert_false(is_there(f, "etc/x.target.wants/.supd-new"));
        put(f, "etc/a.target.d/override.conf", "[Unit]\n");

        look(f);
        char *const names[] = { (char *) "a.target", NULL };
        assert_int_equal(install_plan_revert(f->world, names, &f->plan, &f->error), 0);
        assert_int_equal(install_apply(f->world, &f->plan, &f->error), 0);
        assert_false(is_there(f, "etc/a.target.d"));
        assert_false(is_there(f, "etc/.supd-old"));
        assert_true(is_there(f, "etc/a.target"));
}

static void test_a_link_is_replaced_in_one_step(void **state) {
        Fixture *f = *state;

        put(f, "usr/a.target", "[Install]\nAlias=b.target\n");
        put_link(f, "etc/b.target", "/nowhere");
        assert_int_equal(run(f, install_plan_enable, "a.target", INSTALL_FLAG_FORCE), 0);
        assert_string_equal(target_of(f, "etc/b.target"), "usr/a.target");
}

static void test_masks_are_told_by_what_they_are(void **state) {
        Fixture *f = *state;

        put(f, "usr/a.target", "[Unit]\n");
        put(f, "usr/b.target", "[Unit]\n");
        put(f, "etc/b.target", "");
        put(f, "etc/web.container", "[Container]\nImage=x\n");
        assert_int_equal(run(f, install_plan_mask, "a.target", INSTALL_FLAG_RUNTIME), 0);
        assert_int_equal(run(f, install_plan_mask, "web", 0), 0);
        look(f);
        assert_string_equal(install_state(f->world, "a.target"), "masked-runtime");
        assert_string_equal(install_state(f->world, "b.target"), "masked");
        assert_string_equal(install_state(f->world, "web"), "masked");
        assert_int_equal(run(f, install_plan_unmask, "web", 0), 0);
        look(f);
        assert_string_equal(install_state(f->world, "web"), "generated");
}

static void test_a_file_outside_is_linked_and_told_so(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *path = below(f, "srv/a.target");

        put(f, "srv/a.target", "[Install]\nWantedBy=x.target\n");
        assert_int_equal(run(f, install_plan_link, path, 0), 0);
        look(f);
        assert_string_equal(install_state(f->world, "a.target"), "linked");
        assert_int_equal(run(f, install_plan_enable, "a.target", 0), 0);
        look(f);
        assert_string_equal(install_state(f->world, "a.target"), "enabled");
        assert_int_equal(run(f, install_plan_disable, "a.target", 0), 0);
        assert_false(is_there(f, "etc/a.target"));
        assert_true(is_there(f, "srv/a.target"));
}

static void test_a_path_that_is_no_unit_file_is_refused(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *text = below(f, "srv/notes.txt"), *dir = below(f, "srv/d.target"),
                            *nothing = below(f, "srv/nothing.target");

        put(f, "srv/notes.txt", "x");
        put(f, "srv/d.target/x", "x");
        look(f);
        assert_int_equal(world_read_outside(f->world, text, NULL), -EINVAL);
        assert_int_equal(world_read_outside(f->world, dir, NULL), -EINVAL);
        assert_int_equal(world_read_outside(f->world, nothing, NULL), -ENOENT);
}

static void test_presets_of_an_earlier_directory_replace_those_of_the_same_name(void **state) {
        Fixture *f = *state;
        _cleanup_free_ char *first = below(f, "p1"), *second = below(f, "p2");
        char *const dirs[] = { first, second, NULL };
        _cleanup_(preset_freep) Preset *p = NULL;

        put(f, "p1/90-all.preset", "disable *\n");
        put(f, "p2/90-all.preset", "enable *\n");
        put(f, "p2/50-mine.preset", "enable a.target\n");
        put(f, "p2/00-not.conf", "disable a.target\n");
        assert_int_equal(preset_read(dirs, &p), 0);
        assert_true(preset_wants(p, "a.target", NULL));
        assert_false(preset_wants(p, "b.target", NULL));
}

static void test_a_default_target_without_a_file_is_read_back(void **state) {
        Fixture *f = *state;

        look(f);
        assert_int_equal(install_plan_set_default(f->world, "basic.target", 0, &f->plan, &f->error),
                        0);
        assert_int_equal(install_apply(f->world, &f->plan, &f->error), 0);
        look(f);
        assert_string_equal(install_default_target(f->world), "basic.target");
        assert_string_equal(install_state(f->world, "default.target"), "alias");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_enabling_and_disabling_leave_what_was_there),
                TEST(test_drop_ins_have_a_say_in_install),
                TEST(test_a_directory_that_is_a_link_is_not_written_to),
                TEST(test_what_a_killed_one_left_is_in_nobodys_way),
                TEST(test_a_link_is_replaced_in_one_step),
                TEST(test_masks_are_told_by_what_they_are),
                TEST(test_a_file_outside_is_linked_and_told_so),
                TEST(test_a_path_that_is_no_unit_file_is_refused),
                TEST(test_presets_of_an_earlier_directory_replace_those_of_the_same_name),
                TEST(test_a_default_target_without_a_file_is_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
