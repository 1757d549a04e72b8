/* SPDX-License-Identifier: MIT */
#include "install/state.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "install/plan-internal.h"
#include "unitfile/target.h"
#include "unitfile/unit-type.h"

#define DEFAULT_TARGET "default.target"

/* By the place of what makes it so. */
/* clang-format off */
static const char *const enabled_words[] = {
        [INSTALL_PERSISTENT] = "enabled", [INSTALL_RUNTIME] = "enabled-runtime", [INSTALL_ELSEWHERE] = "enabled",
};
static const char *const linked_words[] = {
        [INSTALL_PERSISTENT] = "linked",  [INSTALL_RUNTIME] = "linked-runtime",  [INSTALL_ELSEWHERE] = "linked",
};
static const char *const masked_words[] = {
        [INSTALL_PERSISTENT] = "masked",  [INSTALL_RUNTIME] = "masked-runtime",  [INSTALL_ELSEWHERE] = "masked",
};
/* clang-format on */

/* Of a template: is it the instance that enabling the template itself makes? */
static bool is_default_instance(const InstallFile *f, const char *link) {
        const char *wanted = f->install.default_instance;
        size_t size = 0;
        const char *instance = unit_name_instance(link, &size);

        return wanted && instance && size == strlen(wanted) && strncmp(instance, wanted, size) == 0;
}

/* Links below the directories of ours that start a unit, or are names that its [Install] gives it. */
static bool
counts(const InstallFile *f, const InstallEntry *e, const char *name, bool *ret_other_instance) {
        if (!entry_is_link_of(e, name))
                return false;
        if (!e->dependency)
                return strv_contains(f->install.alias, e->name);
        if (name_is_template(name) && !name_is_template(e->name) &&
                        !is_default_instance(f, e->name)) {
                *ret_other_instance = true;
                return false;
        }
        return true;
}

static const char *state_by_links(const InstallWorld *w, const InstallFile *f, const char *name) {
        bool other_instance = false;
        InstallPlace best = INSTALL_ELSEWHERE;

        for (size_t i = 0; i < w->n_entries; i++) {
                if (counts(f, &w->entries[i], name, &other_instance) && w->entries[i].place < best)
                        best = w->entries[i].place;
        }
        if (best < INSTALL_ELSEWHERE)
                return enabled_words[best];
        return other_instance ? "indirect" : NULL;
}

static const char *state_by_file(const InstallFile *f) {
        const InstallSpec *i = &f->install;

        if (f->linked && f->place != INSTALL_ELSEWHERE)
                return linked_words[f->place];
        if (i->wanted_by || i->required_by || i->upheld_by || i->alias)
                return "disabled";
        return i->also ? "indirect" : "static";
}

const char *install_state(const InstallWorld *w, const char *name) {
        _cleanup_free_ char *full = plan_full_name(name);
        const InstallFile *f = full ? world_find(w, full) : NULL;

        if (!full)
                return NULL;
        if (!f && str_equal(full, DEFAULT_TARGET))
                return "alias";
        if (!f)
                return target_is_builtin(full) ? "static" : NULL;
        if (f->masked)
                return masked_words[f->place];
        if (f->quadlet)
                return "generated";
        if (f->alias_of)
                return "alias";
        return state_by_links(w, f, full) ?: state_by_file(f);
}

const char *install_preset(const InstallWorld *w, const char *name) {
        _cleanup_free_ char *full = plan_full_name(name);
        const InstallFile *f = full ? world_find(w, full) : NULL;

        if (!f || f->quadlet)
                return "";
        return preset_wants(w->presets, full, NULL) ? "enabled" : "disabled";
}

const char *install_default_target(const InstallWorld *w) {
        const InstallFile *f = map_get(w->files, DEFAULT_TARGET);

        if (!f || f->masked)
                return "multi-user.target";
        if (f->alias_of)
                return f->alias_of;
        return f->linked ? strrchr(f->linked, '/') + 1 : f->name;
}
