/* SPDX-License-Identifier: MIT */

/* Dependencies in [Unit], those that nobody writes, and targets with and without a file. */

#include "test-unitfile-fixture.h"

#include "unitfile/target.h"

static char *const *words(const UnitSpec *u, DependencyType type) {
        return u->unit.dependencies[type];
}

static void test_a_container_has_the_defaults_of_quadlet_and_systemd(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL
                        "[Unit]\nAfter=db.service\nAfter=cache.service\nWants=db.service\n");

        (void) state;
        fixture_assert_loaded(u);
        fixture_assert_words(words(u, DEPENDENCY_WANTS), "network-online.target|db.service");
        fixture_assert_words(words(u, DEPENDENCY_AFTER),
                        "network-online.target|sysinit.target|basic.target|db.service|cache."
                        "service");
        fixture_assert_words(words(u, DEPENDENCY_REQUIRES), "sysinit.target");
        fixture_assert_words(words(u, DEPENDENCY_CONFLICTS), "shutdown.target");
        fixture_assert_words(words(u, DEPENDENCY_BEFORE), "shutdown.target");
        unit_spec_free(u);
}

static void test_paths_that_need_mounts_come_after_the_local_file_systems(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "Volume=/srv/a:/a\n"
                                "[Unit]\nDefaultDependencies=no\nRequiresMountsFor=/b /c\n"
                                "WantsMountsFor=/d\nWantsMountsFor=d\n"
                                "CollectMode=inactive-or-failed\n"
                                "[Quadlet]\nDefaultDependencies=false\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics, "'d' is not an absolute path; ignored");
        fixture_assert_words(u->unit.requires_mounts_for, "/b|/c");
        fixture_assert_words(u->unit.wants_mounts_for, "/d");
        fixture_assert_words(u->unit.implied_mounts_for, "/srv/a");
        fixture_assert_words(words(u, DEPENDENCY_AFTER), "local-fs.target");
        assert_true(u->unit.collect_failed);
        unit_spec_free(u);
}

static void test_defaults_are_switched_off_apart(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "[Unit]\nDefaultDependencies=no\nAfter=b.service\n");

        (void) state;
        fixture_assert_words(words(u, DEPENDENCY_AFTER), "network-online.target|b.service");
        assert_null(words(u, DEPENDENCY_REQUIRES));
        unit_spec_free(u);
        u = fixture_load("web.container", MINIMAL "[Quadlet]\nDefaultDependencies=false\n");
        fixture_assert_words(words(u, DEPENDENCY_AFTER), "sysinit.target|basic.target");
        assert_null(words(u, DEPENDENCY_WANTS));
        unit_spec_free(u);
}

static void test_an_empty_assignment_takes_away_the_network_only(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "[Unit]\nAfter=a.service\nAfter=\nAfter=b.service\n");

        (void) state;
        fixture_assert_words(words(u, DEPENDENCY_AFTER),
                        "sysinit.target|basic.target|a.service|b.service");
        fixture_assert_words(words(u, DEPENDENCY_WANTS), "network-online.target");
        fixture_assert_says(
                        &u->diagnostics, "notice: web.container:6: Unit.After: only the implicit");
        unit_spec_free(u);
}

static void test_old_names_of_keys_add_to_the_new_ones(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "[Unit]\nBindsTo=a.service\nBindTo=b.service\n"
                                "OnFailureIsolate=yes\nJobTimeoutSec=3s\n");

        (void) state;
        fixture_assert_words(words(u, DEPENDENCY_BINDS_TO), "a.service|b.service");
        assert_int_equal(u->unit.on_failure_job_mode, JOB_MODE_ISOLATE);
        assert_int_equal(u->unit.job_timeout_usec, 3000000);
        unit_spec_free(u);
}

static void test_what_is_no_unit_is_told_and_left_out(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "[Unit]\nAfter=db b.service web.service\nOnFailureJobMode=x\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics, "Unit.After: 'db' is not the name of a unit");
        fixture_assert_says(&u->diagnostics, "Unit.After: 'web.service' is this unit itself");
        fixture_assert_says(&u->diagnostics, "Unit.OnFailureJobMode: 'x' is no job mode");
        fixture_assert_words(words(u, DEPENDENCY_AFTER),
                        "network-online.target|sysinit.target|basic.target|b.service");
        unit_spec_free(u);
}

static void test_a_file_of_quadlets_must_be_there(void **state) {
        (void) state;
        fixture_write("etc/a.container", MINIMAL "[Unit]\nAfter=nope.container\n");
        fixture_write("etc/b.container", MINIMAL "[Unit]\nAfter=a.container t@x.container\n");
        fixture_write("etc/t@.container", MINIMAL);
        UnitSet *s = fixture_load_set("etc", NULL);
        const UnitSpec *a = unit_set_find(s, "a");
        assert_int_equal(a->load_state, UNIT_BAD_SETTING);
        fixture_assert_says(&a->diagnostics,
                        "a.container:5: Unit.After: unable to translate dependency for "
                        "nope.container");
        fixture_assert_loaded(unit_set_find(s, "b"));
        unit_set_free(s);
}

static void assert_means(const UnitSet *s, const char *word, const char *instance, const char *id) {
        char *storage = NULL;
        const char *found = unit_set_translate(s, word, instance, &storage);

        assert_non_null(found);
        assert_string_equal(found, id);
        free(storage);
}

static void test_words_mean_units(void **state) {
        (void) state;
        fixture_write("etc/a.container",
                        MINIMAL "ServiceName=other\n[Install]\nAlias=www.service\n");
        fixture_write("etc/t@.container", MINIMAL);
        fixture_write("etc/v@.volume", "[Volume]\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_means(s, "a.container", NULL, "other.service");
        assert_means(s, "www.service", NULL, "other.service");
        assert_means(s, "nope.service", NULL, "nope.service");
        assert_means(s, "t@x.container", NULL, "t@x.service");
        assert_means(s, "t@.container", "i", "t@i.service");
        assert_means(s, "t@.service", "i", "t@i.service");
        assert_means(s, "v@.volume", "i", "v-volume@i.service");
        assert_means(s, "v@x.volume", "i", "v-volume@x.service");
        assert_means(s, "default.target", NULL, "multi-user.target");
        unit_set_free(s);
}

static void test_a_target_is_a_plain_unit_of_two_sections(void **state) {
        UnitSpec *u = fixture_load("my.target",
                        "[Unit]\nDescription=Mine \\\n  and "
                        "yours\nWants=a.service\nAllowIsolate=yes\n"
                        "[Service]\nRestart=always\n[Install]\nWantedBy=multi-user.target\n");

        (void) state;
        assert_int_equal(u->kind, UNIT_KIND_TARGET);
        assert_int_equal(u->load_state, UNIT_LOADED);
        fixture_assert_says(&u->diagnostics,
                        "warning: my.target:6: section [Service] has no meaning in a .target file");
        assert_string_equal(u->unit.description, "Mine  and yours");
        assert_true(u->unit.allow_isolate);
        fixture_assert_words(words(u, DEPENDENCY_WANTS), "a.service");
        fixture_assert_words(words(u, DEPENDENCY_BEFORE), "shutdown.target");
        assert_null(words(u, DEPENDENCY_REQUIRES));
        unit_spec_free(u);
}

static void test_some_targets_are_there_without_a_file(void **state) {
        UnitSpec *u = NULL;

        (void) state;
        assert_int_equal(target_spec_new("multi-user.target", &u), 0);
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_null(u->fragment_path);
        fixture_assert_words(words(u, DEPENDENCY_REQUIRES), "basic.target");
        assert_true(u->unit.allow_isolate);
        unit_spec_free(u);
        assert_int_equal(target_spec_new("mine.target", &u), 0);
        assert_null(words(u, DEPENDENCY_REQUIRES));
        unit_spec_free(u);
        assert_int_equal(target_spec_new("mine.service", &u), -EINVAL);
        assert_true(target_is_builtin("shutdown.target"));
        assert_false(target_is_builtin("mine.target"));
        assert_true(target_is_born_active("network-online.target"));
        assert_false(target_is_born_active("network.target"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_container_has_the_defaults_of_quadlet_and_systemd),
                cmocka_unit_test(test_defaults_are_switched_off_apart),
                cmocka_unit_test(test_paths_that_need_mounts_come_after_the_local_file_systems),
                cmocka_unit_test(test_an_empty_assignment_takes_away_the_network_only),
                cmocka_unit_test(test_old_names_of_keys_add_to_the_new_ones),
                cmocka_unit_test(test_what_is_no_unit_is_told_and_left_out),
                cmocka_unit_test_setup_teardown(test_a_file_of_quadlets_must_be_there,
                                fixture_tree_setup,
                                fixture_tree_teardown),
                cmocka_unit_test_setup_teardown(
                                test_words_mean_units, fixture_tree_setup, fixture_tree_teardown),
                cmocka_unit_test(test_a_target_is_a_plain_unit_of_two_sections),
                cmocka_unit_test(test_some_targets_are_there_without_a_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
