/* SPDX-License-Identifier: MIT */
#include "control/unit-files.h"

#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "install/apply.h"
#include "install/state.h"
#include "supd/paths.h"
#include "unitfile/unit-type.h"

int unit_files_read(Control *c, InstallWorld **ret, Error *error) {
        static const char *const preset_dirs[] = { SUPD_PRESET_DIRS, NULL };
        ControlInfo info = {};

        c->ops->info(c->userdata, &info);
        return world_read(info.unit_dirs,
                        info.runtime_units,
                        (char *const *) preset_dirs,
                        ret,
                        error);
}

void unit_files_forget(Control *c) {
        c->unit_files = world_free(c->unit_files);
}

/* For properties, which clients read one by one: files count as they were when units were last loaded. */
static const InstallWorld *known_world(Control *c) {
        ControlInfo info = {};

        c->ops->info(c->userdata, &info);
        if (c->unit_files_stamp != info.units_loaded_realtime_usec)
                unit_files_forget(c);
        if (!c->unit_files && unit_files_read(c, &c->unit_files, NULL) < 0)
                return NULL; /* then the property is empty */
        c->unit_files_stamp = info.units_loaded_realtime_usec;
        return c->unit_files;
}

static bool is_quadlet(const UnitSpec *spec) {
        const UnitType *type = unit_type_find(spec->file_name);

        return type && unit_type_is_quadlet(type);
}

static bool is_bad(const UnitSpec *spec) {
        return spec->load_state == UNIT_BAD_SETTING || spec->load_state == UNIT_ERROR;
}

const char *unit_files_state(Control *c, const UnitSpec *spec) {
        if (spec->load_state == UNIT_NOT_FOUND)
                return "";
        if (spec->load_state != UNIT_MASKED && is_quadlet(spec))
                return is_bad(spec) ? "bad" : "generated";
        if (!spec->fragment_path)
                return "static";
        const InstallWorld *w = known_world(c);
        return (w ? install_state(w, spec->file_name) : NULL) ?: "";
}

const char *unit_files_preset(Control *c, const UnitSpec *spec) {
        if (!spec->fragment_path || is_quadlet(spec))
                return "";
        const InstallWorld *w = known_world(c);
        return w ? install_preset(w, spec->file_name) : "";
}

const char *unit_files_list_state(Control *c, const InstallWorld *w, const InstallFile *f) {
        const Unit *u = f->quadlet && !f->masked ? engine_find(c->engine, f->name) : NULL;

        if (u && str_equal(u->spec->file_name, f->name) && is_bad(u->spec))
                return "bad";
        return install_state(w, f->name) ?: "bad";
}

/* "web.container.service" is what systemctl makes of "web.container". */
static char *strip_doubled_suffix(const char *name) {
        static const char suffix[] = ".service";
        char *copy = strdup(name);
        size_t n = strlen(name);

        if (!copy || !str_has_suffix(name, suffix))
                return copy;
        copy[n - strlen(suffix)] = '\0';
        const UnitType *type = unit_type_find(copy);
        if (!type || !unit_type_is_quadlet(type))
                copy[n - strlen(suffix)] = '.';
        return copy;
}

char *unit_files_name(Control *c, const InstallWorld *w, const char *name, bool as_id) {
        _cleanup_free_ char *plain = strip_doubled_suffix(name);

        if (!plain)
                return NULL;
        const InstallFile *f = world_find(w, plain);
        if (f && (!f->quadlet || !as_id))
                return TAKE_PTR(plain);
        /* Only the engine knows what ServiceName= says. */
        const Unit *u = engine_find(c->engine, plain);
        if (!u || !u->spec->fragment_path || !is_quadlet(u->spec))
                return f ? strdup(f->id) : TAKE_PTR(plain);
        return strdup(as_id ? unit_id(u) : u->spec->file_name);
}

static void log_changes(const InstallPlan *plan) {
        for (size_t i = 0; i < plan->n_changes; i++) {
                const InstallChange *c = &plan->changes[i];

                if (c->type == INSTALL_SYMLINK)
                        diag_info("Created symlink %s, pointing to %s.", c->path, c->source);
                else if (c->type == INSTALL_UNLINK)
                        diag_info("Removed %s.", c->path);
        }
}

int unit_files_apply(Control *c, const InstallWorld *w, const InstallPlan *plan, Error *error) {
        int r = install_apply(w, plan, error);

        unit_files_forget(c);
        if (plan->n_changes > 0)
                control_tell_files_changed(c);
        if (r >= 0)
                log_changes(plan);
        return r;
}
