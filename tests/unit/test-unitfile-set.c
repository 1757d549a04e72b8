/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "test-unitfile-fixture.h"

static UnitSpec *find(UnitSet *s, const char *name) {
        UnitSpec *u = unit_set_find(s, name);

        if (!u)
                fail_msg("no unit %s", name);
        return u;
}

/* ---- search path --------------------------------------------------------------------------------- */

static void test_the_first_directory_that_has_a_file_supplies_all_of_it(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL "HostName=first\n");
        fixture_write("usr/web.container", MINIMAL "HostName=second\nMemory=1g\n");
        fixture_write("usr/other.container", MINIMAL);

        UnitSet *s = fixture_load_set("etc", "usr");
        assert_int_equal(unit_set_size(s), 2);
        assert_string_equal(find(s, "web.service")->container.hostname, "first");
        assert_true(find(s, "web.service")->container.memory_bytes == UINT64_MAX);
        assert_string_equal(find(s, "other.service")->fragment_path,
                        fixture_path("usr/other.container"));
        unit_set_free(s);
}

static void test_a_missing_directory_is_normal(void **state) {
        (void) state;
        UnitSet *s = fixture_load_set("nowhere", "neither");
        assert_int_equal(unit_set_size(s), 0);
        assert_int_equal(unit_set_diagnostics(s)->n_items, 0);
        unit_set_free(s);
}

static void test_an_unreadable_directory_does_not_stop_the_others(void **state) {
        (void) state;
        fixture_write("file", "");
        fixture_write("usr/web.container", MINIMAL);
        UnitSet *s = fixture_load_set("file", "usr");
        find(s, "web.service");
        fixture_assert_says(unit_set_diagnostics(s),
                        "/file: cannot read directory: Not a directory [unreadable]");
        unit_set_free(s);
}

static void test_subdirectories_come_directly_after_their_parent(void **state) {
        (void) state;
        fixture_write("etc/b/web.container", MINIMAL "HostName=b\n");
        fixture_write("etc/a/deep/web.container", MINIMAL "HostName=a\n");
        fixture_write("usr/web.container", MINIMAL "HostName=usr\n");
        fixture_write("etc/skipped.d/x.container", MINIMAL);
        fixture_write("etc/skipped.wants/y.container", MINIMAL);
        fixture_link("..", "etc/a/loop");

        UnitSet *s = fixture_load_set("etc", "usr");
        assert_string_equal(find(s, "web.service")->container.hostname, "a");
        assert_null(unit_set_find(s, "x.service"));
        assert_null(unit_set_find(s, "y.service"));
        unit_set_free(s);
}

static void test_other_files_are_ignored(void **state) {
        (void) state;
        fixture_write("etc/README", "x");
        fixture_write("etc/web.conf", "x");
        fixture_write("etc/web.container~", "x");
        fixture_write("etc/.web.container", "x");
        fixture_write("etc/noextension", "x");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_size(s), 0);
        assert_int_equal(unit_set_diagnostics(s)->n_items, 0);
        unit_set_free(s);
}

static void test_a_file_whose_name_no_unit_has_is_reported(void **state) {
        (void) state;
        fixture_write("etc/a b.container", MINIMAL);
        fixture_write("etc/@x.container", MINIMAL);
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_size(s), 0);
        fixture_assert_says(unit_set_diagnostics(s), "/etc/a b.container: not the name of a unit");
        fixture_assert_says(unit_set_diagnostics(s), "/etc/@x.container: not the name of a unit");
        unit_set_free(s);
}

static void test_one_bad_file_never_keeps_the_others_from_loading(void **state) {
        char *big = malloc(UNIT_FILE_SIZE_MAX + 2);

        (void) state;
        assert_non_null(big);
        memset(big, '#', UNIT_FILE_SIZE_MAX + 1);
        big[UNIT_FILE_SIZE_MAX + 1] = '\0';
        fixture_write("etc/a.container", "nonsense\n");
        fixture_write("etc/b.container", big);
        fixture_link("nowhere", "etc/c.container");
        assert_int_equal(mkfifo(fixture_path("etc/d.container"), 0600), 0);
        fixture_write("etc/e.volume", "[Volume]\n");
        fixture_write("etc/web.container", MINIMAL);
        free(big);

        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(find(s, "a.service")->load_state, UNIT_BAD_SETTING);
        assert_int_equal(find(s, "b.service")->load_state, UNIT_ERROR);
        fixture_assert_says(&find(s, "b.service")->diagnostics,
                        "the file is larger than 1048576 bytes");
        assert_int_equal(find(s, "c.service")->load_state, UNIT_ERROR);
        fixture_assert_says(&find(s, "c.service")->diagnostics, "No such file or directory");
        assert_int_equal(find(s, "d.service")->load_state, UNIT_ERROR);
        assert_int_equal(find(s, "e-volume.service")->load_state, UNIT_BAD_SETTING);
        fixture_assert_loaded(find(s, "web.service"));
        unit_set_free(s);
}

static void test_a_file_of_the_largest_size_loads(void **state) {
        char *big = malloc(UNIT_FILE_SIZE_MAX + 1);

        (void) state;
        assert_non_null(big);
        memset(big, '#', UNIT_FILE_SIZE_MAX);
        memcpy(big, MINIMAL, strlen(MINIMAL));
        big[UNIT_FILE_SIZE_MAX] = '\0';
        fixture_write("etc/web.container", big);
        free(big);
        UnitSet *s = fixture_load_set("etc", NULL);
        fixture_assert_loaded(find(s, "web.service"));
        unit_set_free(s);
}

static void test_types_of_later_versions_are_known_and_refused(void **state) {
        static const struct {
                const char *file, *id;
        } cases[] = {
                { "b.volume", "b-volume.service" },
                { "c.network", "c-network.service" },
                { "e.service", "e.service" },
                { "i@x.volume", "i-volume@x.service" },
                { "j.kube", "j.service" },
                { "k.build", "k-build.service" },
                { "l.artifact", "l-artifact.service" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char name[64];
                (void) snprintf(name, sizeof(name), "etc/%s", cases[i].file);
                fixture_write(name, "anything");
        }
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_size(s), ELEMENTSOF(cases));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = find(s, cases[i].id);
                assert_int_equal(u->kind, UNIT_KIND_UNSUPPORTED);
                assert_int_equal(u->load_state, UNIT_BAD_SETTING);
                assert_ptr_equal(find(s, cases[i].file), u);
                fixture_assert_says(&u->diagnostics, "[unsupported-type]");
        }
        fixture_assert_says(&find(s, "b.volume")->diagnostics,
                        "unit type .volume is not supported yet");
        fixture_assert_says(&find(s, "k.build")->diagnostics,
                        "unit type .build is not supported by supd");
        unit_set_free(s);
}

static void test_the_default_path_is_in_the_order_of_the_reference(void **state) {
        char **dirs = NULL;

        (void) state;
        assert_int_equal(unsetenv("SUPD_UNIT_DIRS") | unsetenv("QUADLET_UNIT_DIRS"), 0);
        assert_int_equal(unit_dirs_default(&dirs, NULL), 0);
        fixture_assert_words(dirs,
                        "/etc/supd/units|/run/supd/units|/run/containers/systemd|/etc/containers/"
                        "systemd|"
                        "/usr/lib/supd/units|/usr/share/containers/systemd");
        strv_free(dirs);
}

static void test_the_environment_replaces_the_path_up_to_a_relative_entry(void **state) {
        char **dirs = NULL;
        Error error = {};

        (void) state;
        assert_int_equal(setenv("QUADLET_UNIT_DIRS", "/q", 1), 0);
        assert_int_equal(unit_dirs_default(&dirs, NULL), 0);
        fixture_assert_words(dirs, "/q");
        dirs = strv_free(dirs);
        assert_int_equal(setenv("SUPD_UNIT_DIRS", "/a:/b:c:/d", 1), 0);
        assert_int_equal(unit_dirs_default(&dirs, &error), -EINVAL);
        fixture_assert_words(dirs, "/a|/b");
        assert_non_null(strstr(error_text(&error, 0), "'c' is not an absolute path"));
        error_done(&error);
        strv_free(dirs);
        assert_int_equal(unsetenv("SUPD_UNIT_DIRS") | unsetenv("QUADLET_UNIT_DIRS"), 0);
}

/* ---- masks, links, collisions -------------------------------------------------------------------- */

static void test_an_empty_file_or_a_link_to_null_masks(void **state) {
        (void) state;
        fixture_write("etc/a.container", "");
        fixture_link("/dev/null", "etc/b.container");
        fixture_write("usr/a.container", MINIMAL);
        fixture_write("usr/b.container", MINIMAL);
        fixture_write("usr/a.container.d/x.conf", MINIMAL);
        UnitSet *s = fixture_load_set("etc", "usr");
        assert_int_equal(find(s, "a.service")->load_state, UNIT_MASKED);
        assert_int_equal(find(s, "b.service")->load_state, UNIT_MASKED);
        assert_int_equal(find(s, "a.service")->diagnostics.n_items, 0);
        unit_set_free(s);
}

static void test_a_link_to_another_name_in_the_path_is_an_alias(void **state) {
        (void) state;
        fixture_write("usr/web.container", MINIMAL);
        fixture_link("../usr/web.container", "etc/www.container");
        UnitSet *s = fixture_load_set("etc", "usr");
        assert_int_equal(unit_set_size(s), 1);
        assert_ptr_equal(find(s, "www.container"), find(s, "web.service"));
        assert_ptr_equal(find(s, "www"), find(s, "web"));
        unit_set_free(s);
}

static void test_a_link_out_of_the_path_is_a_unit_of_its_own(void **state) {
        (void) state;
        fixture_write("opt/anything.txt", MINIMAL);
        fixture_link("../opt/anything.txt", "etc/web.container");
        UnitSet *s = fixture_load_set("etc", NULL);
        fixture_assert_loaded(find(s, "web.service"));
        assert_string_equal(find(s, "web")->fragment_path, fixture_path("etc/web.container"));
        unit_set_free(s);
}

static void test_an_alias_of_another_type_is_refused(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_link("web.container", "etc/web.pod");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_size(s), 1);
        fixture_assert_says(unit_set_diagnostics(s),
                        "web.pod: links to a unit that is not loaded or is of another");
        unit_set_free(s);
}

static void test_install_aliases_are_names_of_the_unit(void **state) {
        (void) state;
        fixture_write("etc/web.container",
                        MINIMAL "[Install]\nAlias=www.service front.container\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_ptr_equal(find(s, "www"), find(s, "web"));
        assert_ptr_equal(find(s, "front.container"), find(s, "web"));
        assert_ptr_equal(find(s, "front.service"), find(s, "web"));
        unit_set_free(s);
}

static void test_of_two_files_for_one_service_the_second_is_rejected(void **state) {
        (void) state;
        fixture_write("etc/a.container", MINIMAL "HostName=first\n");
        fixture_write("etc/b.container", MINIMAL "ServiceName=a\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_size(s), 1);
        assert_string_equal(find(s, "a.service")->container.hostname, "first");
        assert_null(unit_set_find(s, "b.container"));
        fixture_assert_says(unit_set_diagnostics(s),
                        "/etc/b.container: service a.service is already made by ");
        unit_set_free(s);
}

static void test_a_plain_service_overrides_the_one_of_a_container(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_write("etc/web.service", "[Service]\nExecStart=/bin/true\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(find(s, "web.service")->kind, UNIT_KIND_UNSUPPORTED);
        fixture_assert_says(unit_set_diagnostics(s),
                        "web.container: service web.service is already made by");
        unit_set_free(s);
}

/* ---- drop-ins ------------------------------------------------------------------------------------ */

static void test_drop_ins_apply_in_order_of_their_names_from_all_levels(void **state) {
        (void) state;
        fixture_write("etc/a-b-c.container", MINIMAL "Environment=W=0\n");
        fixture_write("etc/a-b-c.container.d/30.conf",
                        "[Container]\nEnvironment=A=full\nHostName=full\n");
        fixture_write("etc/a-b-.container.d/20.conf",
                        "[Container]\nEnvironment=B=ab\nHostName=ab\n");
        fixture_write("usr/a-.container.d/10.conf", "[Container]\nEnvironment=C=a\nHostName=a\n");
        fixture_write("usr/container.d/40.conf", "[Container]\nEnvironment=D=type\n");
        fixture_write("etc/x-.container.d/10.conf", "[Container]\nHostName=other\n");
        fixture_write("etc/a-b-c.container.d/ignored.txt", "[Container]\nHostName=ignored\n");

        UnitSet *s = fixture_load_set("etc", "usr");
        UnitSpec *u = find(s, "a-b-c.service");
        fixture_assert_loaded(u);
        assert_string_equal(u->container.hostname, "full");
        fixture_assert_words(u->container.process.environment, "A=full|B=ab|C=a|D=type|W=0");
        assert_int_equal(strv_length(u->dropin_paths), 4);
        assert_string_equal(u->dropin_paths[0], fixture_path("usr/a-.container.d/10.conf"));
        assert_string_equal(u->dropin_paths[3], fixture_path("usr/container.d/40.conf"));
        unit_set_free(s);
}

static void test_of_equal_drop_in_names_the_more_specific_one_wins(void **state) {
        (void) state;
        fixture_write("etc/a-b.container", MINIMAL);
        fixture_write("etc/a-.container.d/10.conf", "[Container]\nHostName=less\n");
        fixture_write("usr/a-b.container.d/10.conf", "[Container]\nHostName=more\n");
        fixture_write("etc/a-b.container.d/20.conf", "[Container]\nTimezone=UTC\n");
        fixture_write("usr/a-b.container.d/20.conf", "[Container]\nTimezone=CET\n");

        UnitSet *s = fixture_load_set("etc", "usr");
        assert_string_equal(find(s, "a-b")->container.hostname, "more");
        assert_string_equal(find(s, "a-b")->container.root.timezone, "UTC");
        unit_set_free(s);
}

static void test_an_instance_has_its_own_and_its_templates_drop_ins(void **state) {
        (void) state;
        fixture_write("etc/a-b@.container", MINIMAL);
        fixture_write("etc/a-b@x-y.container.d/1.conf", "[Container]\nEnvironment=A=1\n");
        fixture_write("etc/a-b@.container.d/2.conf", "[Container]\nEnvironment=B=%i\n");
        fixture_write("etc/a-@.container.d/3.conf", "[Container]\nEnvironment=C=3\n");
        fixture_write("etc/a-.container.d/4.conf", "[Container]\nEnvironment=D=4\n");
        fixture_write("etc/a-b@x-.container.d/5.conf", "[Container]\nEnvironment=E=5\n");

        UnitSet *s = fixture_load_set("etc", NULL);
        UnitSpec *u = NULL;
        assert_int_equal(unit_set_instantiate(s, "a-b@x-y.service", &u, NULL), 1);
        fixture_assert_loaded(u);
        fixture_assert_words(u->container.process.environment, "A=1|B=x-y|C=3|D=4");
        unit_set_free(s);
}

static void test_a_drop_in_that_cannot_be_read_does_no_further_harm(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_link("nowhere", "etc/web.container.d/10.conf");
        fixture_write("etc/web.container.d/20.conf", "[Container]\nHostName=h\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        UnitSpec *u = find(s, "web");
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_string_equal(u->container.hostname, "h");
        fixture_assert_says(&u->diagnostics,
                        "10.conf: cannot read the file: No such file or directory [unreadable]");
        unit_set_free(s);
}

/* ---- templates ----------------------------------------------------------------------------------- */

static void test_an_instance_is_made_from_its_template_by_any_of_its_names(void **state) {
        static const char *const names[] = { "web@a", "web@b.service", "web@c.container", NULL };

        (void) state;
        fixture_write("etc/web@.container", MINIMAL "HostName=h-%i\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_true(find(s, "web@.service")->is_template);
        assert_int_equal(unit_set_size(s), 1);
        for (int i = 0; names[i]; i++) {
                UnitSpec *u = NULL, *again = NULL;
                char id[32], host[8];

                assert_int_equal(unit_set_instantiate(s, names[i], &u, NULL), 1);
                fixture_assert_loaded(u);
                (void) snprintf(id, sizeof(id), "web@%c.service", "abc"[i]);
                (void) snprintf(host, sizeof(host), "h-%c", "abc"[i]);
                assert_string_equal(u->id, id);
                assert_string_equal(u->container.hostname, host);
                assert_false(u->is_template);
                assert_int_equal(unit_set_instantiate(s, names[i], &again, NULL), 1);
                assert_ptr_equal(again, u);
                assert_ptr_equal(find(s, id), u);
        }
        unit_set_free(s);
}

static void test_a_file_of_an_instance_goes_before_its_template(void **state) {
        (void) state;
        fixture_write("etc/web@.container", MINIMAL "HostName=template\n");
        fixture_write("usr/web@a.container", MINIMAL "HostName=own-%i\n");
        fixture_link("web@.container", "etc/web@b.container");
        UnitSet *s = fixture_load_set("etc", "usr");
        assert_string_equal(find(s, "web@a")->container.hostname, "own-a");
        assert_string_equal(find(s, "web@b")->container.hostname, "template");
        assert_string_equal(find(s, "web@b")->instance, "b");
        unit_set_free(s);
}

static void test_without_a_template_there_is_no_instance(void **state) {
        UnitSpec *u = NULL;

        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_write("etc/t@.container", MINIMAL);
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_instantiate(s, "web@a", &u, NULL), 0);
        assert_int_equal(unit_set_instantiate(s, "nothing", &u, NULL), 0);
        assert_int_equal(unit_set_instantiate(s, "t@a/b", &u, NULL), 0);
        assert_int_equal(unit_set_instantiate(s, "t@a b.service", &u, NULL), 0);
        assert_int_equal(unit_set_instantiate(s, "", &u, NULL), 0);
        assert_int_equal(unit_set_instantiate(s, "@", &u, NULL), 0);
        assert_null(u);
        unit_set_free(s);
}

static void test_a_template_with_a_service_name_makes_instances_of_that(void **state) {
        UnitSpec *u = NULL;

        (void) state;
        fixture_write("etc/web@.container", MINIMAL "ServiceName=www@\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_instantiate(s, "www@a.service", &u, NULL), 1);
        assert_string_equal(u->id, "www@a.service");
        assert_string_equal(u->file_name, "web@a.container");
        unit_set_free(s);
}

/* ---- using the set ------------------------------------------------------------------------------- */

static void test_a_unit_that_was_taken_leaves_its_names_behind(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL "[Install]\nAlias=www\n");
        UnitSet *s = fixture_load_set("etc", NULL);
        UnitSpec *u = unit_set_take(s, "web.service"), *again = NULL;
        assert_string_equal(u->id, "web.service");
        assert_null(unit_set_find(s, "web.service"));
        assert_null(unit_set_find(s, "web"));
        assert_null(unit_set_at(s, 0));
        assert_null(unit_set_take(s, "web.service"));
        assert_string_equal(unit_set_resolve(s, "web.container"), "web.service");
        assert_string_equal(unit_set_resolve(s, "www"), "web.service");
        assert_null(unit_set_resolve(s, "nothing"));
        assert_int_equal(unit_set_instantiate(s, "web", &again, NULL), 1);
        fixture_assert_loaded(again);
        assert_ptr_equal(find(s, "www"), again);
        unit_spec_free(u);
        unit_set_free(s);
}

static void test_dependency_directories_are_like_wanted_by(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL "[Install]\nWantedBy=a.target\n");
        fixture_write("etc/t@.container", MINIMAL);
        fixture_link("../web.container", "etc/b.target.wants/web.container");
        fixture_link("../web.container", "etc/a.target.wants/web.service");
        fixture_write("etc/c.target.requires/web.service", "");
        fixture_write("etc/d.target.upholds/t@x.service", "");
        fixture_write("etc/d.target.wants/missing.service", "");
        UnitSet *s = fixture_load_set("etc", NULL);
        char ***web = find(s, "web")->unit.dependencies;
        fixture_assert_words(web[DEPENDENCY_WANTED_BY], "a.target|b.target");
        fixture_assert_words(web[DEPENDENCY_REQUIRED_BY], "c.target");
        fixture_assert_words(find(s, "t@x")->unit.dependencies[DEPENDENCY_UPHELD_BY], "d.target");
        unit_set_free(s);
}

/* ---- single files -------------------------------------------------------------------------------- */

static void load_file(const char *path, UnitSpec **ret) {
        _cleanup_(unit_file_loader_freep) UnitFileLoader *loader = NULL;

        assert_int_equal(unit_file_loader_new(&loader), 0);
        assert_int_equal(unit_file_loader_load(loader, path, ret), 0);
}

static void test_a_single_file_is_loaded_with_its_drop_ins_and_shown_as_given(void **state) {
        UnitSpec *u = NULL;
        char expected[512];

        (void) state;
        fixture_write("x/web.container", MINIMAL "Memory=1q\n");
        fixture_write("x/web.container.d/10.conf", "[Container]\nHostName=h\n");
        fixture_write("x/broken.container", "nonsense");
        fixture_write("x/sub/container.d/10.conf", "[Container]\nHostName=not-this\n");
        load_file(fixture_path("x/web.container"), &u);
        (void) snprintf(expected,
                        sizeof(expected),
                        "error: %s:4: Container.Memory: '1q' is not a size [bad-value]\n",
                        fixture_path("x/web.container"));
        assert_string_equal(fixture_diagnostics(&u->diagnostics), expected);
        assert_string_equal(u->container.hostname, "h");
        unit_spec_free(u);
}

static void test_a_relative_path_is_shown_as_given_and_the_fragment_is_absolute(void **state) {
        char before[4096];
        UnitSpec *u = NULL;

        (void) state;
        assert_non_null(getcwd(before, sizeof(before)));
        fixture_write("x/web.container", MINIMAL "Bogus=1\n");
        assert_int_equal(chdir(fixture_path("x")), 0);
        load_file("web.container", &u);
        fixture_assert_says(&u->diagnostics, "error: web.container:4: unknown key 'Bogus'");
        assert_string_equal(u->fragment_path, fixture_path("x/web.container"));
        assert_int_equal(chdir(before), 0);
        unit_spec_free(u);
}

static void test_a_file_that_cannot_be_loaded_alone_says_why(void **state) {
        static const struct {
                const char *name, *says;
        } cases[] = {
                { "missing.container",
                                "missing.container: cannot read the file: No such file or "
                                "directory" },
                { "x.txt", "x.txt: not the name of a unit file [bad-name]" },
                { "dir.container", "dir.container: cannot read the file: Is a directory" },
        };

        (void) state;
        fixture_write("x.txt", MINIMAL);
        fixture_write("dir.container/x", "");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = NULL;

                load_file(fixture_path(cases[i].name), &u);
                assert_int_equal(u->load_state, UNIT_ERROR);
                fixture_assert_says(&u->diagnostics, cases[i].says);
                unit_spec_free(u);
        }
}

static void test_the_shipped_examples_load_without_a_word(void **state) {
        char *dirs[] = { (char *) "units", NULL };
        UnitSet *s = NULL;

        (void) state;
        if (access("units/demo", R_OK) < 0) { /* run from elsewhere than the root of the tree */
                skip();
                return;
        }
        assert_int_equal(unit_set_load(dirs, &s, NULL), 0);
        assert_int_equal(unit_set_diagnostics(s)->n_items, 0);
        assert_true(unit_set_size(s) >= 4);
        for (size_t i = 0; i < unit_set_size(s); i++) {
                if (unit_set_at(s, i)->kind == UNIT_KIND_CONTAINER)
                        fixture_assert_loaded(unit_set_at(s, i));
        }
        unit_set_free(s);
}

/* ---- one unit once more -------------------------------------------------------------------------- */

static UnitSpec *reread(UnitSet *s, const char *id, const char *dropin_dir) {
        char *dirs[] = { (char *) fixture_path(dropin_dir), NULL };
        UnitSpec *u = NULL;

        assert_int_equal(unit_set_reread(s, id, dirs, &u), 1);
        return u;
}

static void test_a_unit_is_read_again_with_drop_ins_that_came_changed_and_went(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_write("etc/other.container", MINIMAL);
        UnitSet *s = fixture_load_set("etc", "usr");

        fixture_write("etc/web.container.d/50-a.conf", "[Container]\nHostName=one\n");
        UnitSpec *u = reread(s, "web.service", "etc/web.container.d");
        assert_string_equal(u->container.hostname, "one");
        assert_int_equal(strv_length(u->dropin_paths), 1);
        unit_spec_free(u);

        fixture_write("etc/web.container.d/60-b.conf", "[Container]\nHostName=two\n");
        u = reread(s, "web.service", "etc/web.container.d");
        assert_string_equal(u->container.hostname, "two");
        unit_spec_free(u);

        assert_int_equal(dir_remove_all(AT_FDCWD, fixture_path("etc/web.container.d")), 0);
        u = reread(s, "web.service", "etc/web.container.d");
        assert_null(u->container.hostname);
        unit_spec_free(u);
        unit_set_free(s);
}

/* Drop-ins of one name: the first directory's counts, whenever it came. */
static void test_a_drop_in_directory_that_came_later_has_its_place_in_the_path(void **state) {
        (void) state;
        fixture_write("etc/x", "");
        fixture_write("usr/web.container", MINIMAL);
        fixture_write("usr/web.container.d/a.conf", "[Container]\nHostName=usr\n");
        UnitSet *s = fixture_load_set("etc", "usr");

        fixture_write("etc/web.container.d/a.conf", "[Container]\nHostName=etc\n");
        UnitSpec *u = reread(s, "web.service", "etc/web.container.d");
        assert_string_equal(u->container.hostname, "etc");
        unit_spec_free(u);
        unit_set_free(s);
}

static void test_drop_ins_in_a_directory_that_was_not_there_need_all_to_be_read(void **state) {
        _cleanup_free_ char *path = strdup(fixture_path("run/web.container.d"));
        char *dirs[] = { path, NULL };
        UnitSpec *u = NULL;

        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        UnitSet *s = fixture_load_set("run", "etc");
        assert_int_equal(unit_set_reread(s, "web.service", dirs, &u), 1);
        unit_spec_free(u);

        fixture_write("run/web.container.d/a.conf", "[Container]\nHostName=x\n");
        assert_int_equal(unit_set_reread(s, "web.service", dirs, &u), 0);
        unit_set_free(s);
}

static void test_links_in_wants_directories_hold_for_a_unit_read_again(void **state) {
        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_write("etc/boot.target.wants/web.container", "");
        UnitSet *s = fixture_load_set("etc", NULL);
        UnitSpec *u = reread(s, "web.service", "etc/web.container.d");

        fixture_assert_words(u->unit.dependencies[DEPENDENCY_WANTED_BY], "boot.target");
        unit_spec_free(u);
        unit_set_free(s);
}

static void test_a_unit_without_file_or_with_another_name_needs_all_to_be_read(void **state) {
        char *dirs[] = { NULL };
        UnitSpec *u = NULL;

        (void) state;
        fixture_write("etc/web.container", MINIMAL);
        fixture_write("etc/app.container", MINIMAL);
        UnitSet *s = fixture_load_set("etc", NULL);
        assert_int_equal(unit_set_reread(s, "nonesuch.service", dirs, &u), 0);
        assert_int_equal(unlink(fixture_path("etc/web.container")), 0);
        assert_int_equal(unit_set_reread(s, "web.service", dirs, &u), 0);
        fixture_write("etc/app.container", MINIMAL "ServiceName=other\n");
        assert_int_equal(unit_set_reread(s, "app.service", dirs, &u), 0);
        assert_null(u);
        unit_set_free(s);
}

#define tree_test(f) cmocka_unit_test_setup_teardown(f, fixture_tree_setup, fixture_tree_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                tree_test(test_the_first_directory_that_has_a_file_supplies_all_of_it),
                tree_test(test_a_missing_directory_is_normal),
                tree_test(test_an_unreadable_directory_does_not_stop_the_others),
                tree_test(test_subdirectories_come_directly_after_their_parent),
                tree_test(test_other_files_are_ignored),
                tree_test(test_a_file_whose_name_no_unit_has_is_reported),
                tree_test(test_one_bad_file_never_keeps_the_others_from_loading),
                tree_test(test_a_file_of_the_largest_size_loads),
                tree_test(test_types_of_later_versions_are_known_and_refused),
                tree_test(test_the_default_path_is_in_the_order_of_the_reference),
                tree_test(test_the_environment_replaces_the_path_up_to_a_relative_entry),
                tree_test(test_an_empty_file_or_a_link_to_null_masks),
                tree_test(test_a_link_to_another_name_in_the_path_is_an_alias),
                tree_test(test_a_link_out_of_the_path_is_a_unit_of_its_own),
                tree_test(test_an_alias_of_another_type_is_refused),
                tree_test(test_install_aliases_are_names_of_the_unit),
                tree_test(test_of_two_files_for_one_service_the_second_is_rejected),
                tree_test(test_a_plain_service_overrides_the_one_of_a_container),
                tree_test(test_drop_ins_apply_in_order_of_their_names_from_all_levels),
                tree_test(test_of_equal_drop_in_names_the_more_specific_one_wins),
                tree_test(test_an_instance_has_its_own_and_its_templates_drop_ins),
                tree_test(test_a_drop_in_that_cannot_be_read_does_no_further_harm),
                tree_test(test_an_instance_is_made_from_its_template_by_any_of_its_names),
                tree_test(test_a_file_of_an_instance_goes_before_its_template),
                tree_test(test_without_a_template_there_is_no_instance),
                tree_test(test_a_template_with_a_service_name_makes_instances_of_that),
                tree_test(test_a_unit_that_was_taken_leaves_its_names_behind),
                tree_test(test_dependency_directories_are_like_wanted_by),
                tree_test(test_a_single_file_is_loaded_with_its_drop_ins_and_shown_as_given),
                tree_test(test_a_relative_path_is_shown_as_given_and_the_fragment_is_absolute),
                tree_test(test_a_file_that_cannot_be_loaded_alone_says_why),
                tree_test(test_the_shipped_examples_load_without_a_word),
                tree_test(test_a_unit_is_read_again_with_drop_ins_that_came_changed_and_went),
                tree_test(test_a_drop_in_directory_that_came_later_has_its_place_in_the_path),
                tree_test(test_drop_ins_in_a_directory_that_was_not_there_need_all_to_be_read),
                tree_test(test_links_in_wants_directories_hold_for_a_unit_read_again),
                tree_test(test_a_unit_without_file_or_with_another_name_needs_all_to_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
