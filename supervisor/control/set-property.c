/* SPDX-License-Identifier: MIT */
#include "control/set-property.h"

#include <string.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "control/bus-error.h"
#include "control/property-text.h"
#include "control/unit-files.h"
#include "control/verbs.h"
#include "install/dropin.h"

#define PROPERTIES_MAX 64U

/* One that was written, and what was there before. */
typedef struct Written {
        const char *dir;  /* borrowed */
        char *name, *old; /* owned */
} Written;

typedef struct Change {
        Control *control;                         /* borrowed */
        Unit *unit;                               /* borrowed */
        char *file;                               /* owned; name of the unit's file */
        const char *persistent_dir, *runtime_dir; /* borrowed */
        PropertyText texts[PROPERTIES_MAX];
        size_t n_texts;
        Written written[PROPERTIES_MAX * 2];
        size_t n_written;
} Change;

static void change_done(Change *x) {
        for (size_t i = 0; i < x->n_texts; i++)
                property_text_done(&x->texts[i]);
        for (size_t i = 0; i < x->n_written; i++) {
                free(x->written[i].name);
                free(x->written[i].old);
        }
        free(x->file);
}

/* ---- files --------------------------------------------------------------------------------------- */

static int write_one(Change *x,
                const char *dir,
                const PropertyText *p,
                bool runtime,
                bool remove,
                Error *error) {
        Written *w = &x->written[x->n_written];
        _cleanup_free_ char *text = NULL;

        *w = (Written) {
                .dir = dir,
                /* Those that end with a boot go before the others. */
                .name = str_printf("%u-set-%s.conf", runtime ? 60U : 50U, p->key),
        };
        if (!w->name)
                return -ENOMEM;
        x->n_written++;
        if (!remove) {
                text = property_text_write(p, unit_newest_spec(x->unit));
                if (!text)
                        return -ENOMEM;
        }
        int r = dropin_write(dir, x->file, w->name, text, &w->old, error);
        if (r < 0) {
                free(w->name);
                x->n_written--;
        }
        return r;
}

/* What is set for good is not hidden by what was set until the next boot. */
static int write_all(Change *x, bool runtime, Error *error) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < x->n_texts; i++) {
                if (runtime) {
                        r = write_one(x,
                                        x->runtime_dir,
                                        &x->texts[i],
                                        true,
                                        /* remove= */ false,
                                        error);
                        continue;
                }
                r = write_one(x,
                                x->persistent_dir,
                                &x->texts[i],
                                false,
                                /* remove= */ false,
                                error);
                if (r >= 0 && x->runtime_dir)
                        r = write_one(x,
                                        x->runtime_dir,
                                        &x->texts[i],
                                        true,
                                        /* remove= */ true,
                                        error);
        }
        return r;
}

static void take_back(Change *x) {
        while (x->n_written > 0) {
                _cleanup_(error_done) Error error = {};
                Written *w = &x->written[--x->n_written];

                int r = dropin_write(w->dir, x->file, w->name, w->old, NULL, &error);
                if (r < 0)
                        diag_error("%s: %s", unit_id(x->unit), error_text(&error, r));
                free(w->name);
                free(w->old);
        }
}

/* ---- the unit ------------------------------------------------------------------------------------ */

static const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static bool is_written(const Change *x, const char *file) {
        for (size_t i = 0; i < x->n_written; i++) {
                if (file && str_equal(x->written[i].name, base_name(file)))
                        return true;
        }
        return false;
}

/* What the loader has to say of our files; NULL: nothing. */
static const Diagnostic *find_problem(const Change *x) {
        const UnitSpec *spec = x->unit->next_spec ? x->unit->next_spec : x->unit->spec;

        for (size_t i = 0; i < spec->diagnostics.n_items; i++) {
                const Diagnostic *d = &spec->diagnostics.items[i];

                if (d->severity != DIAGNOSTIC_NOTICE && is_written(x, d->file))
                        return d;
        }
        return NULL;
}

static int reread(Change *x, Error *error) {
        Control *c = x->control;
        _cleanup_free_ char *id = strdup(unit_id(x->unit));
        _cleanup_strv_ char **dirs = NULL;
        int r = id ? 0 : -ENOMEM;

        if (r >= 0 && x->persistent_dir)
                r = strv_append_printf(&dirs, "%s/%s.d", x->persistent_dir, x->file);
        if (r >= 0 && x->runtime_dir)
                r = strv_append_printf(&dirs, "%s/%s.d", x->runtime_dir, x->file);
        if (r < 0)
                return r;
        r = c->ops->reread(c->userdata, id, dirs, error);
        unit_files_forget(c);
        x->unit = engine_find(c->engine, id);
        if (r < 0 || x->unit)
                return r;
        return error_set_plain(error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", id);
}

static int make_it_so(Change *x, bool runtime, Error *error) {
        int r = write_all(x, runtime, error);

        if (r >= 0)
                r = reread(x, error);
        const Diagnostic *d = x->unit ? find_problem(x) : NULL;
        if (d && r >= 0)
                r = error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "%s=: %s",
                                d->key ?: "its file",
                                d->message);
        if (r >= 0)
                return 0;
        take_back(x);
        if (x->unit)
                (void) reread(x, NULL); /* the first error is the one to report */
        return r;
}

static int find_dirs(Change *x, bool runtime, Error *error) {
        ControlInfo info = {};

        x->control->ops->info(x->control->userdata, &info);
        x->persistent_dir = info.unit_dirs ? info.unit_dirs[0] : NULL;
        if (info.runtime_units && strv_contains(info.unit_dirs, info.runtime_units))
                x->runtime_dir = info.runtime_units;
        /* A search path of one's own may have no directory that ends with a boot. */
        if ((runtime ? x->runtime_dir : x->persistent_dir) == NULL)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "no directory of unit files can take it%s",
                                runtime ? "; without --runtime it lasts" : "");
        return 0;
}

static int prepare(Change *x, const char *name, bool runtime, Error *error) {
        const UnitSpec *spec;

        x->unit = engine_find(x->control->engine, name);
        if (!x->unit)
                return error_set_plain(
                                error, -ENOENT, ERROR_NO_SUCH_UNIT, "Unit %s not found.", name);
        spec = x->unit->spec;
        if (!spec->file_name || !spec->fragment_path)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "%s has no file that a drop-in could be for",
                                unit_id(x->unit));
        x->file = strdup(spec->file_name);
        return x->file ? find_dirs(x, runtime, error) : -ENOMEM;
}

static int
apply(Change *x, sd_bus_message *m, const char *name, bool runtime, sd_bus_error *ret_error) {
        _cleanup_(error_done) Error error = {};

        int r = prepare(x, name, runtime, &error);
        if (r >= 0)
                r = make_it_so(x, runtime, &error);
        if (r < 0)
                return bus_error_take(ret_error, r, &error);
        return sd_bus_reply_method_return(m, NULL);
}

/* ---- the calls ----------------------------------------------------------------------------------- */

static int too_many(sd_bus_error *ret_error) {
        return sd_bus_error_setf(
                        ret_error, SD_BUS_ERROR_LIMITS_EXCEEDED, "Too many properties at once");
}

/* A key may come several times. Return: 0; negative errno. */
static int add(Change *x, PropertyText *p, sd_bus_error *ret_error) {
        for (size_t i = 0; i < x->n_texts; i++) {
                if (!str_equal(x->texts[i].key, p->key))
                        continue;
                int r = property_text_join(&x->texts[i], p);
                property_text_done(p);
                return r;
        }
        if (x->n_texts == PROPERTIES_MAX) {
                property_text_done(p);
                return too_many(ret_error);
        }
        x->texts[x->n_texts++] = *p;
        *p = (PropertyText) {};
        return 0;
}

int verb_set_properties(Control *c,
                sd_bus_message *m,
                const char *unit,
                bool runtime,
                sd_bus_error *ret_error) {
        _cleanup_(change_done) Change x = { .control = c };

        int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(sv)");
        while (r >= 0 && sd_bus_message_at_end(m, /* complete= */ false) == 0) {
                PropertyText text = {};

                r = property_text_read(m, &text, ret_error);
                if (r > 0)
                        r = add(&x, &text, ret_error);
        }
        if (r < 0)
                return sd_bus_error_is_set(ret_error) ? -EINVAL : r;
        return apply(&x, m, unit, runtime, ret_error);
}

int verb_assign_properties(Control *c,
                sd_bus_message *m,
                const char *unit,
                bool runtime,
                sd_bus_error *ret_error) {
        _cleanup_(change_done) Change x = { .control = c };
        _cleanup_strv_ char **assignments = NULL;

        int r = sd_bus_message_read_strv(m, &assignments);
        STRV_FOREACH (assignment, assignments) {
                PropertyText text = {};

                r = r < 0 ? r : property_text_parse(*assignment, &text, ret_error);
                if (r > 0)
                        r = add(&x, &text, ret_error);
        }
        return r < 0 ? r : apply(&x, m, unit, runtime, ret_error);
}
