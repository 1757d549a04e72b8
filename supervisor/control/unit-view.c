/* SPDX-License-Identifier: MIT */
#include "control/unit-view.h"

#include <fnmatch.h>
#include <string.h>

#include "base/strv.h"
#include "control/control-internal.h"

/* What every kind leaves out, and what a unit that does not exist is. */
static const UnitStatus status_default = {
        .active = UNIT_INACTIVE,
        .sub = "dead",
        .result = "success",
        .freezer = "running",
        .next_restart_monotonic_usec = USEC_INFINITY,
};

int unit_view_init(UnitView *v, Control *c, Unit *u, const char *name) {
        char *copy = strdup(u ? unit_id(u) : name);
        if (!copy)
                return -ENOMEM;

        *v = (UnitView) {
                .control = c,
                .name = copy,
                .unit = u,
                .spec = u ? u->spec : c->blank,
                .status = status_default,
        };
        v->description = v->spec->unit.description ? v->spec->unit.description : v->name;
        if (!u)
                return 0;

        u->ops->status(u, &v->status);
        if (!v->status.sub)
                v->status.sub = status_default.sub;
        if (!v->status.result)
                v->status.result = status_default.result;
        if (!v->status.freezer)
                v->status.freezer = status_default.freezer;

        /* As systemd's: while a main process runs, nothing is known of its end. */
        if (v->status.main_pid > 0) {
                v->status.main_ended = (DualTime) {};
                v->status.exit = (ExitInfo) {};
        }
        return 0;
}

void unit_view_done(UnitView *v) {
        free(v->name);
        *v = (UnitView) {};
}

const UnitUsage *unit_view_usage(UnitView *v) {
        if (v->usage_read)
                return &v->usage;

        v->usage_read = true;
        memset(&v->usage, 0xff, sizeof(v->usage)); /* UINT64_MAX each: not known */
        if (v->unit && v->unit->ops->usage(v->unit, &v->usage, NULL, NULL) < 0)
                memset(&v->usage, 0xff, sizeof(v->usage));
        return &v->usage;
}

char *unit_load_error(const UnitSpec *spec) {
        for (size_t i = 0; i < spec->diagnostics.n_items; i++) {
                if (spec->diagnostics.items[i].severity == DIAGNOSTIC_ERROR)
                        return diagnostic_format(&spec->diagnostics.items[i]);
        }
        return NULL;
}

bool unit_matches(const Unit *u, char *const *patterns) {
        STRV_FOREACH (pattern, patterns) {
                if (fnmatch(*pattern, unit_id(u), FNM_NOESCAPE) == 0)
                        return true;
        }
        return strv_length(patterns) == 0;
}
