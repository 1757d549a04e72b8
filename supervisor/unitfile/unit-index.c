/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-index.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-dirs.h"

struct UnitIndex {
        Map *files;                    /* owned; name to IndexedFile, which is owned */
        Map *dropins;                  /* owned; name to DropinDirs, which is owned */
        Map *visited;                  /* owned; resolved directories, to themselves */
        DependencyEntry *dependencies; /* owned */
        size_t n_dependencies, n_dependencies_allocated;
};

/* The entries of one directory in byte order. */
typedef struct Listing {
        struct dirent **entries; /* owned */
        int n_entries;
} Listing;

static void listing_done(Listing *l) {
        for (int i = 0; i < l->n_entries; i++)
                free(l->entries[i]);
        free(l->entries);
}

static int byte_order(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *e) {
        return e->d_name[0] != '.';
}

static int listing_read(Listing *l, const char *path) {
        int n = neg_errno(scandir(path, &l->entries, is_visible, byte_order));
        if (n < 0)
                return n;
        l->n_entries = n;
        return 0;
}

static bool is_directory(const char *path, const struct dirent *e) {
        struct stat st;

        if (e->d_type != DT_LNK && e->d_type != DT_UNKNOWN)
                return e->d_type == DT_DIR;
        return stat(path, &st) >= 0 && S_ISDIR(st.st_mode);
}

static bool is_link(const char *path, const struct dirent *e) {
        struct stat st;

        if (e->d_type != DT_UNKNOWN)
                return e->d_type == DT_LNK;
        return lstat(path, &st) >= 0 && S_ISLNK(st.st_mode);
}

/* ---- what is found ------------------------------------------------------------------------------- */

static IndexedFile *indexed_file_free(IndexedFile *f) {
        if (!f)
                return NULL;
        free(f->path);
        free(f);
        return NULL;
}
DEFINE_CLEANUP(IndexedFile *, indexed_file_free);

static DropinDirs *dropin_dirs_free(DropinDirs *d) {
        if (!d)
                return NULL;
        for (size_t i = 0; i < d->n_dirs; i++) {
                free(d->dirs[i].path);
                strv_free(d->dirs[i].files);
        }
        free(d->dirs);
        free(d->name);
        free(d);
        return NULL;
}
DEFINE_CLEANUP(DropinDirs *, dropin_dirs_free);

static int add_file(UnitIndex *index, const char *path, bool link, DiagnosticList *diagnostics) {
        const char *name = strrchr(path, '/') + 1;
        const UnitType *type = unit_type_find(name);

        if (!type || (!unit_type_is_quadlet(type) && unit_dir_is_quadlet_only(path)))
                return 0;
        if (!unit_file_name_is_valid(name)) {
                SourcePlace place = { .file = path };
                return diagnostic_add(diagnostics,
                                DIAGNOSTIC_ERROR,
                                "bad-name",
                                &place,
                                "not the name of a unit; the file is not loaded");
        }
        if (map_get(index->files, name))
                return 0; /* shadowed by an earlier directory */

        _cleanup_(indexed_file_freep) IndexedFile *file = calloc(1, sizeof(IndexedFile));
        if (!file)
                return -ENOMEM;
        file->path = strdup(path);
        if (!file->path)
                return -ENOMEM;
        file->name = strrchr(file->path, '/') + 1;
        file->type = type;
        file->is_link = link;
        file->is_vendor = str_has_prefix(path, "/usr/");
        file->position = map_size(index->files);

        int r = map_put(index->files, file->name, file);
        if (r < 0)
                return r;
        TAKE_PTR(file);
        return 0;
}

static int dropin_dirs_get(UnitIndex *index, const char *name, DropinDirs **ret) {
        *ret = map_get(index->dropins, name);
        if (*ret)
                return 0;

        _cleanup_(dropin_dirs_freep) DropinDirs *d = calloc(1, sizeof(DropinDirs));
        if (!d)
                return -ENOMEM;
        d->name = strdup(name);
        if (!d->name)
                return -ENOMEM;
        int r = map_put(index->dropins, d->name, d);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

static int complain_unreadable(const char *path, int r, DiagnosticList *diagnostics) {
        SourcePlace place = { .file = path };

        if (r == -ENOMEM)
                return r;
        return diagnostic_add(diagnostics,
                        DIAGNOSTIC_ERROR,
                        "unreadable",
                        &place,
                        "cannot read directory: %s",
                        strerrordesc_np(-r) ?: "unknown error");
}

static int read_dropin_dir(const char *path, WordList *files) {
        _cleanup_(listing_done) Listing listing = {};

        int r = listing_read(&listing, path);
        for (int i = 0; i < listing.n_entries && r >= 0; i++) {
                if (str_has_suffix(listing.entries[i]->d_name, ".conf"))
                        r = word_list_add_copy(files, listing.entries[i]->d_name);
        }
        return r;
}

static int dropin_dirs_insert(DropinDirs *d, size_t at, const char *path, WordList *files) {
        DropinDir *grown = realloc(d->dirs, (d->n_dirs + 1) * sizeof(DropinDir));
        if (!grown)
                return -ENOMEM;
        d->dirs = grown;
        char *copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        memmove(grown + at + 1, grown + at, (d->n_dirs - at) * sizeof(*grown));
        grown[at] = (DropinDir) { .path = copy, .files = word_list_take(files) };
        d->n_dirs++;
        return 0;
}

static int add_dropin_dir(UnitIndex *index, const char *path, DiagnosticList *diagnostics) {
        _cleanup_(word_list_done) WordList files = {};
        DropinDirs *d;

        int r = read_dropin_dir(path, &files);
        if (r < 0)
                return complain_unreadable(path, r, diagnostics);
        r = dropin_dirs_get(index, strrchr(path, '/') + 1, &d);
        return r < 0 ? r : dropin_dirs_insert(d, d->n_dirs, path, &files);
}

/* Place in the search path of the directory that @path is in; -ENOENT: it is not of it. */
static int64_t search_position(const UnitIndex *index, const char *path) {
        _cleanup_free_ char *parent = strndup(path, (size_t) (strrchr(path, '/') - path));
        _cleanup_free_ char *resolved = parent ? realpath(parent, NULL) : NULL;
        int64_t i = 0;

        if (!resolved)
                return parent && errno != ENOMEM ? -ENOENT : -ENOMEM;
        MAP_FOREACH (char, visited, index->visited) {
                if (str_equal(visited, resolved))
                        return i;
                i++;
        }
        return -ENOENT;
}

int unit_index_refresh_dropins(UnitIndex *index, const char *path) {
        _cleanup_(word_list_done) WordList files = {};
        DropinDirs *d;

        int r = read_dropin_dir(path, &files);
        if (r == -ENOMEM)
                return r;
        bool there = r >= 0;
        int64_t position = search_position(index, path);
        if (position < 0)
                return position == -ENOMEM ? -ENOMEM : there ? -ENOENT : 0;
        r = dropin_dirs_get(index, strrchr(path, '/') + 1, &d);
        if (r < 0)
                return r;

        size_t at = 0;
        while (at < d->n_dirs && !str_equal(d->dirs[at].path, path) &&
                        search_position(index, d->dirs[at].path) < position)
                at++;
        if (at < d->n_dirs && str_equal(d->dirs[at].path, path)) {
                strv_free(d->dirs[at].files);
                d->dirs[at].files = word_list_take(&files); /* none of a directory that is gone */
                return 0;
        }
        return there ? dropin_dirs_insert(d, at, path, &files) : 0;
}

static int add_dependency(UnitIndex *index, const DependencyEntry *e) {
        if (index->n_dependencies >= index->n_dependencies_allocated) {
                size_t n = index->n_dependencies_allocated ? index->n_dependencies_allocated * 2
                                                           : 8;
                DependencyEntry *grown = realloc(index->dependencies, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                index->dependencies = grown;
                index->n_dependencies_allocated = n;
        }

        _cleanup_free_ char *unit = strdup(e->unit), *entry = strdup(e->entry);
        if (!unit || !entry)
                return -ENOMEM;
        index->dependencies[index->n_dependencies++] = (DependencyEntry) {
                .unit = TAKE_PTR(unit),
                .entry = TAKE_PTR(entry),
                .suffix = e->suffix,
        };
        return 0;
}

static int add_dependency_dir(UnitIndex *index,
                const char *path,
                const char *suffix,
                DiagnosticList *diagnostics) {
        _cleanup_(listing_done) Listing listing = {};
        const char *name = strrchr(path, '/') + 1;
        _cleanup_free_ char *unit = strndup(name, strlen(name) - strlen(suffix));

        if (!unit)
                return -ENOMEM;
        int r = listing_read(&listing, path);
        if (r < 0)
                return complain_unreadable(path, r, diagnostics);
        for (int i = 0; i < listing.n_entries && r >= 0; i++) {
                DependencyEntry e = {
                        .unit = unit,
                        .entry = listing.entries[i]->d_name,
                        .suffix = suffix,
                };
                r = add_dependency(index, &e);
        }
        return r;
}

/* ---- the walk ------------------------------------------------------------------------------------ */

/* Directories still to be read, the next one last. */
static int add_entry(UnitIndex *index,
                const char *path,
                const struct dirent *e,
                WordList *children,
                DiagnosticList *diagnostics) {
        static const char *const dependency_suffixes[] = { ".wants", ".requires", ".upholds" };

        if (!is_directory(path, e))
                return add_file(index, path, is_link(path, e), diagnostics);
        if (str_has_suffix(path, ".d"))
                return add_dropin_dir(index, path, diagnostics);
        for (size_t i = 0; i < ELEMENTSOF(dependency_suffixes); i++) {
                if (str_has_suffix(path, dependency_suffixes[i]))
                        return add_dependency_dir(index, path, dependency_suffixes[i], diagnostics);
        }
        return unit_dir_is_skipped(path) ? 0 : word_list_add_copy(children, path);
}

/* Return: 1 if the directory was not met before; 0; -ENOMEM. */
static int mark_visited(UnitIndex *index, const char *path) {
        _cleanup_free_ char *resolved = realpath(path, NULL);

        if (!resolved)
                return errno == ENOMEM ? -ENOMEM : 1; /* reading it says what is wrong */
        int r = map_put(index->visited, resolved, resolved);
        if (r == -EEXIST)
                return 0;
        if (r < 0)
                return r;
        TAKE_PTR(resolved);
        return 1;
}

static int
scan_one(UnitIndex *index, const char *path, WordList *children, DiagnosticList *diagnostics) {
        _cleanup_(listing_done) Listing listing = {};

        int r = mark_visited(index, path);
        if (r <= 0)
                return r;
        r = listing_read(&listing, path);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return complain_unreadable(path, r, diagnostics);
        for (int i = 0; i < listing.n_entries && r >= 0; i++) {
                _cleanup_free_ char *child = str_printf("%s/%s", path, listing.entries[i]->d_name);
                r = child ? add_entry(index, child, listing.entries[i], children, diagnostics)
                          : -ENOMEM;
        }
        return r;
}

/* A stack of directories, as deep as people like to nest them: no recursion. */
int unit_index_scan(UnitIndex *index,
                const char *directory,
                bool recursive,
                DiagnosticList *diagnostics) {
        _cleanup_(word_list_done) WordList stack = {};

        int r = word_list_add_copy(&stack, directory);
        while (r >= 0 && stack.n_words > 0) {
                _cleanup_(word_list_done) WordList children = {};
                _cleanup_free_ char *path = strdup(stack.words[stack.n_words - 1]);

                word_list_truncate(&stack, stack.n_words - 1);
                r = path ? scan_one(index, path, &children, diagnostics) : -ENOMEM;
                for (size_t i = children.n_words; i > 0 && r >= 0 && recursive; i--)
                        r = word_list_add_copy(&stack, children.words[i - 1]);
        }
        return r < 0 ? r : 0;
}

/* ---- look-ups ------------------------------------------------------------------------------------ */

const IndexedFile *unit_index_find(const UnitIndex *index, const char *name) {
        return map_get(index->files, name);
}

size_t unit_index_size(const UnitIndex *index) {
        return map_size(index->files);
}

const IndexedFile *unit_index_at(const UnitIndex *index, size_t i) {
        return map_at(index->files, i);
}

bool unit_index_has_directory(const UnitIndex *index, const char *path) {
        return map_get(index->visited, path);
}

size_t unit_index_n_dependencies(const UnitIndex *index) {
        return index->n_dependencies;
}

const DependencyEntry *unit_index_dependency(const UnitIndex *index, size_t i) {
        assert(i < index->n_dependencies);
        return &index->dependencies[i];
}

/* The names of @file_name's drop-in directories, the most specific one first. */
static int dropin_names(const char *file_name, WordList *names) {
        const char *extension = strrchr(file_name, '.'), *at = strchr(file_name, '@');
        size_t prefix = (size_t) ((at && at < extension ? at : extension) - file_name);
        bool templated = prefix < (size_t) (extension - file_name);
        size_t instance_size = 0;
        int r = 0;

        (void) unit_name_instance(file_name, &instance_size);
        for (int pass = 0; pass < 2 && r >= 0; pass++) {
                /* The unit itself, then its template. */
                _cleanup_free_ char *name = pass == 0 ? str_printf("%s.d", file_name)
                                                      : str_printf("%.*s@%s.d",
                                                                        (int) prefix,
                                                                        file_name,
                                                                        extension);
                if (pass == 0 || instance_size > 0)
                        r = name ? word_list_add(names, &name) : -ENOMEM;
        }
        for (size_t n = prefix > 0 ? prefix - 1 : 0; n > 0 && r >= 0; n--) {
                if (file_name[n - 1] != '-')
                        continue;
                _cleanup_free_ char *of_template =
                                str_printf("%.*s@%s.d", (int) n, file_name, extension);
                _cleanup_free_ char *plain = str_printf("%.*s%s.d", (int) n, file_name, extension);
                if (!of_template || !plain)
                        return -ENOMEM;
                if (templated)
                        r = word_list_add(names, &of_template);
                if (r >= 0)
                        r = word_list_add(names, &plain);
        }
        if (r < 0)
                return r;

        _cleanup_free_ char *type_level = str_printf("%s.d", extension + 1);
        return type_level ? word_list_add(names, &type_level) : -ENOMEM;
}

static int base_name_compare(const void *a, const void *b) {
        return strcmp(strrchr(*(const char *const *) a, '/'),
                        strrchr(*(const char *const *) b, '/'));
}

static int collect_dropins(const DropinDirs *d, Map *seen, WordList *paths) {
        for (size_t i = 0; d && i < d->n_dirs; i++) {
                STRV_FOREACH (file, d->dirs[i].files) {
                        int r = map_put(seen, *file, (void *) file);
                        if (r == -EEXIST)
                                continue;
                        if (r < 0)
                                return r;
                        _cleanup_free_ char *path = str_printf("%s/%s", d->dirs[i].path, *file);
                        r = path ? word_list_add(paths, &path) : -ENOMEM;
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int unit_index_dropins(const UnitIndex *index, const char *file_name, char ***ret) {
        _cleanup_(word_list_done) WordList names = {}, paths = {};
        _cleanup_(map_freep) Map *seen = map_new();

        int r = seen ? dropin_names(file_name, &names) : -ENOMEM;
        for (size_t i = 0; i < names.n_words && r >= 0; i++)
                r = collect_dropins(map_get(index->dropins, names.words[i]), seen, &paths);
        if (r < 0)
                return r;
        if (paths.n_words > 1)
                qsort(paths.words, paths.n_words, sizeof(char *), base_name_compare);
        *ret = word_list_take(&paths);
        return 0;
}

int unit_index_new(UnitIndex **ret) {
        _cleanup_(unit_index_freep) UnitIndex *index = calloc(1, sizeof(UnitIndex));
        if (!index)
                return -ENOMEM;

        index->files = map_new();
        index->dropins = map_new();
        index->visited = map_new();
        if (!index->files || !index->dropins || !index->visited)
                return -ENOMEM;
        *ret = TAKE_PTR(index);
        return 0;
}

UnitIndex *unit_index_free(UnitIndex *index) {
        if (!index)
                return NULL;

        MAP_FOREACH (IndexedFile, file, index->files) {
                indexed_file_free(file);
        }
        MAP_FOREACH (DropinDirs, dirs, index->dropins) {
                dropin_dirs_free(dirs);
        }
        MAP_FOREACH (char, path, index->visited) {
                free(path);
        }
        for (size_t i = 0; i < index->n_dependencies; i++) {
                free(index->dependencies[i].unit);
                free(index->dependencies[i].entry);
        }
        free(index->dependencies);
        map_free(index->files);
        map_free(index->dropins);
        map_free(index->visited);
        free(index);
        return NULL;
}
