/* SPDX-License-Identifier: MIT */
#include "install/plan.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "install/plan-internal.h"
#include "unitfile/specifier.h"
#include "unitfile/target.h"
#include "unitfile/unit-type.h"

#define NULL_DEVICE "/dev/null"

/* ---- the list of changes ------------------------------------------------------------------------ */

const char *install_change_type_to_string(InstallChangeType t) {
        static const char *const names[] = {
                [INSTALL_SYMLINK] = "symlink",
                [INSTALL_UNLINK] = "unlink",
                [INSTALL_IS_MASKED] = "masked",
                [INSTALL_IS_DANGLING] = "dangling",
                [INSTALL_NO_DESTINATION] = "destination not present",
                [INSTALL_AUXILIARY_FAILED] = "auxiliary unit failed",
        };
        static_assert(ELEMENTSOF(names) == _INSTALL_CHANGE_TYPE_MAX, "every change has its name");

        return t < 0 || t >= _INSTALL_CHANGE_TYPE_MAX ? NULL : names[t];
}

void install_plan_done(InstallPlan *plan) {
        for (size_t i = 0; i < plan->n_changes; i++) {
                free(plan->changes[i].path);
                free(plan->changes[i].source);
        }
        free(plan->changes);
        *plan = (InstallPlan) {};
}

int plan_add(InstallPlan *plan, InstallChangeType type, const char *path, const char *source) {
        for (size_t i = 0; i < plan->n_changes; i++) {
                if (plan->changes[i].type == type && str_equal(plan->changes[i].path, path) &&
                                str_equal(plan->changes[i].source, source))
                        return 0;
        }
        if (plan->n_changes >= INSTALL_CHANGES_MAX)
                return -E2BIG;
        if (plan->n_changes >= plan->n_allocated) {
                size_t n = plan->n_allocated ? plan->n_allocated * 2 : 8;
                InstallChange *grown = realloc(plan->changes, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                plan->changes = grown;
                plan->n_allocated = n;
        }

        _cleanup_free_ char *p = strdup(path), *s = source ? strdup(source) : NULL;
        if (!p || (source && !s))
                return -ENOMEM;
        plan->changes[plan->n_changes++] = (InstallChange) {
                .type = type, .path = TAKE_PTR(p), .source = TAKE_PTR(s)
        };
        return 0;
}

int plan_directory(const InstallWorld *w, InstallFlags flags, const char **ret, Error *error) {
        InstallPlace place = flags & INSTALL_FLAG_RUNTIME ? INSTALL_RUNTIME : INSTALL_PERSISTENT;

        *ret = w->dirs[place];
        if (!*ret)
                return error_set_plain(error,
                                -EROFS,
                                ERROR_INVALID_ARGUMENT,
                                place == INSTALL_RUNTIME
                                                ? "none of supd's unit directories is one of the "
                                                  "runtime, which --runtime asks for"
                                                : "supd has no unit directory to make links in");
        return 0;
}

bool entry_is_mask(const InstallEntry *e) {
        return str_equal(e->target, NULL_DEVICE);
}

/* A link at @path to @source, unless it is there. */
int plan_link(const InstallWorld *w,
                const char *path,
                const char *source,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        const InstallEntry *there = world_entry(w, path);
        int r = 0;

        if (there && str_equal(there->target, source))
                return 0;
        if (there && (!there->target || !(flags & INSTALL_FLAG_FORCE)))
                return error_set_plain(error,
                                -EEXIST,
                                ERROR_UNIT_EXISTS,
                                there->target ? "File '%s' already exists and is a symlink to %s; "
                                                "--force replaces it"
                                              : "File '%s' already exists",
                                path,
                                there->target);
        if (there)
                r = plan_add(plan, INSTALL_UNLINK, path, NULL);
        return r < 0 ? r : plan_add(plan, INSTALL_SYMLINK, path, source);
}

/* ---- names -------------------------------------------------------------------------------------- */

int install_check_name(const char *name, Error *error) {
        if (unit_file_name_is_valid(name) && unit_type_find(name))
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_BAD_NAME,
                        "'%.*s' is not a valid unit name",
                        (int) UNIT_NAME_SIZE_MAX,
                        name);
}

char *plan_full_name(const char *name) {
        return unit_type_find(name) ? strdup(name) : str_printf("%s.service", name);
}

bool name_is_template(const char *name) {
        size_t size = 1;

        return unit_name_instance(name, &size) && size == 0;
}

int plan_no_such_file(const char *name, Error *error) {
        return error_set_plain(
                        error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit file %s does not exist.", name);
}

static int is_generated(const InstallFile *f, Error *error) {
        return error_set_plain(error,
                        -EADDRNOTAVAIL,
                        ERROR_UNIT_GENERATED,
                        "Unit %s is generated from %s: its [Install] section is in force without "
                        "being enabled. To keep it from being started mask it, or clear WantedBy= "
                        "in a drop-in",
                        f->id,
                        f->path);
}

/* The file of @name that can be enabled; masks, aliases and Quadlet's files can't. NULL: a built-in target. */
int plan_find_to_enable(
                const InstallWorld *w, const char *name, const InstallFile **ret, Error *error) {
        *ret = world_find(w, name);
        if (!*ret && target_is_builtin(name))
                return 0;
        if (!*ret)
                return plan_no_such_file(name, error);
        if ((*ret)->masked)
                return error_set_plain(error,
                                -ERFKILL,
                                ERROR_MASKED,
                                "Unit file %s is masked.",
                                (*ret)->path);
        if ((*ret)->quadlet)
                return is_generated(*ret, error);
        if ((*ret)->alias_of)
                return error_set_plain(error,
                                -ELOOP,
                                ERROR_UNIT_LINKED,
                                "Refusing to operate on alias name or linked unit file: %s; its "
                                "own name is %s",
                                name,
                                (*ret)->alias_of);
        return 0;
}

/* ---- enabling ----------------------------------------------------------------------------------- */

/* Of one unit: the name that its links have. A template has its default instance's. */
typedef struct Enabled {
        const InstallWorld *world; /* borrowed */
        const InstallFile *file;   /* borrowed */
        const char *name;          /* borrowed; "foo@a.service" */
        const char *directory;     /* borrowed; where links go */
        InstallFlags flags;
} Enabled;

/* A word of [Install], its specifiers expanded; none if they are wrong. */
static int expand(const Enabled *e, const char *word, char **ret) {
        _cleanup_free_ char *instance = NULL;
        size_t size = 0;
        const char *start = unit_name_instance(e->name, &size);
        char bad;

        if (start && !(instance = strndup(start, size)))
                return -ENOMEM;
        SpecifierContext context = {
                .id = e->name,
                .instance = instance,
                .fragment_path = e->file->path,
                .facts = &e->world->facts,
        };
        int r = specifier_expand(&context, word, UNIT_NAME_SIZE_MAX, ret, &bad);
        if (r == -EINVAL || r == -E2BIG)
                *ret = NULL;
        return r == -ENOMEM ? r : 0;
}

/* What is named in [Install] must be a unit, or nothing is made of it. */
static int expand_name(const Enabled *e, const char *word, char **ret) {
        _cleanup_free_ char *expanded = NULL;

        int r = expand(e, word, &expanded);
        if (r < 0)
                return r;
        *ret = expanded && unit_file_name_is_valid(expanded) && unit_type_find(expanded)
                               ? TAKE_PTR(expanded)
                               : NULL;
        return 0;
}

static int enable_wants(const Enabled *e,
                char *const *words,
                const char *suffix,
                InstallPlan *plan,
                Error *error) {
        STRV_FOREACH (word, words) {
                _cleanup_free_ char *target = NULL, *path = NULL;

                int r = expand_name(e, *word, &target);
                if (r < 0)
                        return r;
                if (!target)
                        continue;
                path = str_printf("%s/%s%s/%s", e->directory, target, suffix, e->name);
                if (!path)
                        return -ENOMEM;
                r = plan_link(e->world, path, e->file->path, e->flags, plan, error);
                if (r >= 0 && !str_has_suffix(target, ".target") && !world_find(e->world, target))
                        r = plan_add(plan, INSTALL_NO_DESTINATION, target, e->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Of the same type; and what is a template can be called by a template's or an instance's name only. */
static bool may_be_alias(const char *alias, const char *name) {
        size_t alias_size, name_size;
        const char *alias_instance = unit_name_instance(alias, &alias_size),
                   *instance = unit_name_instance(name, &name_size);

        if (unit_type_find(alias) != unit_type_find(name) || !alias_instance != !instance)
                return false;
        return !instance || name_size == 0 ||
               (alias_size == name_size && strncmp(alias_instance, instance, name_size) == 0);
}

static int enable_aliases(const Enabled *e, InstallPlan *plan, Error *error) {
        STRV_FOREACH (word, e->file->install.alias) {
                _cleanup_free_ char *alias = NULL, *path = NULL;

                int r = expand_name(e, *word, &alias);
                if (r < 0)
                        return r;
                if (!alias || str_equal(alias, e->name))
                        continue;
                if (!may_be_alias(alias, e->name))
                        return error_set_plain(error,
                                        -EXDEV,
                                        ERROR_INVALID_ARGUMENT,
                                        "Cannot alias %s as %s.",
                                        e->name,
                                        alias);
                path = str_printf("%s/%s", e->directory, alias);
                r = path ? plan_link(e->world, path, e->file->path, e->flags, plan, error)
                         : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool has_rules(const InstallSpec *i) {
        return i->wanted_by || i->required_by || i->upheld_by || i->alias;
}

/* A template asks for its default instance, if it has one: else there is nothing to make links for. */
static int instance_to_enable(const Enabled *e, char **ret) {
        _cleanup_free_ char *instance = NULL;
        const InstallSpec *i = &e->file->install;

        if (!name_is_template(e->name))
                return (*ret = strdup(e->name)) ? 0 : -ENOMEM;
        if (!i->default_instance)
                return 0;
        int r = expand(e, i->default_instance, &instance);
        if (r < 0 || !instance)
                return r;
        size_t size = (size_t) (strchr(e->name, '@') + 1 - e->name);
        *ret = str_printf("%.*s%s%s", (int) size, e->name, instance, e->name + size);
        if (!*ret)
                return -ENOMEM;
        if (!unit_file_name_is_valid(*ret)) {
                free(*ret);
                *ret = NULL;
        }
        return 0;
}

static int enable_links(Enabled *e, InstallPlan *plan, Error *error) {
        const InstallSpec *i = &e->file->install;
        _cleanup_free_ char *instance = NULL;

        int r = enable_aliases(e, plan, error);
        if (r >= 0)
                r = instance_to_enable(e, &instance);
        if (r < 0)
                return r;
        /* A template as it is may be wanted by templates alone, as foo@%i.target. */
        const char *own_name = e->name;
        if (instance)
                e->name = instance;
        if (instance || i->alias)
                plan->carries_install_info |= has_rules(i);
        if (instance) {
                r = enable_wants(e, i->wanted_by, ".wants", plan, error);
                if (r >= 0)
                        r = enable_wants(e, i->required_by, ".requires", plan, error);
                if (r >= 0)
                        r = enable_wants(e, i->upheld_by, ".upholds", plan, error);
        }
        e->name = own_name;
        return r;
}

/* What Also= says goes behind those that are there already: each once. */
static int follow_also(const Enabled *e, char ***names) {
        STRV_FOREACH (word, e->file->install.also) {
                _cleanup_free_ char *name = NULL;

                int r = expand_name(e, *word, &name);
                if (r >= 0 && name && !strv_contains(*names, name))
                        r = strv_push(names, &name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int plan_names(char *const *names, char ***ret, Error *error) {
        _cleanup_strv_ char **full = NULL;

        STRV_FOREACH (name, names) {
                _cleanup_free_ char *n = plan_full_name(*name);

                int r = n ? install_check_name(n, error) : -ENOMEM;
                if (r >= 0 && !strv_contains(full, n))
                        r = strv_push(&full, &n);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(full);
        return 0;
}

/* @names grows by what Also= has, @n_asked is what was there before. */
int plan_enable_all(const InstallWorld *w,
                char ***names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        size_t n_asked = strv_length(*names);
        const char *directory = NULL;

        int r = plan_directory(w, flags, &directory, error);
        for (size_t i = 0; r >= 0 && *names && (*names)[i]; i++) {
                _cleanup_(error_done) Error why = {};
                const InstallFile *file = NULL;
                bool auxiliary = i >= n_asked;

                r = plan_find_to_enable(w, (*names)[i], &file, auxiliary ? &why : error);
                if (r < 0 && r != -ENOMEM && auxiliary) {
                        r = plan_add(plan, INSTALL_AUXILIARY_FAILED, (*names)[i], NULL);
                        continue;
                }
                if (r < 0 || !file)
                        continue;
                Enabled e = {
                        .world = w,
                        .file = file,
                        .name = (*names)[i],
                        .directory = directory,
                        .flags = flags,
                };
                r = enable_links(&e, plan, error);
                if (r >= 0)
                        r = follow_also(&e, names);
        }
        return r;
}

int install_plan_enable(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_strv_ char **full = NULL;

        int r = plan_names(names, &full, error);
        return r < 0 ? r : plan_enable_all(w, &full, flags, plan, error);
}

/* ---- disabling ---------------------------------------------------------------------------------- */

static const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

bool entry_is_link_of(const InstallEntry *e, const char *name) {
        if (!e->target || entry_is_mask(e))
                return false;
        if (str_equal(e->name, name) || str_equal(base_name(e->target), name))
                return true;
        _cleanup_free_ char *template = name_is_template(name) ? unit_name_template(e->name) : NULL;
        return str_equal(template, name);
}

static bool has_links(const InstallWorld *w, const char *name) {
        for (size_t i = 0; i < w->n_entries; i++) {
                if (entry_is_link_of(&w->entries[i], name))
                        return true;
        }
        return false;
}

/* What there is to disable: a unit's file may be gone while its links are still there. */
static int find_to_disable(
                const InstallWorld *w, const char *name, const InstallFile **ret, Error *error) {
        *ret = world_find(w, name);
        if (!*ret)
                return has_links(w, name) || target_is_builtin(name)
                                       ? 0
                                       : plan_no_such_file(name, error);
        return (*ret)->quadlet && !has_links(w, name) ? is_generated(*ret, error) : 0;
}

/* With all that their Also= name. */
static int names_to_disable(const InstallWorld *w, char ***names, Error *error) {
        size_t n_asked = strv_length(*names);
        int r = 0;

        for (size_t i = 0; r >= 0 && *names && (*names)[i]; i++) {
                _cleanup_(error_done) Error why = {};
                const InstallFile *file = NULL;

                r = find_to_disable(w, (*names)[i], &file, i >= n_asked ? &why : error);
                if (r < 0 && r != -ENOMEM && i >= n_asked)
                        r = 0;
                if (r < 0 || !file)
                        continue;
                Enabled e = { .world = w, .file = file, .name = (*names)[i] };
                r = follow_also(&e, names);
        }
        return r;
}

static bool is_planned(const InstallPlan *plan, InstallChangeType type, const char *path) {
        for (size_t i = 0; i < plan->n_changes; i++) {
                if (plan->changes[i].type == type && str_equal(plan->changes[i].path, path))
                        return true;
        }
        return false;
}

/* All links in @directory to units of @names, but for those in @keep (a plan; NULL: none). */
static int unlink_all(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                const InstallPlan *keep,
                InstallPlan *plan) {
        InstallPlace place = flags & INSTALL_FLAG_RUNTIME ? INSTALL_RUNTIME : INSTALL_PERSISTENT;

        for (size_t i = 0; i < w->n_entries; i++) {
                const InstallEntry *e = &w->entries[i];
                bool found = false;

                STRV_FOREACH (name, names) {
                        found = found || (e->place == place && entry_is_link_of(e, *name));
                }
                if (!found || (keep && is_planned(keep, INSTALL_SYMLINK, e->path)))
                        continue;
                int r = plan_add(plan, INSTALL_UNLINK, e->path, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

int plan_disable_all(const InstallWorld *w,
                char ***names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        const char *directory;

        int r = plan_directory(w, flags, &directory, error);
        if (r >= 0)
                r = names_to_disable(w, names, error);
        return r < 0 ? r : unlink_all(w, *names, flags, /* keep= */ NULL, plan);
}

int install_plan_disable(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_strv_ char **full = NULL;

        int r = plan_names(names, &full, error);
        return r < 0 ? r : plan_disable_all(w, &full, flags, plan, error);
}

/* A world without links: what enabling would make there is what is wanted. */
static int wanted_links(const InstallWorld *w,
                char ***names,
                InstallFlags flags,
                InstallPlan *wanted,
                Error *error) {
        InstallWorld bare = *w;

        bare.n_entries = 0;
        return plan_enable_all(&bare, names, flags, wanted, error);
}

int install_plan_reenable(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_(install_plan_done) InstallPlan wanted = {};
        _cleanup_strv_ char **full = NULL;

        int r = plan_names(names, &full, error);
        if (r >= 0)
                r = wanted_links(w, &full, flags, &wanted, error);
        if (r >= 0)
                r = unlink_all(w, full, flags, &wanted, plan);
        /* Links of the unit's own names are its own to replace. */
        for (size_t i = 0; r >= 0 && i < wanted.n_changes; i++) {
                const InstallChange *c = &wanted.changes[i];
                const InstallEntry *there = world_entry(w, c->path);
                bool own = there && there->target && !entry_is_mask(there);

                if (c->type != INSTALL_SYMLINK)
                        r = plan_add(plan, c->type, c->path, c->source);
                else
                        r = plan_link(w,
                                        c->path,
                                        c->source,
                                        own && there->dependency ? flags | INSTALL_FLAG_FORCE
                                                                 : flags,
                                        plan,
                                        error);
        }
        plan->carries_install_info = wanted.carries_install_info;
        return r;
}
