/* SPDX-License-Identifier: MIT */
/*
 * Taking the picture: directories are read, of files that links enable the section [Install] as well.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "install/plan.h"
#include "install/world.h"
#include "unitfile/target.h"
#include "unitfile/unit-file.h"
#include "unitfile/unit-index.h"
#include "unitfile/words.h"

#define LINK_SIZE_MAX 4096U

static char *read_link(const char *path) {
        char target[LINK_SIZE_MAX];
        ssize_t n = readlink(path, target, sizeof(target));

        return n < 0 || (size_t) n >= sizeof(target) ? NULL : strndup(target, (size_t) n);
}

static bool is_below(const char *path, const char *directory) {
        size_t n = directory ? strlen(directory) : 0;

        return n > 0 && strncmp(path, directory, n) == 0 && path[n] == '/';
}

static InstallPlace place_of(const InstallWorld *w, const char *path) {
        for (InstallPlace p = 0; p < INSTALL_ELSEWHERE; p++) {
                if (is_below(path, w->dirs[p]))
                        return p;
        }
        return INSTALL_ELSEWHERE;
}

/* ---- [Install] ---------------------------------------------------------------------------------- */

/* As the loader has it: lists grow, an empty assignment clears, of single values the last one counts. */
static int take_assignment(InstallSpec *spec, const UnitAssignment *a) {
        const struct {
                const char *key;
                char ***list;
        } lists[] = {
                { "WantedBy", &spec->wanted_by },
                { "RequiredBy", &spec->required_by },
                { "UpheldBy", &spec->upheld_by },
                { "Alias", &spec->alias },
                { "Also", &spec->also },
        };
        _cleanup_(word_list_done) WordList words = {};
        const char *problem;
        int r = 0;

        if (str_equal(a->key, "DefaultInstance"))
                return str_replace(&spec->default_instance, *a->value ? a->value : NULL);
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                if (!str_equal(lists[i].key, a->key))
                        continue;
                if (!*a->value)
                        *lists[i].list = strv_free(*lists[i].list);
                r = words_split(a->value, WORDS_COMMAND, &words, &problem);
                for (size_t k = 0; k < words.n_words && r >= 0; k++)
                        r = strv_append(lists[i].list, words.words[k]);
        }
        return r == -EINVAL ? 0
                            : r; /* what can't be split says nothing; the loader complains of it */
}

static int read_install_of(InstallSpec *spec, const char *path) {
        _cleanup_(diagnostic_list_done) DiagnosticList ignored = {}; /* the loader's to tell */
        _cleanup_(unit_file_freep) UnitFile *file = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        int r = file_read(AT_FDCWD, path, UNIT_FILE_SIZE_MAX, &text, &size);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        UnitFileSource source = {
                .path = path,
                .dialect = UNIT_DIALECT_PLAIN,
                .text = text,
                .size = size,
        };
        r = unit_file_parse(&source, &ignored, &file);
        for (size_t i = 0; r >= 0 && i < file->n_assignments; i++) {
                if (str_equal(file->assignments[i].section, "Install"))
                        r = take_assignment(spec, &file->assignments[i]);
        }
        return r;
}

static int read_install(const UnitIndex *index, InstallFile *f) {
        _cleanup_strv_ char **dropins = NULL;

        int r = read_install_of(&f->install, f->path);
        if (r >= 0)
                r = unit_index_dropins(index, f->name, &dropins);
        STRV_FOREACH (path, dropins) {
                if (r >= 0)
                        r = read_install_of(&f->install, *path);
        }
        return r;
}

/* ---- unit files --------------------------------------------------------------------------------- */

/* As the loader does: what a link leads to is another name's file, the same one elsewhere, or nothing. */
static int read_target(const UnitIndex *index, InstallFile *f) {
        _cleanup_free_ char *resolved = realpath(f->path, NULL), *text = read_link(f->path),
                            *template = unit_name_template(f->name);
        char *slash = resolved ? strrchr(resolved, '/') : NULL;
        const char *name = slash ? slash + 1 : NULL;

        if (!text)
                return 0;
        if (!name) {
                /* The targets that supd brings along have no files. */
                const char *base = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
                return target_is_builtin(base) ? str_replace(&f->alias_of, base) : 0;
        }
        *slash = '\0';
        bool in_search_path = unit_index_has_directory(index, resolved);
        bool other_name = !str_equal(name, f->name) && !str_equal(name, template);
        if (in_search_path && other_name && unit_index_find(index, name))
                return str_replace(&f->alias_of, name);
        *slash = '/';
        return in_search_path ? 0 : str_replace(&f->linked, resolved);
}

static int read_file(InstallWorld *w, const UnitIndex *index, const IndexedFile *indexed) {
        _cleanup_(install_file_freep) InstallFile *f = calloc(1, sizeof(*f));
        struct stat st;
        int r = 0;

        if (!f)
                return -ENOMEM;
        f->name = strdup(indexed->name);
        f->path = strdup(indexed->path);
        f->id = unit_service_id(indexed->name, NULL);
        if (!f->name || !f->path || !f->id)
                return -ENOMEM;
        f->place = place_of(w, f->path);
        f->quadlet = unit_type_is_quadlet(indexed->type);
        f->masked = stat(f->path, &st) >= 0 &&
                    (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == 0));
        if (indexed->is_link && !f->masked)
                r = read_target(index, f);
        if (r >= 0 && !f->quadlet && !f->masked && !f->alias_of)
                r = read_install(index, f);
        if (r >= 0)
                r = world_add_file(w, &f);
        return r;
}

static int scan(char *const *dirs, UnitIndex **ret) {
        _cleanup_(diagnostic_list_done) DiagnosticList ignored = {}; /* the loader's to tell */
        _cleanup_(unit_index_freep) UnitIndex *index = NULL;

        int r = unit_index_new(&index);
        STRV_FOREACH (dir, dirs) {
                if (r >= 0)
                        r = unit_index_scan(index, *dir, /* recursive= */ true, &ignored);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(index);
        return 0;
}

static int read_files(InstallWorld *w, char *const *unit_dirs) {
        _cleanup_(unit_index_freep) UnitIndex *index = NULL;

        int r = scan(unit_dirs, &index);
        for (size_t i = 0; r >= 0 && i < unit_index_size(index); i++)
                r = read_file(w, index, unit_index_at(index, i));
        return r;
}

static int read_originals(InstallWorld *w, char *const *unit_dirs) {
        _cleanup_(unit_index_freep) UnitIndex *index = NULL;
        _cleanup_strv_ char **others = NULL;
        int r = 0;

        STRV_FOREACH (dir, unit_dirs) {
                if (r >= 0 && !str_equal(*dir, w->dirs[INSTALL_PERSISTENT]) &&
                                !str_equal(*dir, w->dirs[INSTALL_RUNTIME]))
                        r = strv_append(&others, *dir);
        }
        if (r >= 0)
                r = scan(others, &index);
        for (size_t i = 0; r >= 0 && i < unit_index_size(index); i++)
                r = world_add_original(w, unit_index_at(index, i)->name);
        return r;
}

int world_read_outside(InstallWorld *w, const char *path, Error *error) {
        _cleanup_(install_file_freep) InstallFile *f = calloc(1, sizeof(*f));
        const char *name = strrchr(path, '/') + 1;
        struct stat st;

        if (!f)
                return -ENOMEM;
        int r = install_check_name(name, error);
        if (r < 0)
                return r;
        if (stat(path, &st) < 0)
                return error_set(error, -errno, ERROR_NO_SUCH_UNIT, "'%s'", path);
        if (!S_ISREG(st.st_mode) || strstr(path, "/../"))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "'%s' is not the path of a regular file",
                                path);
        if (map_get(w->files, name))
                return 0; /* linking says whether it is the same */
        f->name = strdup(name);
        f->path = strdup(path);
        f->id = unit_service_id(name, NULL);
        if (!f->name || !f->path || !f->id)
                return -ENOMEM;
        f->place = INSTALL_ELSEWHERE;
        f->outside = true;
        f->quadlet = unit_type_is_quadlet(unit_type_find(name));
        r = f->quadlet ? 0 : read_install_of(&f->install, path);
        if (r >= 0)
                r = map_put(w->ids, f->id, f);
        if (r >= 0 || r == -EEXIST)
                r = world_add_file(w, &f);
        return r;
}

/* ---- what lies in the directories of ours ------------------------------------------------------- */

static int name_order(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *e) {
        return e->d_name[0] != '.';
}

static bool is_dependency_dir(const char *path) {
        return str_has_suffix(path, ".wants") || str_has_suffix(path, ".requires") ||
               str_has_suffix(path, ".upholds");
}

/* One directory entry; a directory to go on with is appended to @stack. */
static int read_entry(
                InstallWorld *w, InstallPlace place, char *path, bool dependency, WordList *stack) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return 0; /* gone meanwhile */
        bool directory = S_ISDIR(st.st_mode);
        if (directory && !str_has_suffix(path, ".d") && !dependency)
                return word_list_add_copy(stack, path);

        _cleanup_free_ char *target = S_ISLNK(st.st_mode) ? read_link(path) : NULL;
        InstallEntry e = {
                .path = path,
                .target = target,
                .place = place,
                .is_directory = directory,
                .dependency = dependency,
        };
        return world_add_entry(w, &e);
}

static int read_directory(InstallWorld *w, InstallPlace place, const char *path, WordList *stack) {
        struct dirent **entries = NULL;
        int r = 0;

        int n = scandir(path, &entries, is_visible, name_order);
        if (n < 0)
                return errno == ENOMEM ? -ENOMEM : 0; /* missing, or the loader complains of it */
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *child = str_printf("%s/%s", path, entries[i]->d_name);
                if (r >= 0)
                        r = child ? read_entry(w, place, child, is_dependency_dir(path), stack)
                                  : -ENOMEM;
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* Links to directories are not followed: nothing is changed behind them. */
static int read_entries(InstallWorld *w, InstallPlace place) {
        _cleanup_(word_list_done) WordList stack = {};
        int r = w->dirs[place] ? word_list_add_copy(&stack, w->dirs[place]) : 0;

        while (r >= 0 && stack.n_words > 0) {
                _cleanup_free_ char *path = strdup(stack.words[stack.n_words - 1]);

                word_list_truncate(&stack, stack.n_words - 1);
                r = path ? read_directory(w, place, path, &stack) : -ENOMEM;
        }
        return r;
}

int world_read(char *const *unit_dirs,
                const char *runtime_dir,
                char *const *preset_dirs,
                InstallWorld **ret,
                Error *error) {
        _cleanup_(world_freep) InstallWorld *w = NULL;

        int r = world_new(&w);
        if (r >= 0 && strv_length(unit_dirs) > 0)
                r = str_replace(&w->dirs[INSTALL_PERSISTENT], unit_dirs[0]);
        if (r >= 0 && runtime_dir && strv_contains(unit_dirs, runtime_dir) &&
                        !str_equal(runtime_dir, unit_dirs[0]))
                r = str_replace(&w->dirs[INSTALL_RUNTIME], runtime_dir);
        if (r >= 0)
                r = machine_facts_read(&w->facts);
        if (r >= 0)
                r = read_files(w, unit_dirs);
        if (r >= 0)
                r = read_originals(w, unit_dirs);
        for (InstallPlace p = 0; p < INSTALL_ELSEWHERE && r >= 0; p++)
                r = read_entries(w, p);
        if (r >= 0)
                r = preset_read(preset_dirs, &w->presets);
        if (r >= 0)
                r = world_settle(w);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : error_set(error,
                                                      r,
                                                      ERROR_STORAGE,
                                                      "cannot take stock of the unit files");
        *ret = TAKE_PTR(w);
        return 0;
}
