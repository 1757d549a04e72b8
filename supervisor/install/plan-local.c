/* SPDX-License-Identifier: MIT */
/*
 * Plans that no [Install] has a say in: masks, links by name, and back to what the vendor has.
 */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "install/plan-internal.h"
#include "unitfile/target.h"
#include "unitfile/unit-type.h"

#define NULL_DEVICE "/dev/null"

/* Where files and links of these names are, or will be, in the directory that is meant. */
static int plan_paths(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                char ***ret,
                Error *error) {
        _cleanup_strv_ char **full = NULL, **paths = NULL;
        const char *directory = NULL;

        int r = plan_names(names, &full, error);
        if (r >= 0)
                r = plan_directory(w, flags, &directory, error);
        STRV_FOREACH (name, full) {
                if (r < 0)
                        return r;
                _cleanup_free_ char *path = str_printf("%s/%s", directory, *name);
                r = path ? strv_append(&paths, path) : -ENOMEM;
        }
        if (r >= 0)
                *ret = TAKE_PTR(paths);
        return r;
}

int install_plan_mask(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_strv_ char **paths = NULL;

        int r = plan_paths(w, names, flags, &paths, error);
        STRV_FOREACH (path, paths) {
                r = r < 0 ? r : plan_link(w, *path, NULL_DEVICE, flags, plan, error);
        }
        return r;
}

/* A link to /dev/null, or what supd takes for the same: an empty file. */
static bool is_mask_at(const InstallWorld *w, const InstallEntry *e) {
        const InstallFile *f = map_get(w->files, e->name);

        return entry_is_mask(e) || (f && f->masked && str_equal(f->path, e->path));
}

int install_plan_unmask(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_strv_ char **paths = NULL;

        int r = plan_paths(w, names, flags, &paths, error);
        STRV_FOREACH (path, paths) {
                const InstallEntry *e = world_entry(w, *path);
                if (r >= 0 && e && is_mask_at(w, e))
                        r = plan_add(plan, INSTALL_UNLINK, *path, NULL);
        }
        return r;
}

static bool is_below(const char *path, const char *directory) {
        size_t n = directory ? strlen(directory) : 0;

        return n > 0 && strncmp(path, directory, n) == 0 && path[n] == '/';
}

int install_plan_link(const InstallWorld *w,
                char *const *paths,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        const char *directory = NULL;

        int r = plan_directory(w, flags, &directory, error);
        STRV_FOREACH (path, paths) {
                const char *slash = strrchr(*path, '/');

                if (r < 0)
                        return r;
                if (**path != '/')
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "'%s' is not an absolute path",
                                        *path);
                r = install_check_name(slash + 1, error);
                if (r < 0)
                        return r;
                /* What is in the search path is found as it is. */
                const InstallFile *known = map_get(w->files, slash + 1);
                if ((known && !known->outside && str_equal(known->path, *path)) ||
                                is_below(*path, w->dirs[INSTALL_PERSISTENT]) ||
                                is_below(*path, w->dirs[INSTALL_RUNTIME]))
                        continue;
                _cleanup_free_ char *link = str_printf("%s%s", directory, slash);
                r = link ? plan_link(w, link, *path, flags, plan, error) : -ENOMEM;
        }
        return r;
}

/* ---- revert ------------------------------------------------------------------------------------- */

/* Is there something below what lies here under @name? */
static bool has_original(const InstallWorld *w, const char *name) {
        return map_get(w->originals, name) || target_is_builtin(name);
}

/* "web.service.d" is of web.service. */
static bool is_dropins_of(const InstallEntry *e, const char *name) {
        size_t n = strlen(name);

        return e->is_directory && strncmp(e->name, name, n) == 0 && str_equal(e->name + n, ".d");
}

static int revert_entries(const InstallWorld *w, const char *name, InstallPlan *plan) {
        for (size_t i = 0; i < w->n_entries; i++) {
                const InstallEntry *e = &w->entries[i];
                bool local = str_equal(e->name, name) && !e->is_directory && !e->dependency;
                int r = 0;

                if (is_dropins_of(e, name) ||
                                (local && (is_mask_at(w, e) || has_original(w, name))))
                        r = plan_add(plan, INSTALL_UNLINK, e->path, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A Quadlet file's unit has drop-ins by both names, and a mask by that of the unit. */
static int revert_unit(const InstallWorld *w, const char *name, InstallPlan *plan) {
        int r = revert_entries(w, name, plan);

        MAP_FOREACH (InstallFile, f, w->files) {
                if (!str_equal(f->id, name) && !str_equal(f->name, name))
                        continue;
                if (r >= 0)
                        r = revert_entries(w, f->name, plan);
                if (r >= 0)
                        r = revert_entries(w, f->id, plan);
        }
        return r;
}

int install_plan_revert(
                const InstallWorld *w, char *const *names, InstallPlan *plan, Error *error) {
        _cleanup_strv_ char **full = NULL;

        int r = plan_names(names, &full, error);
        STRV_FOREACH (name, full) {
                if (r >= 0)
                        r = revert_unit(w, *name, plan);
        }
        return r;
}

/* ---- links to be made by name ------------------------------------------------------------------- */

int install_plan_add_dependency(const InstallWorld *w,
                char *const *names,
                const char *target,
                const char *suffix,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_free_ char *full_target = plan_full_name(target);
        _cleanup_strv_ char **full = NULL;
        const char *directory = NULL;

        int r = full_target ? install_check_name(full_target, error) : -ENOMEM;
        if (r >= 0)
                r = plan_names(names, &full, error);
        if (r >= 0)
                r = plan_directory(w, flags, &directory, error);
        if (r >= 0 && !target_is_builtin(full_target) && !world_find(w, full_target))
                r = plan_no_such_file(full_target, error);
        STRV_FOREACH (name, full) {
                const InstallFile *file = NULL;
                _cleanup_free_ char *path = NULL;

                /* Quadlet's units may be wanted by more than what their file says. */
                if (r >= 0 && !((file = world_find(w, *name)) && file->quadlet && !file->masked))
                        r = plan_find_to_enable(w, *name, &file, error);
                if (r < 0)
                        return r;
                const char *link = file && file->quadlet && !name_is_template(file->id) ? file->id
                                                                                        : *name;
                path = str_printf("%s/%s%s/%s", directory, full_target, suffix, link);
                r = path ? plan_link(w, path, file ? file->path : *name, flags, plan, error)
                         : -ENOMEM;
        }
        return r;
}

int install_plan_set_default(const InstallWorld *w,
                const char *target,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_free_ char *path = NULL;
        const char *directory;

        if (!str_has_suffix(target, ".target") || str_equal(target, "default.target") ||
                        !unit_file_name_is_valid(target))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_NAME,
                                "'%.*s' can't be the default target: it is no name of a target",
                                (int) UNIT_NAME_SIZE_MAX,
                                target);
        int r = plan_directory(w, flags, &directory, error);
        if (r < 0)
                return r;
        const InstallFile *file = world_find(w, target);
        if (!file && !target_is_builtin(target))
                return plan_no_such_file(target, error);
        if (file && file->masked)
                return error_set_plain(error,
                                -ERFKILL,
                                ERROR_MASKED,
                                "Unit file %s is masked.",
                                file->path);
        path = str_printf("%s/default.target", directory);
        return path ? plan_link(w, path, file ? file->path : target, flags, plan, error) : -ENOMEM;
}
