/* SPDX-License-Identifier: MIT */
/*
 * Plans by presets: what is wanted to be enabled is, the rest is disabled.
 */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "install/plan-internal.h"
#include "unitfile/unit-type.h"

PresetMode preset_mode_from_string(const char *s) {
        static const char *const names[] = {
                [PRESET_FULL] = "full",
                [PRESET_ENABLE_ONLY] = "enable-only",
                [PRESET_DISABLE_ONLY] = "disable-only",
        };

        for (PresetMode m = 0; m < _PRESET_MODE_MAX; m++) {
                if (str_equal(names[m], s))
                        return m;
        }
        return str_is_empty(s) ? PRESET_FULL : _PRESET_MODE_INVALID;
}

/* Of a template: those instances that the preset names. */
static int add_instances(const char *name, char *const *instances, char ***names) {
        size_t size = (size_t) (strchr(name, '@') + 1 - name);

        STRV_FOREACH (instance, instances) {
                int r = strv_append_printf(
                                names, "%.*s%s%s", (int) size, name, *instance, name + size);
                if (r < 0)
                        return r;
        }
        return 0;
}

typedef struct PresetNames {
        char **enable, **disable; /* owned */
} PresetNames;

static void preset_names_done(PresetNames *p) {
        strv_free(p->enable);
        strv_free(p->disable);
}

static int preset_sort(const InstallWorld *w, const char *name, PresetNames *p) {
        char *const *instances;

        if (!preset_wants(w->presets, name, &instances))
                return strv_append(&p->disable, name);
        if (instances && name_is_template(name))
                return add_instances(name, instances, &p->enable);
        return strv_append(&p->enable, name);
}

static int preset_run(const InstallWorld *w,
                PresetNames *p,
                PresetMode mode,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        int r = 0;

        if (mode != PRESET_ENABLE_ONLY)
                r = plan_disable_all(w, &p->disable, flags, plan, error);
        if (r >= 0 && mode != PRESET_DISABLE_ONLY)
                r = plan_enable_all(w, &p->enable, flags, plan, error);
        return r;
}

int install_plan_preset(const InstallWorld *w,
                char *const *names,
                PresetMode mode,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_(preset_names_done) PresetNames p = {};
        _cleanup_strv_ char **full = NULL;

        int r = plan_names(names, &full, error);
        STRV_FOREACH (name, full) {
                const InstallFile *file;
                if (r >= 0)
                        r = plan_find_to_enable(w, *name, &file, error);
                if (r >= 0 && file)
                        r = preset_sort(w, *name, &p);
        }
        return r < 0 ? r : preset_run(w, &p, mode, flags, plan, error);
}

int install_plan_preset_all(const InstallWorld *w,
                PresetMode mode,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error) {
        _cleanup_(preset_names_done) PresetNames p = {};
        int r = 0;

        MAP_FOREACH (InstallFile, f, w->files) {
                if (r < 0 || f->quadlet || f->alias_of)
                        continue;
                r = f->masked ? plan_add(plan, INSTALL_IS_MASKED, f->name, NULL)
                              : preset_sort(w, f->name, &p);
        }
        return r < 0 ? r : preset_run(w, &p, mode, flags, plan, error);
}
