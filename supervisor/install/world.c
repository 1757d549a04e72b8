/* SPDX-License-Identifier: MIT */
#include "install/world.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-type.h"

int world_new(InstallWorld **ret) {
        _cleanup_(world_freep) InstallWorld *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        w->files = map_new();
        w->ids = map_new();
        w->originals = map_new();
        if (!w->files || !w->ids || !w->originals)
                return -ENOMEM;
        *ret = TAKE_PTR(w);
        return 0;
}

InstallFile *install_file_free(InstallFile *f) {
        if (!f)
                return NULL;
        free(f->name);
        free(f->path);
        free(f->id);
        free(f->alias_of);
        free(f->linked);
        install_spec_done(&f->install);
        free(f);
        return NULL;
}

InstallWorld *world_free(InstallWorld *w) {
        if (!w)
                return NULL;
        MAP_FOREACH (InstallFile, f, w->files) {
                install_file_free(f);
        }
        map_free(w->files);
        map_free(w->ids);
        MAP_FOREACH (char, name, w->originals) {
                free(name);
        }
        map_free(w->originals);
        for (size_t i = 0; i < w->n_entries; i++) {
                free(w->entries[i].path);
                free(w->entries[i].target);
        }
        free(w->entries);
        for (InstallPlace p = 0; p < INSTALL_ELSEWHERE; p++)
                free(w->dirs[p]);
        preset_free(w->presets);
        machine_facts_done(&w->facts);
        free(w);
        return NULL;
}

int world_add_file(InstallWorld *w, InstallFile **file) {
        int r = map_put(w->files, (*file)->name, *file);

        if (r >= 0)
                *file = NULL;
        return r;
}

int world_add_entry(InstallWorld *w, const InstallEntry *entry) {
        if (w->n_entries >= INSTALL_ENTRIES_MAX)
                return -E2BIG;
        if (w->n_entries >= w->n_entries_allocated) {
                size_t n = w->n_entries_allocated ? w->n_entries_allocated * 2 : 32;
                InstallEntry *grown = realloc(w->entries, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                w->entries = grown;
                w->n_entries_allocated = n;
        }

        _cleanup_free_ char *path = strdup(entry->path),
                            *target = entry->target ? strdup(entry->target) : NULL;
        if (!path || (entry->target && !target))
                return -ENOMEM;
        InstallEntry *e = &w->entries[w->n_entries++];
        *e = *entry;
        e->path = TAKE_PTR(path);
        e->name = strrchr(e->path, '/') + 1;
        e->target = TAKE_PTR(target);
        return 0;
}

int world_add_original(InstallWorld *w, const char *name) {
        _cleanup_free_ char *copy = strdup(name);

        if (!copy)
                return -ENOMEM;
        int r = map_put(w->originals, copy, copy);
        if (r >= 0)
                TAKE_PTR(copy);
        return r == -EEXIST ? 0 : r;
}

/* In this order: a plain file of the administrator's stands before a Quadlet file, the vendor's behind. */
typedef enum Claim {
        CLAIM_PLAIN,
        CLAIM_QUADLET,
        CLAIM_VENDOR,
        _CLAIM_MAX,
} Claim;

static Claim claim_of(const InstallFile *f) {
        if (f->quadlet)
                return CLAIM_QUADLET;
        return str_has_prefix(f->path, "/usr/") ? CLAIM_VENDOR : CLAIM_PLAIN;
}

int world_settle(InstallWorld *w) {
        for (Claim claim = 0; claim < _CLAIM_MAX; claim++) {
                MAP_FOREACH (InstallFile, f, w->files) {
                        int r = claim_of(f) == claim ? map_put(w->ids, f->id, f) : 0;
                        if (r < 0 && r != -EEXIST)
                                return r;
                }
        }
        return 0;
}

static const InstallFile *find_exactly(const InstallWorld *w, const char *name) {
        return map_get(w->ids, name) ?: map_get(w->files, name);
}

const InstallFile *world_find(const InstallWorld *w, const char *name) {
        _cleanup_free_ char *service = unit_type_find(name) ? NULL : str_printf("%s.service", name);
        const char *full = service ?: name;

        const InstallFile *f = find_exactly(w, full);
        if (f)
                return f;
        _cleanup_free_ char *template = unit_name_template(full);
        return template ? find_exactly(w, template) : NULL;
}

const InstallEntry *world_entry(const InstallWorld *w, const char *path) {
        for (size_t i = 0; i < w->n_entries; i++) {
                if (str_equal(w->entries[i].path, path))
                        return &w->entries[i];
        }
        return NULL;
}
