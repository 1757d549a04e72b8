/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/target.h"
#include "unitfile/unit-index.h"
#include "unitfile/unit-load.h"

/* Its place in the set stays when its unit is taken out. */
typedef struct UnitSlot {
        UnitSpec *unit;          /* owned; NULL once taken */
        char *id, *file_name;    /* owned; the unit's, which outlast it here */
        const IndexedFile *file; /* borrowed from the index; what to load it from once more */
} UnitSlot;

typedef struct UnitName {
        char *name;     /* owned */
        UnitSlot *slot; /* borrowed */
} UnitName;

/* What loading any unit takes; the set keeps it for instances made later. */
typedef struct UnitSources {
        UnitIndex *index; /* owned */
        UnitKeys *keys;   /* owned */
        MachineFacts facts;
        bool keep_effective; /* of each unit, its values in text */
} UnitSources;

struct UnitSet {
        UnitSources sources;
        Map *names;       /* owned; name to UnitName, which is owned */
        UnitSlot **slots; /* owned */
        size_t n_slots, n_slots_allocated;
        char *default_target; /* owned; a built-in one that default.target links to; NULL: none */
        DiagnosticList diagnostics;
};

/* A file and its drop-ins, read. */
typedef struct UnitTexts {
        UnitText *texts; /* owned, with their text */
        size_t n_texts;
} UnitTexts;

static int unit_sources_init(UnitSources *s) {
        int r = unit_index_new(&s->index);
        if (r >= 0)
                r = unit_keys_new(&s->keys);
        return r < 0 ? r : machine_facts_read(&s->facts);
}

static void unit_sources_done(UnitSources *s) {
        s->index = unit_index_free(s->index);
        s->keys = unit_keys_free(s->keys);
        machine_facts_done(&s->facts);
}

static void unit_texts_done(UnitTexts *t) {
        for (size_t i = 0; i < t->n_texts; i++)
                free((char *) t->texts[i].text);
        free(t->texts);
}

/* ---- one unit ------------------------------------------------------------------------------------ */

static int complain_of_file(
                DiagnosticList *list, const char *path, const char *code, const char *text) {
        SourcePlace place = { .file = path };

        return diagnostic_add(list, DIAGNOSTIC_ERROR, code, &place, "%s", text);
}

static int complain_unreadable(DiagnosticList *list, const char *path, int r) {
        _cleanup_free_ char *text =
                        r == -EFBIG ? str_printf("the file is larger than %u bytes",
                                                      UNIT_FILE_SIZE_MAX)
                                    : str_printf("cannot read the file: %s",
                                                      strerrordesc_np(-r) ?: "unknown error");

        return text ? complain_of_file(list, path, "unreadable", text) : -ENOMEM;
}

/* Opened without waiting: what lies in the directory may be a pipe that nobody writes to. */
static int read_regular(const char *path, char **ret, size_t *ret_size) {
        struct stat st;

        _cleanup_close_ int fd =
                        neg_errno(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISCHR(st.st_mode)) { /* /dev/null, which masks */
                *ret = strdup("");
                *ret_size = 0;
                return *ret ? 0 : -ENOMEM;
        }
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        return file_read_fd(fd, UNIT_FILE_SIZE_MAX, ret, ret_size);
}

/* The drop-ins that can be read; the others are complained about and do no further harm. */
static int read_dropins(char *const *paths, UnitTexts *t, DiagnosticList *diagnostics) {
        STRV_FOREACH (path, paths) {
                char *text = NULL;
                size_t size = 0;

                int r = read_regular(*path, &text, &size);
                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        r = complain_unreadable(diagnostics, *path, r);
                        if (r < 0)
                                return r;
                        continue;
                }
                t->texts[t->n_texts++] = (UnitText) { .path = *path, .text = text, .size = size };
        }
        return 0;
}

/* A unit that is known and can't be used, for the reason given as a diagnostic or by its state. */
static int make_unusable(
                const char *file_name, const char *path, UnitLoadState state, UnitSpec **ret) {
        int r = unit_spec_new(file_name, path, NULL, ret);
        if (r >= 0)
                (*ret)->load_state = state;
        return r;
}

static bool index_has_unit(const UnitIndex *index, const char *file_name) {
        _cleanup_free_ char *template = unit_name_template(file_name);

        return unit_index_find(index, file_name) || (template && unit_index_find(index, template));
}

/* A unit of another file that a unit can't do without; with Quadlet's words. */
static int check_reference(const UnitSources *sources,
                UnitSpec *u,
                const char *file_name,
                const char *before,
                const char *after) {
        if (!file_name || index_has_unit(sources->index, file_name))
                return 0;
        _cleanup_free_ char *text = str_printf("%s %s %s", before, file_name, after);
        if (!text)
                return -ENOMEM;
        u->load_state = UNIT_BAD_SETTING;
        return complain_of_file(&u->diagnostics, u->fragment_path, "not-found", text);
}

static int check_references(const UnitSources *sources, UnitSpec *u) {
        int r = check_reference(sources,
                        u,
                        u->container.image_unit,
                        "requested Quadlet image",
                        "was not found");

        return r < 0 ? r
                     : check_reference(sources,
                                       u,
                                       u->container.pod,
                                       "quadlet pod unit",
                                       "does not exist");
}

static bool source_has_unit(const void *userdata, const char *file_name) {
        return index_has_unit(userdata, file_name);
}

static int load_sections(const UnitSources *sources,
                const char *file_name,
                const char *shown_path,
                const char *fragment_path,
                UnitTexts *t,
                UnitSpec **ret) {
        _cleanup_(diagnostic_list_done) DiagnosticList diagnostics = {};
        _cleanup_strv_ char **dropins = NULL;

        t->texts[0].path = shown_path;
        int r = unit_index_dropins(sources->index, file_name, &dropins);
        if (r < 0)
                return r;
        UnitText *grown = realloc(t->texts, (strv_length(dropins) + 1) * sizeof(UnitText));
        if (!grown)
                return -ENOMEM;
        t->texts = grown;
        r = read_dropins(dropins, t, &diagnostics);
        if (r < 0)
                return r;

        UnitLoadRequest request = {
                .file_name = file_name,
                .fragment_path = fragment_path,
                .texts = t->texts,
                .n_texts = t->n_texts,
                .keys = sources->keys,
                .facts = &sources->facts,
                .is_known = source_has_unit,
                .is_known_userdata = sources->index,
                .keep_effective = sources->keep_effective,
        };
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        r = unit_spec_load(&request, &u);
        if (r >= 0)
                r = diagnostic_list_move(&u->diagnostics, &diagnostics);
        if (r >= 0)
                r = check_references(sources, u);
        if (r < 0)
                return r;
        u->dropin_paths = TAKE_PTR(dropins);
        *ret = TAKE_PTR(u);
        return 0;
}

/*
 * A unit from its file. @file_name may differ from what @fragment_path ends in: an instance is made
 * of its template's file. @shown_path is how diagnostics call it.
 */
static int load_unit(const UnitSources *sources,
                const char *file_name,
                const char *shown_path,
                const char *fragment_path,
                UnitSpec **ret) {
        const UnitType *type = unit_type_find(file_name);
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        _cleanup_(unit_texts_done) UnitTexts t = {};
        char *text = NULL;
        size_t size = 0;
        int r;

        t.texts = calloc(1, sizeof(UnitText));
        if (!t.texts)
                return -ENOMEM;
        r = read_regular(shown_path, &text, &size);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                int problem = r;
                r = make_unusable(file_name, fragment_path, UNIT_ERROR, &u);
                if (r >= 0)
                        r = complain_unreadable(&u->diagnostics, shown_path, problem);
        } else if (size == 0) {
                free(text);
                r = make_unusable(file_name, fragment_path, UNIT_MASKED, &u);
        } else {
                t.texts[t.n_texts++] =
                                (UnitText) { .path = shown_path, .text = text, .size = size };
                if (type->kind != UNIT_KIND_UNSUPPORTED)
                        r = load_sections(sources, file_name, shown_path, fragment_path, &t, &u);
                else {
                        bool never = unit_type_is_quadlet(type) && !type->section;
                        _cleanup_free_ char *reason = str_printf("unit type %s is not supported %s",
                                        type->extension,
                                        never ? "by supd" : "yet");
                        r = reason ? make_unusable(file_name, fragment_path, UNIT_BAD_SETTING, &u)
                                   : -ENOMEM;
                        if (r >= 0)
                                r = complain_of_file(&u->diagnostics,
                                                shown_path,
                                                "unsupported-type",
                                                reason);
                }
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

/* ---- names --------------------------------------------------------------------------------------- */

static int set_add_name(UnitSet *s, const char *name, UnitSlot *slot) {
        _cleanup_free_ UnitName *n = calloc(1, sizeof(UnitName));
        if (!n)
                return -ENOMEM;
        n->name = strdup(name);
        if (!n->name)
                return -ENOMEM;
        n->slot = slot;

        int r = map_put(s->names, n->name, n);
        if (r < 0) {
                free(n->name);
                return r;
        }
        TAKE_PTR(n);
        return 0;
}

static UnitSlot *set_find_slot(const UnitSet *s, const char *name) {
        const UnitName *n = map_get(s->names, name);

        if (!n && !strchr(name, '/')) {
                _cleanup_free_ char *id = str_printf("%s.service", name);
                n = id ? map_get(s->names, id) : NULL;
        }
        return n ? n->slot : NULL;
}

static UnitSlot *unit_slot_free(UnitSlot *slot) {
        if (!slot)
                return NULL;
        unit_spec_free(slot->unit);
        free(slot->id);
        free(slot->file_name);
        free(slot);
        return NULL;
}
DEFINE_CLEANUP(UnitSlot *, unit_slot_free);

static int set_reserve_slot(UnitSet *s) {
        if (s->n_slots < s->n_slots_allocated)
                return 0;

        size_t n = s->n_slots_allocated ? s->n_slots_allocated * 2 : 64;
        UnitSlot **grown = realloc(s->slots, n * sizeof(UnitSlot *));
        if (!grown)
                return -ENOMEM;
        s->slots = grown;
        s->n_slots_allocated = n;
        return 0;
}

/* Two files that make the same service: the first one has it. */
static int complain_collision(UnitSet *s, const UnitSpec *loser, const UnitSlot *winner) {
        _cleanup_free_ char *text = str_printf("service %s is already made by %s; not loaded",
                        loser->id,
                        winner->unit ? winner->unit->fragment_path : winner->file_name);

        if (!text)
                return -ENOMEM;
        return complain_of_file(&s->diagnostics, loser->fragment_path, "name-collision", text);
}

static bool is_masked(const UnitSlot *slot) {
        return slot->unit && slot->unit->load_state == UNIT_MASKED;
}

/* Takes *u over, unless another unit has its name: that is complained about. 0 or -ENOMEM. */
static int set_add_unit(UnitSet *s, const IndexedFile *file, UnitSpec **u) {
        const UnitName *holder = map_get(s->names, (*u)->id);

        /* A mask is meant for what it stands before; that goes on having its names. */
        if (holder && is_masked(holder->slot)) {
                int q = set_add_name(s, (*u)->file_name, holder->slot);
                return q == -EEXIST ? 0 : q;
        }
        if (holder)
                return complain_collision(s, *u, holder->slot);

        _cleanup_(unit_slot_freep) UnitSlot *slot = calloc(1, sizeof(UnitSlot));
        if (!slot)
                return -ENOMEM;
        slot->file = file;
        slot->id = strdup((*u)->id);
        slot->file_name = strdup((*u)->file_name);
        if (!slot->id || !slot->file_name)
                return -ENOMEM;
        int r = set_reserve_slot(s);
        if (r >= 0)
                r = set_add_name(s, (*u)->id, slot);
        if (r < 0)
                return r;
        slot->unit = TAKE_PTR(*u);

        UnitSlot *kept = s->slots[s->n_slots++] = TAKE_PTR(slot);
        r = set_add_name(s, kept->file_name, kept);
        return r == -EEXIST ? 0 : r; /* a plain unit's file name is its id */
}

/* ---- loading all --------------------------------------------------------------------------------- */

/* Who comes first gets a service name; a vendor's plain unit stands behind Quadlet's (UNITS.md 1.3). */
static unsigned file_rank(const IndexedFile *f) {
        return !unit_type_is_quadlet(f->type) && f->is_vendor ? UINT32_MAX : f->type->rank;
}

static int file_compare(const void *a, const void *b) {
        const IndexedFile *x = *(const IndexedFile *const *) a,
                          *y = *(const IndexedFile *const *) b;

        if (file_rank(x) != file_rank(y))
                return file_rank(x) < file_rank(y) ? -1 : 1;
        return (x->position > y->position) - (x->position < y->position);
}

/*
 * The unit that a link is another name of: its target has a different name and is in the search path
 * too. An instance linked to its template is a unit of its own. NULL: not an alias, or out of memory.
 */
static char *alias_target(const UnitSet *s, const IndexedFile *f) {
        if (!f->is_link)
                return NULL;

        _cleanup_free_ char *resolved = realpath(f->path, NULL),
                            *own_template = unit_name_template(f->name);
        char *slash = resolved ? strrchr(resolved, '/') : NULL;
        const char *name = slash ? slash + 1 : NULL;
        if (!name || str_equal(name, f->name) || str_equal(name, own_template))
                return NULL;

        *slash = '\0';
        bool in_search_path = unit_index_has_directory(s->sources.index, resolved) &&
                              unit_index_find(s->sources.index, name);
        return in_search_path ? strdup(name) : NULL;
}

static int set_add_alias(UnitSet *s, const char *alias, UnitSlot *slot) {
        const UnitType *type = unit_type_find(alias);
        int r = set_add_name(s, alias, slot);

        if ((r < 0 && r != -EEXIST) || !type || !unit_type_is_quadlet(type))
                return r == -EEXIST ? 0 : r;
        _cleanup_free_ char *id = unit_service_id(alias, NULL);
        r = id ? set_add_name(s, id, slot) : -ENOMEM;
        return r == -EEXIST ? 0 : r;
}

static int set_load_alias(UnitSet *s, const IndexedFile *f, const char *target) {
        UnitSlot *slot = set_find_slot(s, target);

        if (!slot || unit_type_find(target) != f->type)
                return complain_of_file(&s->diagnostics,
                                f->path,
                                "bad-alias",
                                "links to a unit that is not loaded or is of another type");
        return set_add_alias(s, f->name, slot);
}

/*
 * default.target may link to a target that supd brings along, which has no file. Return: 1 if it does; 0;
 * -ENOMEM.
 */
static int set_take_default(UnitSet *s, const IndexedFile *f) {
        if (!f->is_link || !str_equal(f->name, "default.target"))
                return 0;

        char target[UNIT_NAME_SIZE_MAX * 4];
        ssize_t n = readlink(f->path, target, sizeof(target) - 1);
        if (n < 0)
                return 0;
        target[n] = '\0';
        const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
        if (!target_is_builtin(name) || access(f->path, F_OK) >= 0)
                return 0;
        int r = str_replace(&s->default_target, name);
        return r < 0 ? r : 1;
}

static int set_load_file(UnitSet *s, const IndexedFile *f) {
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        int taken = set_take_default(s, f);

        if (taken != 0)
                return taken < 0 ? taken : 0;

        int r = load_unit(&s->sources, f->name, f->path, f->path, &u);
        return r < 0 ? r : set_add_unit(s, f, &u);
}

static int set_load_files(UnitSet *s) {
        size_t n = unit_index_size(s->sources.index);
        _cleanup_free_ const IndexedFile **files = calloc(n + 1, sizeof(*files));
        _cleanup_strv_ char **targets = calloc(n + 1, sizeof(char *));
        int r = 0;

        if (!files || !targets)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                files[i] = unit_index_at(s->sources.index, i);
        qsort(files, n, sizeof(*files), file_compare);

        /* Aliases last: the units they name must be there. */
        size_t n_aliases = 0;
        for (size_t i = 0; i < n && r >= 0; i++) {
                char *target = alias_target(s, files[i]);
                if (target) {
                        targets[n_aliases] = target;
                        files[n_aliases++] = files[i]; /* never ahead of i */
                } else
                        r = set_load_file(s, files[i]);
        }
        for (size_t i = 0; i < n_aliases && r >= 0; i++)
                r = set_load_alias(s, files[i], targets[i]);
        return r;
}

/* ---- [Install] and dependency directories -------------------------------------------------------- */

/* Plain units get theirs by links, when they are enabled. */
static int set_install_aliases(UnitSet *s) {
        for (size_t i = 0; i < s->n_slots; i++) {
                if (!unit_type_is_quadlet(s->slots[i]->file->type))
                        continue;
                STRV_FOREACH (alias, s->slots[i]->unit->install.alias) {
                        int r = set_add_alias(s, *alias, s->slots[i]);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int add_install_dependency(UnitSpec *u, const DependencyEntry *e) {
        DependencyType type = str_equal(e->suffix, ".wants")      ? DEPENDENCY_WANTED_BY
                              : str_equal(e->suffix, ".requires") ? DEPENDENCY_REQUIRED_BY
                                                                  : DEPENDENCY_UPHELD_BY;
        char ***list = &u->unit.dependencies[type];

        return strv_contains(*list, e->unit) ? 0 : strv_append(list, e->unit);
}

/* An entry of NAME.wants is what WantedBy=NAME in the entry's own file would be. */
static int set_install_dependencies(UnitSet *s) {
        for (size_t i = 0; i < unit_index_n_dependencies(s->sources.index); i++) {
                const DependencyEntry *e = unit_index_dependency(s->sources.index, i);
                UnitSpec *u = unit_set_find(s, e->entry);
                int r = 0;

                if (!u)
                        r = unit_set_instantiate(s, e->entry, &u, NULL);
                if (r < 0)
                        return r;
                if (!u)
                        continue; /* a name of a unit of another machine, or of a later version */

                r = add_install_dependency(u, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

int unit_set_load(char *const *dirs, UnitSet **ret, Error *error) {
        (void) error; /* what is wrong is in diagnostics */

        _cleanup_(unit_set_freep) UnitSet *s = calloc(1, sizeof(UnitSet));
        if (!s)
                return -ENOMEM;
        s->names = map_new();
        if (!s->names)
                return -ENOMEM;

        int r = unit_sources_init(&s->sources);
        STRV_FOREACH (dir, dirs) {
                if (r >= 0)
                        r = unit_index_scan(s->sources.index,
                                        *dir,
                                        /* recursive= */ true,
                                        &s->diagnostics);
        }
        if (r >= 0)
                r = set_load_files(s);
        if (r >= 0)
                r = set_install_aliases(s);
        if (r >= 0)
                r = set_install_dependencies(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

/* ---- using the set ------------------------------------------------------------------------------- */

UnitSpec *unit_set_find(UnitSet *s, const char *name) {
        const UnitSlot *slot = set_find_slot(s, name);

        return slot ? slot->unit : NULL;
}

const char *unit_set_resolve(const UnitSet *s, const char *name) {
        const UnitSlot *slot = s ? set_find_slot(s, name) : NULL;

        return slot ? slot->id : NULL;
}

/* "web@.service" for "web@a", "web@a.service" and "web@a.container" as the case may be. */
static char *template_of(const char *name) {
        _cleanup_free_ char *with_type =
                        unit_type_find(name) ? strdup(name) : str_printf("%s.service", name);

        return with_type && unit_file_name_is_valid(with_type) ? unit_name_template(with_type)
                                                               : NULL;
}

static char *instance_file_name(const char *template_file, const char *name) {
        const char *instance = strchr(name, '@') + 1, *extension = strrchr(template_file, '.');
        const UnitType *type = unit_type_find(name);
        size_t size = strlen(instance) - (type ? strlen(type->extension) : 0);

        return str_printf("%.*s@%.*s%s",
                        (int) (strchr(template_file, '@') - template_file),
                        template_file,
                        (int) size,
                        instance,
                        extension);
}

/* The unit's id with the instance put in: "data@a.service" of "data@.service". */
static char *make_instance_id(const char *template_id, const char *instance, size_t size) {
        const char *at = strchr(template_id, '@');

        return str_printf("%.*s@%.*s%s",
                        (int) (at - template_id),
                        template_id,
                        (int) size,
                        instance,
                        strrchr(template_id, '.'));
}

/* "b@x.container" where only b@.container is a file. */
static const char *translate_instance(const UnitSet *s, const char *word, char **storage) {
        size_t size = 0;
        const char *own = unit_name_instance(word, &size);
        const UnitType *type = unit_type_find(word);

        if (!own || size == 0 || !type || !unit_type_is_quadlet(type))
                return word;
        _cleanup_free_ char *template = unit_name_template(word);
        const UnitSlot *slot = template ? set_find_slot(s, template) : NULL;
        if (!template)
                return NULL;
        if (!slot || !strchr(slot->id, '@'))
                return word;
        return *storage = make_instance_id(slot->id, own, size);
}

const char *unit_set_translate(
                const UnitSet *s, const char *word, const char *instance, char **storage) {
        const UnitName *name = map_get(s->names, word);
        const char *id = name ? name->slot->id : word;
        size_t size = 1;

        if (!name && str_equal(word, "default.target"))
                return s->default_target ?: "multi-user.target";
        if (instance && unit_name_instance(id, &size) && size == 0)
                return *storage = make_instance_id(id, instance, strlen(instance));
        return name ? id : translate_instance(s, word, storage);
}

/* A unit that was taken before is asked for again: its file once more. */
static int slot_refill(UnitSet *s, UnitSlot *slot) {
        if (slot->unit)
                return 0;
        return load_unit(&s->sources,
                        slot->file_name,
                        slot->file->path,
                        slot->file->path,
                        &slot->unit);
}

int unit_set_instantiate(UnitSet *s, const char *name, UnitSpec **ret, Error *error) {
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        int r;

        (void) error; /* what is wrong is in diagnostics */
        UnitSlot *slot = set_find_slot(s, name);
        if (slot) {
                r = slot_refill(s, slot);
                if (r < 0)
                        return r;
                *ret = slot->unit;
                return 1;
        }

        _cleanup_free_ char *template = template_of(name);
        slot = template ? set_find_slot(s, template) : NULL;
        if (!slot || !strchr(slot->file_name, '@'))
                return 0;
        _cleanup_free_ char *file_name = instance_file_name(slot->file_name, name);
        if (!file_name)
                return -ENOMEM;
        if (!unit_file_name_is_valid(file_name))
                return 0;

        r = load_unit(&s->sources, file_name, slot->file->path, slot->file->path, &u);
        if (r < 0)
                return r;
        UnitSpec *made = u;
        r = set_add_unit(s, slot->file, &u);
        if (r < 0)
                return r;
        if (u) /* refused: another file makes that service */
                return 0;
        *ret = made;
        return 1;
}

int unit_set_reread(UnitSet *s, const char *id, char *const *dropin_dirs, UnitSpec **ret) {
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        const UnitSlot *slot = set_find_slot(s, id);
        int r = 0;

        if (!slot)
                return 0;
        STRV_FOREACH (dir, dropin_dirs) {
                if (r >= 0)
                        r = unit_index_refresh_dropins(s->sources.index, *dir);
        }
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = load_unit(&s->sources, slot->file_name, slot->file->path, slot->file->path, &u);
        if (r < 0)
                return r;
        if (u->load_state == UNIT_ERROR || !str_equal(u->id, slot->id))
                return 0;
        for (size_t i = 0; i < unit_index_n_dependencies(s->sources.index); i++) {
                const DependencyEntry *e = unit_index_dependency(s->sources.index, i);

                r = set_find_slot(s, e->entry) == slot ? add_install_dependency(u, e) : 0;
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(u);
        return 1;
}

size_t unit_set_size(const UnitSet *s) {
        return s->n_slots;
}

UnitSpec *unit_set_at(const UnitSet *s, size_t index) {
        assert(index < s->n_slots);
        return s->slots[index]->unit;
}

UnitSpec *unit_set_take(UnitSet *s, const char *id) {
        UnitSlot *slot = set_find_slot(s, id);

        return slot ? TAKE_PTR(slot->unit) : NULL;
}

const DiagnosticList *unit_set_diagnostics(const UnitSet *s) {
        return &s->diagnostics;
}

UnitSet *unit_set_free(UnitSet *s) {
        if (!s)
                return NULL;

        MAP_FOREACH (UnitName, name, s->names) {
                free(name->name);
                free(name);
        }
        map_free(s->names);
        for (size_t i = 0; i < s->n_slots; i++)
                unit_slot_free(s->slots[i]);
        free(s->slots);
        free(s->default_target);
        diagnostic_list_done(&s->diagnostics);
        unit_sources_done(&s->sources);
        free(s);
        return NULL;
}

/* ---- a file by itself ---------------------------------------------------------------------------- */

static char *absolute_path(const char *path) {
        if (*path == '/')
                return strdup(path);

        _cleanup_free_ char *directory = getcwd(NULL, 0);
        return directory ? str_printf("%s/%s", directory, path) : NULL;
}

/* A name that no unit has gets a spec too, so that its diagnostic has a place. */
static int make_nameless(const char *path, const char *absolute, UnitSpec **ret) {
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        const char *slash = strrchr(path, '/');

        int r = make_unusable("unknown.container", absolute, UNIT_ERROR, &u);
        if (r >= 0)
                r = str_replace(&u->file_name, slash ? slash + 1 : path);
        if (r >= 0)
                r = str_replace(&u->id, u->file_name);
        if (r >= 0)
                r = complain_of_file(
                                &u->diagnostics, path, "bad-name", "not the name of a unit file");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

struct UnitFileLoader {
        char *directory;     /* owned; whose files @sources knows; NULL: none yet */
        UnitSources sources; /* holds something while directory is set */
};

int unit_file_loader_new(UnitFileLoader **ret) {
        UnitFileLoader *l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        *ret = l;
        return 0;
}

static void loader_leave(UnitFileLoader *l) {
        if (!l->directory)
                return;
        unit_sources_done(&l->sources);
        l->sources = (UnitSources) {};
        free(l->directory);
        l->directory = NULL;
}

UnitFileLoader *unit_file_loader_free(UnitFileLoader *l) {
        if (!l)
                return NULL;
        loader_leave(l);
        free(l);
        return NULL;
}

/* Takes *directory over on success. */
static int loader_enter(UnitFileLoader *l, char **directory) {
        _cleanup_(diagnostic_list_done) DiagnosticList ignored = {};

        if (l->directory && strcmp(l->directory, *directory) == 0)
                return 0;
        loader_leave(l);

        UnitSources sources = {};
        int r = unit_sources_init(&sources);
        if (r >= 0) /* for drop-ins; neighbours are not looked at, so their problems are none here */
                r = unit_index_scan(sources.index, *directory, /* recursive= */ false, &ignored);
        if (r < 0) {
                unit_sources_done(&sources);
                return r;
        }
        sources.keep_effective = true;
        l->sources = sources;
        l->directory = TAKE_PTR(*directory);
        return 0;
}

int unit_file_loader_load(UnitFileLoader *l, const char *path, UnitSpec **ret) {
        _cleanup_free_ char *absolute = absolute_path(path);
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        if (!absolute)
                return -ENOMEM;
        if (!unit_type_find(name) || !unit_file_name_is_valid(name))
                return make_nameless(path, absolute, ret);

        _cleanup_free_ char *directory =
                        strndup(absolute, (size_t) (strrchr(absolute, '/') - absolute));
        if (!directory)
                return -ENOMEM;
        int r = loader_enter(l, &directory);
        return r < 0 ? r : load_unit(&l->sources, name, path, absolute, ret);
}
