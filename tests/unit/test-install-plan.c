/* SPDX-License-Identifier: MIT */

/* Which links enabling, disabling, masking and so on make and take away, decided without a disk. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "install/plan.h"
#include "install/state.h"
#include "unitfile/unit-type.h"

#define ETC "/etc/supd/units"
#define RUN "/run/supd/units"
#define USR "/usr/lib/supd/units"

typedef struct Fixture {
        InstallWorld *world; /* owned */
        InstallPlan plan;
        Error error;
        char *told; /* owned; the plan in one line */
} Fixture;

static int set_up(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_int_equal(world_new(&f->world), 0);
        f->world->presets = calloc(1, sizeof(Preset));
        assert_int_equal(str_replace(&f->world->dirs[INSTALL_PERSISTENT], ETC), 0);
        assert_int_equal(str_replace(&f->world->dirs[INSTALL_RUNTIME], RUN), 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        world_free(f->world);
        install_plan_done(&f->plan);
        error_done(&f->error);
        free(f->told);
        free(f);
        return 0;
}

static void add_words(char ***list, const char *words) {
        _cleanup_free_ char *copy = strdup(words);
        char *rest = copy;

        for (char *word; (word = strsep(&rest, " "));)
                assert_int_equal(strv_append(list, word), 0);
}

/* "WantedBy=a.target b.target" and so on. */
static void add_install(InstallSpec *i, const char *line) {
        const struct {
                const char *key;
                char ***list;
        } lists[] = {
                { "WantedBy=", &i->wanted_by },
                { "RequiredBy=", &i->required_by },
                { "UpheldBy=", &i->upheld_by },
                { "Alias=", &i->alias },
                { "Also=", &i->also },
        };

        for (size_t k = 0; k < ELEMENTSOF(lists); k++) {
                if (str_has_prefix(line, lists[k].key))
                        add_words(lists[k].list, line + strlen(lists[k].key));
        }
        if (str_has_prefix(line, "DefaultInstance="))
                assert_int_equal(str_replace(&i->default_instance, strchr(line, '=') + 1), 0);
}

/* @lines: of [Install], newlines between. */
static InstallFile *file(Fixture *f, const char *path, const char *lines) {
        InstallFile *file = calloc(1, sizeof(*file)), *kept = file;
        const char *name = strrchr(path, '/') + 1;
        _cleanup_free_ char *copy = strdup(lines);
        char *rest = copy;

        assert_non_null(file);
        file->name = strdup(name);
        file->path = strdup(path);
        file->id = unit_service_id(name, NULL);
        file->quadlet = unit_type_is_quadlet(unit_type_find(name));
        file->place = str_has_prefix(path, ETC)   ? INSTALL_PERSISTENT
                      : str_has_prefix(path, RUN) ? INSTALL_RUNTIME
                                                  : INSTALL_ELSEWHERE;
        for (char *line; (line = strsep(&rest, "\n"));)
                add_install(&file->install, line);
        if (file->place == INSTALL_ELSEWHERE)
                assert_int_equal(world_add_original(f->world, name), 0);
        assert_int_equal(world_add_file(f->world, &file), 0);
        return kept;
}

static void entry(Fixture *f, const char *path, const char *target) {
        InstallEntry e = {
                .path = (char *) path,
                .target = (char *) target,
                .place = str_has_prefix(path, ETC) ? INSTALL_PERSISTENT : INSTALL_RUNTIME,
                .is_directory = str_has_suffix(path, ".d"),
                .dependency = strstr(path, ".wants/") || strstr(path, ".requires/"),
        };

        assert_int_equal(world_add_entry(f->world, &e), 0);
}

typedef int (*PlanNames)(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);

/* The plan in words, its two directories shortened: "+/etc/a -> /usr/b" and "-/etc/a", a blank between. */
static const char *tell(Fixture *f) {
        _cleanup_strv_ char **words = NULL;

        for (size_t i = 0; i < f->plan.n_changes; i++) {
                const InstallChange *c = &f->plan.changes[i];
                const char *path = str_has_prefix(c->path, ETC)   ? c->path + strlen(ETC) + 1
                                   : str_has_prefix(c->path, RUN) ? c->path + strlen("/run/supd/")
                                                                  : c->path;
                if (c->type == INSTALL_SYMLINK)
                        assert_int_equal(strv_append_printf(&words, "+%s>%s", path, c->source), 0);
                else if (c->type == INSTALL_UNLINK)
                        assert_int_equal(strv_append_printf(&words, "-%s", path), 0);
                else
                        assert_int_equal(strv_append_printf(&words,
                                                         "%s:%s",
                                                         install_change_type_to_string(c->type),
                                                         path),
                                        0);
        }
        install_plan_done(&f->plan);
        free(f->told);
        f->told = words ? strv_join(words, " ") : strdup("");
        return f->told;
}

static int plan(Fixture *f, PlanNames verb, const char *names, InstallFlags flags) {
        _cleanup_strv_ char **list = NULL;

        add_words(&list, names);
        error_done(&f->error);
        f->error = (Error) {};
        if (map_size(f->world->ids) == 0)
                assert_int_equal(world_settle(f->world), 0);
        return verb(f->world, list, flags, &f->plan, &f->error);
}

static void
expect(Fixture *f, PlanNames verb, const char *names, InstallFlags flags, const char *wanted) {
        int r = plan(f, verb, names, flags);

        if (r < 0)
                fail_msg("%s: %s", names, error_text(&f->error, r));
        assert_string_equal(tell(f), wanted);
}

static void refuse(Fixture *f,
                PlanNames verb,
                const char *names,
                InstallFlags flags,
                int number,
                ErrorCode code) {
        assert_int_equal(plan(f, verb, names, flags), number);
        assert_int_equal(f->error.code, code);
        assert_non_null(f->error.message);
        install_plan_done(&f->plan);
}

/* ---- enabling ----------------------------------------------------------------------------------- */

static void test_enabling_makes_a_link_for_each_word_of_install(void **state) {
        Fixture *f = *state;

        file(f,
                        USR "/a.timer",
                        "WantedBy=timers.target "
                        "x.target\nRequiredBy=y.target\nUpheldBy=z.target\nAlias=b.timer");
        expect(f,
                        install_plan_enable,
                        "a.timer",
                        0,
                        "+b.timer>" USR "/a.timer +timers.target.wants/a.timer>" USR
                        "/a.timer +x.target.wants/a.timer>" USR
                        "/a.timer +y.target.requires/a.timer>" USR
                        "/a.timer +z.target.upholds/a.timer>" USR "/a.timer");
}

static void test_a_name_without_a_type_is_a_service(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "WantedBy=x.target");
        expect(f, install_plan_enable, "a", 0, "+x.target.wants/a.service>" ETC "/a.service");
}

static void test_runtime_links_are_in_the_runtime_directory(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "WantedBy=x.target");
        expect(f,
                        install_plan_enable,
                        "a",
                        INSTALL_FLAG_RUNTIME,
                        "+units/x.target.wants/a.service>" ETC "/a.service");
}

static void test_without_a_runtime_directory_there_is_no_runtime_enabling(void **state) {
        Fixture *f = *state;

        f->world->dirs[INSTALL_RUNTIME] = (free(f->world->dirs[INSTALL_RUNTIME]), NULL);
        file(f, ETC "/a.service", "WantedBy=x.target");
        refuse(f, install_plan_enable, "a", INSTALL_FLAG_RUNTIME, -EROFS, ERROR_INVALID_ARGUMENT);
}

static void test_a_link_that_is_there_is_no_change(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "WantedBy=x.target");
        entry(f, ETC "/x.target.wants/a.service", ETC "/a.service");
        expect(f, install_plan_enable, "a", 0, "");
}

static void test_another_link_in_its_place_is_replaced_by_force_only(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "Alias=b.service");
        entry(f, ETC "/b.service", ETC "/c.service");
        refuse(f, install_plan_enable, "a", 0, -EEXIST, ERROR_UNIT_EXISTS);
        assert_non_null(strstr(f->error.message, "symlink to " ETC "/c.service"));
        expect(f,
                        install_plan_enable,
                        "a",
                        INSTALL_FLAG_FORCE,
                        "-b.service +b.service>" ETC "/a.service");
}

static void test_a_file_in_the_place_of_a_link_is_never_replaced(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "Alias=b.service");
        entry(f, ETC "/b.service", NULL);
        refuse(f, install_plan_enable, "a", INSTALL_FLAG_FORCE, -EEXIST, ERROR_UNIT_EXISTS);
}

static void test_also_is_followed_once_and_may_go_in_circles(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "WantedBy=x.target\nAlso=b.socket nope.timer");
        file(f, ETC "/b.socket", "WantedBy=x.target\nAlso=a.service");
        expect(f,
                        install_plan_enable,
                        "a",
                        0,
                        "+x.target.wants/a.service>" ETC "/a.service +x.target.wants/b.socket>" ETC
                        "/b.socket auxiliary unit failed:nope.timer");
        entry(f, ETC "/x.target.wants/a.service", ETC "/a.service");
        entry(f, ETC "/x.target.wants/b.socket", ETC "/b.socket");
        expect(f,
                        install_plan_disable,
                        "a",
                        0,
                        "-x.target.wants/a.service -x.target.wants/b.socket");
}

static void test_an_instance_links_to_the_file_of_its_template(void **state) {
        Fixture *f = *state;

        file(f, USR "/t@.service", "WantedBy=x@%i.target\nAlias=%p-of-%i@%i.service");
        expect(f,
                        install_plan_enable,
                        "t@a.service",
                        0,
                        "+t-of-a@a.service>" USR "/t@.service +x@a.target.wants/t@a.service>" USR
                        "/t@.service");
}

static void test_a_template_enables_its_default_instance_or_nothing(void **state) {
        Fixture *f = *state;

        file(f, USR "/t@.service", "WantedBy=x.target\nDefaultInstance=main");
        file(f, USR "/u@.service", "WantedBy=x.target");
        expect(f,
                        install_plan_enable,
                        "t@.service",
                        0,
                        "+x.target.wants/t@main.service>" USR "/t@.service");
        assert_int_equal(plan(f, install_plan_enable, "u@.service", 0), 0);
        assert_false(f->plan.carries_install_info);
        assert_string_equal(tell(f), "");
}

static void test_what_has_no_install_says_so(void **state) {
        Fixture *f = *state;

        file(f, USR "/a.service", "");
        file(f, USR "/b.service", "WantedBy=x.target");
        assert_int_equal(plan(f, install_plan_enable, "a", 0), 0);
        assert_false(f->plan.carries_install_info);
        assert_int_equal(plan(f, install_plan_enable, "a b", 0), 0);
        assert_true(f->plan.carries_install_info);
        assert_int_equal(f->plan.n_changes, 1);
}

static void test_what_can_not_be_enabled_is_refused_for_its_reason(void **state) {
        Fixture *f = *state;

        file(f, ETC "/web.container", "WantedBy=x.target");
        file(f, ETC "/masked.service", "")->masked = true;
        assert_int_equal(str_replace(&file(f, ETC "/other.service", "")->alias_of, "a.service"), 0);
        file(f, ETC "/wrong.service", "Alias=wrong.timer");

        refuse(f, install_plan_enable, "nope", 0, -ENOENT, ERROR_NO_SUCH_UNIT);
        refuse(f, install_plan_enable, "web", 0, -EADDRNOTAVAIL, ERROR_UNIT_GENERATED);
        assert_non_null(strstr(f->error.message, "mask it"));
        refuse(f, install_plan_enable, "web.container", 0, -EADDRNOTAVAIL, ERROR_UNIT_GENERATED);
        refuse(f, install_plan_enable, "masked", 0, -ERFKILL, ERROR_MASKED);
        refuse(f, install_plan_enable, "other", 0, -ELOOP, ERROR_UNIT_LINKED);
        refuse(f, install_plan_enable, "wrong", 0, -EXDEV, ERROR_INVALID_ARGUMENT);
}

static void test_names_that_are_none_are_refused(void **state) {
        static const char *const names[] = {
                "../a.service",
                "a/b.service",
                "a\nb.service",
                "@.service",
                ".service",
                "a b\t.service",
        };
        static const PlanNames verbs[] = {
                install_plan_enable,
                install_plan_disable,
                install_plan_reenable,
                install_plan_mask,
                install_plan_unmask,
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                for (size_t k = 0; k < ELEMENTSOF(verbs); k++) {
                        char *const list[] = { (char *) names[i], NULL };
                        error_done(&f->error);
                        f->error = (Error) {};
                        assert_int_equal(verbs[k](f->world, list, 0, &f->plan, &f->error), -EINVAL);
                        assert_int_equal(f->error.code, ERROR_BAD_NAME);
                }
        }
}

static void test_words_of_install_that_are_no_units_make_no_links(void **state) {
        Fixture *f = *state;

        file(f,
                        ETC "/a.service",
                        "WantedBy=../../etc x.target nosuffix %z.target "
                        "/a.target\nAlias=../b.service");
        expect(f, install_plan_enable, "a", 0, "+x.target.wants/a.service>" ETC "/a.service");
}

static void test_a_destination_that_is_not_there_is_told(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "WantedBy=nope.service");
        expect(f,
                        install_plan_enable,
                        "a",
                        0,
                        "+nope.service.wants/a.service>" ETC
                        "/a.service destination not present:nope.service");
}

/* ---- disabling ---------------------------------------------------------------------------------- */

static void test_disabling_takes_all_links_to_the_unit_in_one_directory(void **state) {
        Fixture *f = *state;

        file(f, USR "/a.service", "WantedBy=x.target");
        entry(f, ETC "/b.service", USR "/a.service");
        entry(f, ETC "/other.service", USR "/other.service");
        entry(f, ETC "/old.target.wants/a.service", "../a.service");
        entry(f, ETC "/x.target.wants/aa.service", USR "/aa.service");
        entry(f, RUN "/x.target.wants/a.service", USR "/a.service");
        expect(f, install_plan_disable, "a", 0, "-b.service -old.target.wants/a.service");
        expect(f,
                        install_plan_disable,
                        "a",
                        INSTALL_FLAG_RUNTIME,
                        "-units/x.target.wants/a.service");
}

static void test_disabling_leaves_masks_and_files_alone(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "");
        entry(f, ETC "/a.service", NULL);
        file(f, ETC "/m.service", "")->masked = true;
        entry(f, ETC "/m.service", "/dev/null");
        expect(f, install_plan_disable, "a m", 0, "");
}

static void test_disabling_a_template_takes_all_its_instances(void **state) {
        Fixture *f = *state;

        file(f, USR "/t@.service", "WantedBy=x.target");
        entry(f, ETC "/x.target.wants/t@a.service", USR "/t@.service");
        entry(f, ETC "/x.target.wants/t@b.service", USR "/t@.service");
        expect(f, install_plan_disable, "t@a.service", 0, "-x.target.wants/t@a.service");
        expect(f,
                        install_plan_disable,
                        "t@.service",
                        0,
                        "-x.target.wants/t@a.service -x.target.wants/t@b.service");
}

static void test_links_of_a_file_that_is_gone_can_be_disabled(void **state) {
        Fixture *f = *state;

        entry(f, ETC "/x.target.wants/a.service", USR "/a.service");
        expect(f, install_plan_disable, "a", 0, "-x.target.wants/a.service");
        refuse(f, install_plan_disable, "b", 0, -ENOENT, ERROR_NO_SUCH_UNIT);
}

static void test_reenabling_changes_what_differs_only(void **state) {
        Fixture *f = *state;

        file(f, USR "/a.service", "WantedBy=new.target kept.target");
        entry(f, ETC "/kept.target.wants/a.service", USR "/a.service");
        entry(f, ETC "/old.target.wants/a.service", USR "/a.service");
        expect(f,
                        install_plan_reenable,
                        "a",
                        0,
                        "-old.target.wants/a.service +new.target.wants/a.service>" USR
                        "/a.service");
}

static void test_reenabling_follows_a_file_that_has_moved(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "WantedBy=x.target");
        entry(f, ETC "/x.target.wants/a.service", USR "/a.service");
        expect(f,
                        install_plan_reenable,
                        "a",
                        0,
                        "-x.target.wants/a.service +x.target.wants/a.service>" ETC "/a.service");
}

/* ---- presets ------------------------------------------------------------------------------------ */

static int preset_full(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *p,
                Error *e) {
        return install_plan_preset(w, names, PRESET_FULL, flags, p, e);
}

static int preset_all(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *p,
                Error *e) {
        (void) names;
        return install_plan_preset_all(w, PRESET_FULL, flags, p, e);
}

static int preset_enable_only(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *p,
                Error *e) {
        (void) names;
        return install_plan_preset_all(w, PRESET_ENABLE_ONLY, flags, p, e);
}

static void test_the_first_preset_that_matches_decides(void **state) {
        Fixture *f = *state;

        assert_int_equal(preset_add(f->world->presets,
                                         "# comment\n; another\n\nenable a*.service\nnonsense\n"
                                         "disable ab.service\ndisable *\n"),
                        0);
        assert_true(preset_wants(f->world->presets, "ab.service", NULL));
        assert_false(preset_wants(f->world->presets, "b.service", NULL));

        file(f, USR "/a.service", "WantedBy=x.target");
        file(f, USR "/b.service", "WantedBy=x.target");
        file(f, USR "/web.container", "WantedBy=x.target");
        entry(f, ETC "/x.target.wants/b.service", USR "/b.service");
        expect(f, preset_full, "a", 0, "+x.target.wants/a.service>" USR "/a.service");
        expect(f,
                        preset_all,
                        "",
                        0,
                        "-x.target.wants/b.service +x.target.wants/a.service>" USR "/a.service");
        expect(f, preset_enable_only, "", 0, "+x.target.wants/a.service>" USR "/a.service");
        assert_string_equal(install_preset(f->world, "a"), "enabled");
        assert_string_equal(install_preset(f->world, "b"), "disabled");
        assert_string_equal(install_preset(f->world, "web"), "");
}

static void test_without_a_preset_all_is_enabled(void **state) {
        Fixture *f = *state;

        assert_true(preset_wants(f->world->presets, "a.service", NULL));
        assert_true(preset_wants(NULL, "a.service", NULL));
}

static void test_a_preset_names_instances_of_a_template(void **state) {
        Fixture *f = *state;

        assert_int_equal(preset_add(f->world->presets, "enable t@.service a b\n"), 0);
        file(f, USR "/t@.service", "WantedBy=x.target");
        expect(f,
                        preset_full,
                        "t@.service",
                        0,
                        "+x.target.wants/t@a.service>" USR
                        "/t@.service +x.target.wants/t@b.service>" USR "/t@.service");
}

/* ---- masks and the like ------------------------------------------------------------------------- */

static void test_masking_links_to_nothing_and_unmasking_undoes_it(void **state) {
        Fixture *f = *state;

        expect(f,
                        install_plan_mask,
                        "a never-heard-of.timer",
                        0,
                        "+a.service>/dev/null +never-heard-of.timer>/dev/null");
        entry(f, ETC "/a.service", "/dev/null");
        expect(f, install_plan_mask, "a", 0, "");
        expect(f, install_plan_unmask, "a b", 0, "-a.service");
        expect(f, install_plan_unmask, "a", INSTALL_FLAG_RUNTIME, "");
}

static void test_a_file_is_not_replaced_by_a_mask_nor_removed_as_one(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "");
        entry(f, ETC "/a.service", NULL);
        refuse(f, install_plan_mask, "a", INSTALL_FLAG_FORCE, -EEXIST, ERROR_UNIT_EXISTS);
        expect(f, install_plan_unmask, "a", 0, "");
}

static int
revert(const InstallWorld *w, char *const *names, InstallFlags flags, InstallPlan *p, Error *e) {
        (void) flags;
        return install_plan_revert(w, names, p, e);
}

static void test_revert_takes_drop_ins_masks_and_what_stands_before_the_vendors(void **state) {
        Fixture *f = *state;

        file(f, ETC "/a.service", "");
        assert_int_equal(world_add_original(f->world, "a.service"), 0);
        entry(f, ETC "/a.service", NULL);
        entry(f, ETC "/a.service.d", NULL);
        entry(f, RUN "/a.service.d", NULL);
        entry(f, ETC "/own.service", NULL);
        entry(f, ETC "/x.target.wants/a.service", USR "/a.service");
        expect(f, revert, "a", 0, "-a.service -a.service.d -units/a.service.d");
        expect(f, revert, "own", 0, "");
}

static void test_revert_of_a_quadlet_unit_has_both_its_names(void **state) {
        Fixture *f = *state;

        file(f, ETC "/web.container", "");
        entry(f, ETC "/web.container", NULL);
        entry(f, ETC "/web.container.d", NULL);
        entry(f, ETC "/web.service", "/dev/null");
        entry(f, ETC "/web.service.d", NULL);
        expect(f, revert, "web.container", 0, "-web.container.d -web.service -web.service.d");
        expect(f, revert, "web", 0, "-web.service -web.service.d -web.container.d");
}

static void test_linking_makes_a_link_by_the_files_name(void **state) {
        Fixture *f = *state;

        file(f, USR "/known.service", "");
        expect(f,
                        install_plan_link,
                        "/srv/app/web.container",
                        0,
                        "+web.container>/srv/app/web.container");
        expect(f, install_plan_link, USR "/known.service " ETC "/a.service", 0, "");
        refuse(f, install_plan_link, "web.container", 0, -EINVAL, ERROR_INVALID_ARGUMENT);
        refuse(f, install_plan_link, "/srv/app/notes.txt", 0, -EINVAL, ERROR_BAD_NAME);
}

static void test_dependencies_can_be_added_to_quadlet_units_too(void **state) {
        _cleanup_strv_ char **names = NULL;
        Fixture *f = *state;

        file(f, ETC "/web.container", "");
        file(f, ETC "/a.service", "");
        assert_int_equal(world_settle(f->world), 0);
        add_words(&names, "web.container a");
        assert_int_equal(install_plan_add_dependency(f->world,
                                         names,
                                         "basic.target",
                                         ".requires",
                                         0,
                                         &f->plan,
                                         &f->error),
                        0);
        assert_string_equal(tell(f),
                        "+basic.target.requires/web.service>" ETC
                        "/web.container +basic.target.requires/a.service>" ETC "/a.service");
        assert_int_equal(install_plan_add_dependency(f->world,
                                         names,
                                         "nope.target",
                                         ".wants",
                                         0,
                                         &f->plan,
                                         &f->error),
                        -ENOENT);
}

static void test_the_default_target_is_a_link_also_to_one_without_a_file(void **state) {
        Fixture *f = *state;

        file(f, USR "/mine.target", "");
        assert_int_equal(world_settle(f->world), 0);
        assert_string_equal(install_default_target(f->world), "multi-user.target");
        assert_int_equal(install_plan_set_default(f->world, "mine.target", 0, &f->plan, &f->error),
                        0);
        assert_string_equal(tell(f), "+default.target>" USR "/mine.target");
        assert_int_equal(install_plan_set_default(f->world, "basic.target", 0, &f->plan, &f->error),
                        0);
        assert_string_equal(tell(f), "+default.target>basic.target");
        assert_int_equal(install_plan_set_default(f->world, "nope.target", 0, &f->plan, &f->error),
                        -ENOENT);
        error_done(&f->error);
        f->error = (Error) {};
        assert_int_equal(install_plan_set_default(f->world, "mine.service", 0, &f->plan, &f->error),
                        -EINVAL);
}

/* ---- states ------------------------------------------------------------------------------------- */

static void test_a_state_is_that_of_systemctl(void **state) {
        Fixture *f = *state;
        /* clang-format off */
        static const struct {
                const char *name, *state;
        } cases[] = {
                { "on.service",      "enabled"         }, { "on",              "enabled"         },
                { "now.service",     "enabled-runtime" }, { "off.service",     "disabled"        },
                { "static.service",  "static"          }, { "also.service",    "indirect"        },
                { "web.container",   "generated"       }, { "web.service",     "generated"       },
                { "m.service",       "masked"          }, { "mr.service",      "masked-runtime"  },
                { "other.service",   "alias"           }, { "linked.service",  "linked"          },
                { "linked-on.service", "enabled"       }, { "t@.service",      "indirect"        },
                { "t@a.service",     "enabled"         }, { "t@b.service",     "disabled"        },
                { "u@.service",      "enabled"         }, { "named.service",   "enabled"         },
                { "multi-user.target", "static"        }, { "default.target",  "alias"           },
                { "nope.service",    NULL              },
        };
        /* clang-format on */

        file(f, USR "/on.service", "WantedBy=x.target");
        entry(f, ETC "/x.target.wants/on.service", USR "/on.service");
        file(f, USR "/now.service", "WantedBy=x.target");
        entry(f, RUN "/x.target.wants/now.service", USR "/now.service");
        file(f, USR "/off.service", "WantedBy=x.target");
        file(f, USR "/static.service", "");
        file(f, USR "/also.service", "Also=on.service");
        file(f, USR "/web.container", "WantedBy=x.target");
        file(f, ETC "/m.service", "")->masked = true;
        file(f, RUN "/mr.service", "")->masked = true;
        assert_int_equal(
                        str_replace(&file(f, ETC "/other.service", "")->alias_of, "on.service"), 0);
        assert_int_equal(str_replace(&file(f, ETC "/linked.service", "WantedBy=x.target")->linked,
                                         "/srv/linked.service"),
                        0);
        entry(f, ETC "/linked.service", "/srv/linked.service");
        assert_int_equal(
                        str_replace(&file(f, ETC "/linked-on.service", "WantedBy=x.target")->linked,
                                        "/srv/linked-on.service"),
                        0);
        entry(f, ETC "/linked-on.service", "/srv/linked-on.service");
        entry(f, ETC "/x.target.wants/linked-on.service", ETC "/linked-on.service");
        file(f, USR "/t@.service", "WantedBy=x.target\nDefaultInstance=z");
        entry(f, ETC "/x.target.wants/t@a.service", USR "/t@.service");
        file(f, USR "/u@.service", "WantedBy=x.target\nDefaultInstance=z");
        entry(f, ETC "/x.target.wants/u@z.service", USR "/u@.service");
        file(f, USR "/named.service", "Alias=called.service");
        entry(f, ETC "/called.service", USR "/named.service");
        assert_int_equal(world_settle(f->world), 0);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *is = install_state(f->world, cases[i].name);
                if (!str_equal(is, cases[i].state))
                        fail_msg("%s is %s, not %s",
                                        cases[i].name,
                                        is ?: "none",
                                        cases[i].state ?: "none");
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_enabling_makes_a_link_for_each_word_of_install),
                TEST(test_a_name_without_a_type_is_a_service),
                TEST(test_runtime_links_are_in_the_runtime_directory),
                TEST(test_without_a_runtime_directory_there_is_no_runtime_enabling),
                TEST(test_a_link_that_is_there_is_no_change),
                TEST(test_another_link_in_its_place_is_replaced_by_force_only),
                TEST(test_a_file_in_the_place_of_a_link_is_never_replaced),
                TEST(test_also_is_followed_once_and_may_go_in_circles),
                TEST(test_an_instance_links_to_the_file_of_its_template),
                TEST(test_a_template_enables_its_default_instance_or_nothing),
                TEST(test_what_has_no_install_says_so),
                TEST(test_what_can_not_be_enabled_is_refused_for_its_reason),
                TEST(test_names_that_are_none_are_refused),
                TEST(test_words_of_install_that_are_no_units_make_no_links),
                TEST(test_a_destination_that_is_not_there_is_told),
                TEST(test_disabling_takes_all_links_to_the_unit_in_one_directory),
                TEST(test_disabling_leaves_masks_and_files_alone),
                TEST(test_disabling_a_template_takes_all_its_instances),
                TEST(test_links_of_a_file_that_is_gone_can_be_disabled),
                TEST(test_reenabling_changes_what_differs_only),
                TEST(test_reenabling_follows_a_file_that_has_moved),
                TEST(test_the_first_preset_that_matches_decides),
                TEST(test_without_a_preset_all_is_enabled),
                TEST(test_a_preset_names_instances_of_a_template),
                TEST(test_masking_links_to_nothing_and_unmasking_undoes_it),
                TEST(test_a_file_is_not_replaced_by_a_mask_nor_removed_as_one),
                TEST(test_revert_takes_drop_ins_masks_and_what_stands_before_the_vendors),
                TEST(test_revert_of_a_quadlet_unit_has_both_its_names),
                TEST(test_linking_makes_a_link_by_the_files_name),
                TEST(test_dependencies_can_be_added_to_quadlet_units_too),
                TEST(test_the_default_target_is_a_link_also_to_one_without_a_file),
                TEST(test_a_state_is_that_of_systemctl),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
