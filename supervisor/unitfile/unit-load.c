/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-load.h"

#include <string.h>
#include <strings.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/podman-args.h"
#include "unitfile/unit-load-internal.h"
#include "unitfile/unit-source-internal.h"
#include "unitfile/unit-type.h"

/* Thinking of what was meant costs a look at every key; nobody reads that many suggestions. */
#define SUGGESTIONS_MAX 20U

/* The assignments of all files by key. */
typedef struct Grouping {
        const UnitAssignment **assignments; /* owned; those of one key together, each in order */
        size_t *starts; /* owned; of each key, in assignments; one more at the end */
        size_t *last;   /* owned; of each key: 1 + when its last assignment was met; 0: never */
        size_t *order;  /* owned; keys that are assigned to, by that */
        size_t n_order;
} Grouping;

static void grouping_done(Grouping *g) {
        free(g->assignments);
        free(g->starts);
        free(g->last);
        free(g->order);
}

/* ---- unknown sections and keys ------------------------------------------------------------------- */

static int complain_at(UnitLoad *load,
                const UnitFile *file,
                unsigned line,
                DiagnosticSeverity severity,
                const char *code,
                const char *text) {
        SourcePlace place = { .file = file->path, .source = file->source, .line = line };

        return diagnostic_add(load->diagnostics, severity, code, &place, "%s", text);
}

static const char *suggest(UnitLoad *load, const char *word, const char *const *candidates) {
        if (load->suggestions_left == 0 || diagnostic_list_is_full(load->diagnostics))
                return NULL;
        load->suggestions_left--;
        return text_suggest(word, candidates);
}

static int complain_unknown_section(UnitLoad *load, const UnitFile *file, const UnitHeader *h) {
        const char *meant = suggest(load, h->section, load->keys->section_names);
        _cleanup_free_ char *text = str_printf("unknown section [" SHOWN "]; ignored%s%s%s",
                        SHOWN_ARGUMENTS(h->section),
                        meant ? "; did you mean [" : "",
                        meant ?: "",
                        meant ? "]?" : "");

        if (!text)
                return -ENOMEM;
        return complain_at(load, file, h->line, DIAGNOSTIC_WARNING, "unknown-section", text);
}

/* Of the types' own sections only that of the file's type is meant. */
static SectionRole section_role(const UnitLoad *load, int section) {
        const UnitSection *s = &unit_sections[section];

        /* A plain unit has [Unit], [Install] and its own; the rest is about containers. */
        if (!unit_type_is_quadlet(load->type) && s->role != SECTION_INSTALL &&
                        strcmp(s->name, "Unit") != 0 && !str_equal(s->name, load->type->section))
                return SECTION_FOREIGN;
        if (unit_type_has_section(s->name) && !str_equal(s->name, load->type->section))
                return SECTION_FOREIGN;
        return s->role;
}

static int check_header(UnitLoad *load, const UnitFile *file, const UnitHeader *h) {
        int i = unit_keys_find_section(h->section);

        if (i < 0)
                return str_has_prefix(h->section, "X-") ? 0
                                                        : complain_unknown_section(load, file, h);
        if (section_role(load, i) != SECTION_FOREIGN)
                return 0;

        _cleanup_free_ char *text = str_printf("section [%s] has no meaning in a %s file; ignored",
                        h->section,
                        load->type->extension);
        if (!text)
                return -ENOMEM;
        return complain_at(load, file, h->line, DIAGNOSTIC_WARNING, "unknown-section", text);
}

static int complain_unknown_key(UnitLoad *load, const UnitAssignment *a, int section) {
        SectionRole role = unit_sections[section].role;
        bool fatal = role == SECTION_TYPE || role == SECTION_OWN;

        if (!fatal && str_has_prefix(a->key, "X-"))
                return 0;

        const char *meant = suggest(load, a->key, load->keys->candidates[section]);
        _cleanup_free_ char *text = str_printf("unknown key '" SHOWN "' in section [%s]%s%s%s%s",
                        SHOWN_ARGUMENTS(a->key),
                        a->section,
                        fatal ? "" : "; ignored",
                        meant ? "; did you mean '" : "",
                        meant ?: "",
                        meant ? "'?" : "");
        if (!text)
                return -ENOMEM;
        return complain_at(load,
                        a->file,
                        a->line,
                        fatal ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING,
                        "unknown-key",
                        text);
}

/* ---- grouping ------------------------------------------------------------------------------------ */

/* Which key each assignment is to; NULL for what is not known. */
typedef struct KeyedAssignment {
        const UnitAssignment *assignment;
        size_t key;
} KeyedAssignment;

static int look_up_assignments(
                UnitLoad *load, const UnitFile *file, KeyedAssignment *keyed, size_t *n) {
        const char *section = NULL;
        int index = -ENOENT, r = 0;

        for (size_t i = 0; i < file->n_assignments && r >= 0; i++) {
                const UnitAssignment *a = &file->assignments[i];

                if (a->section != section) { /* one string for all below a header */
                        section = a->section;
                        index = unit_keys_find_section(section);
                }
                if (index < 0 || section_role(load, index) == SECTION_FOREIGN)
                        continue;
                const UnitKey *key = map_get(load->keys->by_section[index], a->key);
                if (key)
                        keyed[(*n)++] = (KeyedAssignment) {
                                .assignment = a,
                                .key = (size_t) (key - load->keys->keys),
                        };
                else if (!load->resolving)
                        r = complain_unknown_key(load, a, index);
        }
        return r;
}

/* A counting sort by key, and the keys in the order of their last assignments. */
static int grouping_sort(Grouping *g, const KeyedAssignment *keyed, size_t n, size_t n_keys) {
        g->assignments = calloc(n + 1, sizeof(*g->assignments));
        g->starts = calloc(n_keys + 2, sizeof(size_t));
        g->last = calloc(n_keys, sizeof(size_t));
        g->order = calloc(n_keys, sizeof(size_t));
        if (!g->assignments || !g->starts || !g->last || !g->order)
                return -ENOMEM;

        /* Shifted by one, so that filling leaves starts where it shall be. */
        for (size_t i = 0; i < n; i++)
                g->starts[keyed[i].key + 2]++;
        for (size_t k = 2; k < n_keys + 2; k++)
                g->starts[k] += g->starts[k - 1];
        for (size_t i = 0; i < n; i++) {
                g->assignments[g->starts[keyed[i].key + 1]++] = keyed[i].assignment;
                g->last[keyed[i].key] = i + 1;
        }
        for (size_t i = 0; i < n; i++) {
                if (g->last[keyed[i].key] == i + 1)
                        g->order[g->n_order++] = keyed[i].key;
        }
        return 0;
}

static int grouping_make(UnitLoad *load, UnitFile *const *files, size_t n_files, Grouping *g) {
        size_t n_all = 0, n = 0;

        for (size_t i = 0; i < n_files; i++)
                n_all += files[i]->n_assignments;

        _cleanup_free_ KeyedAssignment *keyed = calloc(n_all + 1, sizeof(KeyedAssignment));
        if (!keyed)
                return -ENOMEM;
        for (size_t i = 0; i < n_files; i++) {
                int r = look_up_assignments(load, files[i], keyed, &n);
                if (r < 0)
                        return r;
        }
        return grouping_sort(g, keyed, n, load->keys->n_keys);
}

/* ---- applying keys ------------------------------------------------------------------------------- */

static bool word_matches(const char *value, const char *pattern, size_t size) {
        if (size > 0 && pattern[size - 1] == '*')
                return strncasecmp(value, pattern, size - 1) == 0;
        return strlen(value) == size && strncasecmp(value, pattern, size) == 0;
}

static bool value_is_harmless(const UnitKey *key, const char *value) {
        for (const char *p = key->harmless ?: ""; *p; p += strspn(p, " ")) {
                size_t size = strcspn(p, " ");
                if (word_matches(value, p, size))
                        return true;
                p += size;
        }
        return false;
}

/* One word for a unit and key: what is said of the first value that asks for something. */
static int apply_unhandled(KeyInput *in) {
        static const struct {
                DiagnosticSeverity severity;
                const char *code, *text;
        } verdicts[] = {
                [KEY_NOT_YET] = { DIAGNOSTIC_WARNING,
                                "not-supported",
                                "known but not supported yet; ignored" },
                [KEY_NOT_YET_REFUSED] = { DIAGNOSTIC_ERROR,
                                "not-supported",
                                "known but not supported yet, and not safe to ignore" },
                [KEY_NO_EFFECT] = { DIAGNOSTIC_WARNING, "no-effect", "has no effect" },
                [KEY_REJECTED] = { DIAGNOSTIC_ERROR, "rejected", "is not supported" },
        };

        KEY_INPUT_FOREACH(a, in) {
                if (value_is_harmless(in->key, a->value))
                        continue;
                return input_complain(in,
                                a,
                                verdicts[in->key->disposition].severity,
                                verdicts[in->key->disposition].code,
                                "%s",
                                in->key->parse || !in->key->help
                                                ? verdicts[in->key->disposition].text
                                                : in->key->help);
        }
        return 0;
}

static void *key_target(UnitLoad *load, const UnitKey *key) {
        void *targets[] = {
                [KEY_TARGET_NONE] = NULL,
                [KEY_TARGET_UNIT] = &load->unit->unit,
                [KEY_TARGET_SERVICE] = &load->unit->service,
                [KEY_TARGET_INSTALL] = &load->unit->install,
                [KEY_TARGET_CONTAINER] = load->container,
                [KEY_TARGET_IMAGE] = load->image,
                [KEY_TARGET_TIMER] = &load->unit->timer,
                [KEY_TARGET_POD] = load->pod,
                [KEY_TARGET_SOCKET] = &load->unit->socket,
        };

        return (char *) targets[key->target] + key->offset;
}

static bool value_is_empty(const KeyInput *in, const UnitAssignment *a) {
        bool quoted = in->role == SECTION_TYPE && !(in->key->flags & KEY_LIST);

        return *a->value == '\0' || (quoted && strcmp(a->value, "\"\"") == 0);
}

/* Leaves what counts: what stands behind the last empty assignment, of a single value the last one. */
static void input_trim(KeyInput *in) {
        bool keep_empty = in->key->flags & KEY_KEEP_EMPTY;
        bool only_last = in->role == SECTION_TYPE && !(in->key->flags & KEY_LIST);
        size_t first = in->n_assignments;

        while (first > 0 && (keep_empty || !value_is_empty(in, in->assignments[first - 1])))
                first--;
        if (only_last && first < in->n_assignments)
                first = in->n_assignments - 1;
        in->assignments += first;
        in->n_assignments -= first;
}

/* Of keys that look at the text themselves. What is wrong with its specifiers they have told. */
static int note_text(KeyInput *in, const UnitAssignment *a) {
        _cleanup_free_ char *expanded = NULL;
        char bad;
        int r = 0;

        if (in->role != SECTION_INSTALL)
                r = specifier_expand(&in->load->specifiers,
                                a->value,
                                in->load->expansion_left,
                                &expanded,
                                &bad);
        if (r == -ENOMEM)
                return r;
        return effective_add(in->load->effective,
                        a,
                        a->file->path,
                        a->line,
                        expanded ?: a->value,
                        /* word= */ false);
}

static int apply_key(UnitLoad *load, const Grouping *g, size_t index) {
        const UnitKey *key = &load->keys->keys[index];
        KeyInput in = {
                .load = load,
                .key = key,
                .role = unit_sections[unit_keys_find_section(key->section)].role,
                .assignments = g->assignments + g->starts[index],
                .n_assignments = g->starts[index + 1] - g->starts[index],
        };

        input_trim(&in);
        if (in.n_assignments == 0 || key->disposition == KEY_SILENT)
                return 0;
        if (load->resolving &&
                        unit_sections[unit_keys_find_section(key->section)].role != SECTION_TYPE)
                return 0;
        if (key->disposition != KEY_HANDLED) {
                Effective *effective = load->effective;

                load->effective = NULL; /* it has no effect */
                int r = key->parse ? key->parse(&in, NULL) : 0;
                load->effective = effective;
                return r < 0 ? r : apply_unhandled(&in);
        }
        if (!load->effective)
                return key->parse(&in, key_target(load, key));

        int r = effective_begin(load->effective, key->section, key->key, key->flags & KEY_LIST);
        if (r >= 0)
                r = key->parse(&in, key_target(load, key));
        for (size_t i = 0; i < in.n_assignments && r >= 0 && !in.noted; i++)
                r = note_text(&in, in.assignments[i]);
        return r;
}

static int apply_files(UnitLoad *load, UnitFile *const *files, size_t n_files) {
        _cleanup_(grouping_done) Grouping g = {};
        int r = 0;

        for (size_t i = 0; i < n_files && !load->resolving; i++) {
                for (size_t j = 0; j < files[i]->n_headers && r >= 0; j++)
                        r = check_header(load, files[i], &files[i]->headers[j]);
        }
        if (r >= 0)
                r = grouping_make(load, files, n_files, &g);
        for (size_t i = 0; i < g.n_order && r >= 0; i++)
                r = apply_key(load, &g, g.order[i]);
        return r;
}

/* ---- whole units --------------------------------------------------------------------------------- */

UnitSource *unit_source_free(UnitSource *s) {
        if (!s)
                return NULL;

        for (size_t i = 0; i < s->n_files; i++)
                unit_file_free(s->files[i]);
        free(s->files);
        free(s);
        return NULL;
}

/*
 * All texts to files. A drop-in with syntax errors counts for nothing, and its errors do not keep the
 * unit from loading: they are in @dropin_diagnostics (UNITS.md 1.2).
 */
static int parse_texts(const UnitLoadRequest *request,
                DiagnosticList *diagnostics,
                DiagnosticList *dropin_diagnostics,
                UnitSource **ret) {
        _cleanup_(unit_source_freep) UnitSource *source = calloc(1, sizeof(UnitSource));
        if (!source)
                return -ENOMEM;
        UnitDialect dialect = unit_type_is_quadlet(unit_type_find(request->file_name))
                                              ? UNIT_DIALECT_QUADLET
                                              : UNIT_DIALECT_PLAIN;
        source->files = calloc(request->n_texts + 1, sizeof(UnitFile *));
        if (!source->files)
                return -ENOMEM;

        for (size_t i = 0; i < request->n_texts; i++) {
                _cleanup_(diagnostic_list_done) DiagnosticList list = {};
                _cleanup_(unit_file_freep) UnitFile *file = NULL;
                UnitFileSource text = {
                        .path = request->texts[i].path,
                        .source = (unsigned) i,
                        .dialect = dialect,
                        .text = request->texts[i].text,
                        .size = request->texts[i].size,
                };

                int r = unit_file_parse(&text, &list, &file);
                if (r < 0)
                        return r;
                bool broken = i > 0 && diagnostic_list_worst(&list) == DIAGNOSTIC_ERROR;
                if (!broken)
                        source->files[source->n_files++] = TAKE_PTR(file);
                r = diagnostic_list_move(broken ? dropin_diagnostics : diagnostics, &list);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(source);
        return 0;
}

static const UnitAssignment *find_last(
                const UnitSource *source, const char *section, const char *key) {
        for (size_t i = source->n_files; i > 0; i--) {
                const UnitFile *file = source->files[i - 1];
                for (size_t j = file->n_assignments; j > 0; j--) {
                        const UnitAssignment *a = &file->assignments[j - 1];
                        if (strcmp(a->key, key) == 0 && strcmp(a->section, section) == 0)
                                return a;
                }
        }
        return NULL;
}

static bool service_name_is_valid(const char *s, bool is_template) {
        _cleanup_free_ char *name = str_printf("%s.service", s);

        return name && unit_file_name_is_valid(name) && (!is_template || strchr(s, '@'));
}

/* ServiceName= decides the id, and with it what %n and its like are in all other values. */
static int make_unit(const UnitLoadRequest *request,
                const UnitSource *source,
                DiagnosticList *diagnostics,
                UnitSpec **ret) {
        const UnitType *type = unit_type_find(request->file_name);
        const UnitAssignment *a =
                        type->section ? find_last(source, type->section, "ServiceName") : NULL;
        _cleanup_free_ char *name = a && *a->value ? words_unquote(a->value) : NULL;
        size_t size;

        if (name && !service_name_is_valid(name, unit_name_instance(request->file_name, &size))) {
                SourcePlace place = {
                        .file = a->file->path,
                        .source = a->file->source,
                        .line = a->line,
                        .section = a->section,
                        .key = a->key,
                };
                int r = diagnostic_add(diagnostics,
                                DIAGNOSTIC_ERROR,
                                "bad-value",
                                &place,
                                "'" SHOWN "' is not the name of a service%s",
                                SHOWN_ARGUMENTS(name),
                                strchr(name, '@') ? "" : ", or lacks the '@' of a template");
                if (r < 0)
                        return r;
                free(name);
                name = NULL;
        }
        return unit_spec_new(request->file_name, request->fragment_path, name, ret);
}

static char *directory_of(const char *path) {
        const char *slash = strrchr(path, '/');

        if (!slash)
                return strdup(".");
        return strndup(path, slash == path ? 0 : (size_t) (slash - path));
}

static bool source_has_reference(const UnitSource *source, const char *section) {
        for (size_t i = 0; i < source->n_files; i++) {
                const UnitFile *file = source->files[i];
                for (size_t j = 0; j < file->n_assignments; j++) {
                        const UnitAssignment *a = &file->assignments[j];
                        if (strcmp(a->section, section) == 0 && value_has_reference(a->value))
                                return true;
                }
        }
        return false;
}

static SpecifierContext specifier_context(const UnitSpec *u, const MachineFacts *facts) {
        return (SpecifierContext) {
                .id = u->id,
                .instance = u->instance,
                .fragment_path = u->fragment_path,
                .facts = facts,
        };
}

/* FNV-1a: to see changes by, not to be safe from those who want none to be seen. */
static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size) {
        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char) bytes[i]) * UINT64_C(0x100000001b3);
        return hash;
}

static uint64_t hash_texts(const UnitLoadRequest *request) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < request->n_texts; i++) {
                hash = hash_bytes(hash, request->texts[i].path, strlen(request->texts[i].path) + 1);
                hash = hash_bytes(hash, request->texts[i].text, request->texts[i].size);
        }
        return hash;
}

int unit_spec_load(const UnitLoadRequest *request, UnitSpec **ret) {
        _cleanup_(diagnostic_list_done) DiagnosticList diagnostics = {}, dropin_diagnostics = {};
        _cleanup_(unit_source_freep) UnitSource *source = NULL;
        _cleanup_(unit_spec_freep) UnitSpec *u = NULL;
        _cleanup_free_ char *unit_dir = directory_of(request->fragment_path);
        int r;

        if (!unit_dir)
                return -ENOMEM;
        r = parse_texts(request, &diagnostics, &dropin_diagnostics, &source);
        if (r >= 0)
                r = podman_args_expand(
                                source, unit_type_find(request->file_name)->section, &diagnostics);
        if (r >= 0)
                r = make_unit(request, source, &diagnostics, &u);
        if (r < 0)
                return r;

        u->texts_hash = hash_texts(request);
        if (request->keep_effective) {
                u->effective = calloc(1, sizeof(*u->effective));
                if (!u->effective)
                        return -ENOMEM;
        }
        UnitLoad load = {
                .unit = u,
                .type = unit_type_find(request->file_name),
                .container = &u->container,
                .image = &u->image,
                .pod = &u->pod,
                .keys = request->keys,
                .unit_dir = unit_dir,
                .specifiers = specifier_context(u, request->facts),
                .diagnostics = &diagnostics,
                .effective = u->effective,
                .expansion_left = EXPANSION_SIZE_MAX,
                .suggestions_left = SUGGESTIONS_MAX,
                .is_known = request->is_known,
                .is_known_userdata = request->is_known_userdata,
        };
        if (source->n_files > 0)
                load.main_path = source->files[0]->path;
        load.has_reload_cmd = find_last(source, "Container", "ReloadCmd");
        load.has_reload_signal = find_last(source, "Container", "ReloadSignal");
        r = apply_files(&load, source->files, source->n_files);
        if (r >= 0)
                r = unit_load_finish(&load);
        if (r < 0)
                return r;

        bool bad = diagnostic_list_worst(&diagnostics) == DIAGNOSTIC_ERROR;
        u->load_state = bad ? UNIT_BAD_SETTING : UNIT_LOADED;
        r = diagnostic_list_move(&diagnostics, &dropin_diagnostics);
        if (r < 0)
                return r;
        diagnostic_list_sort(&diagnostics);
        u->diagnostics = diagnostics;
        diagnostics = (DiagnosticList) {};
        if (!bad && load.type->section && source_has_reference(source, load.type->section))
                u->source = TAKE_PTR(source);
        *ret = TAKE_PTR(u);
        return 0;
}

/* The first error of @list, for whoever can show only one. */
static int error_of(const DiagnosticList *list, Error *error) {
        for (size_t i = 0; i < list->n_items; i++) {
                if (list->items[i].severity != DIAGNOSTIC_ERROR)
                        continue;
                _cleanup_free_ char *text = diagnostic_format(&list->items[i]);
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "%s",
                                text ?: list->items[i].message);
        }
        return 0;
}

/* Everything that unit_spec_load() read, once more, into one of @container, @image and @pod. */
static int resolve(const UnitSpec *u,
                char *const *environment,
                ContainerSpec *container,
                ImageSpec *image,
                PodSpec *pod,
                Error *error) {
        _cleanup_(diagnostic_list_done) DiagnosticList diagnostics = {};
        _cleanup_(environment_done) Environment e = {};
        _cleanup_(machine_facts_done) MachineFacts facts = {};
        _cleanup_(unit_keys_freep) UnitKeys *keys = NULL;
        _cleanup_free_ char *unit_dir = NULL;

        int r = environment_init(&e, environment);
        if (r >= 0)
                r = machine_facts_read(&facts);
        if (r >= 0)
                r = unit_keys_new(&keys);
        unit_dir = directory_of(u->fragment_path);
        if (r < 0 || !unit_dir)
                return -ENOMEM;

        UnitLoad load = {
                .unit = (UnitSpec *) u, /* only read: nothing but the type's own spec is filled */
                .type = unit_type_find(u->file_name),
                .container = container,
                .image = image,
                .pod = pod,
                .keys = keys,
                .unit_dir = unit_dir,
                .specifiers = specifier_context(u, &facts),
                .environment = &e,
                .diagnostics = &diagnostics,
                .expansion_left = EXPANSION_SIZE_MAX,
                .resolving = true,
                .main_path = u->fragment_path,
        };
        r = apply_files(&load, u->source->files, u->source->n_files);
        if (r >= 0)
                r = unit_load_finish_type(&load);
        return r < 0 ? r : error_of(&diagnostics, error);
}

int unit_spec_resolve(const UnitSpec *u,
                char *const *environment,
                ContainerSpec *storage,
                const ContainerSpec **ret,
                Error *error) {
        assert(u->kind == UNIT_KIND_CONTAINER);
        int r = u->source ? resolve(u, environment, storage, NULL, NULL, error) : 0;
        if (r < 0)
                return r;
        *ret = u->source ? storage : &u->container;
        return 0;
}

int unit_spec_resolve_image(const UnitSpec *u,
                char *const *environment,
                ImageSpec *storage,
                const ImageSpec **ret,
                Error *error) {
        assert(u->kind == UNIT_KIND_IMAGE);
        int r = u->source ? resolve(u, environment, NULL, storage, NULL, error) : 0;
        if (r < 0)
                return r;
        *ret = u->source ? storage : &u->image;
        return 0;
}

int unit_spec_resolve_pod(const UnitSpec *u,
                char *const *environment,
                PodSpec *storage,
                const PodSpec **ret,
                Error *error) {
        assert(u->kind == UNIT_KIND_POD);
        int r = u->source ? resolve(u, environment, NULL, NULL, storage, error) : 0;
        if (r < 0)
                return r;
        *ret = u->source ? storage : &u->pod;
        return 0;
}
