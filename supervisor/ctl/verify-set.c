/* SPDX-License-Identifier: MIT */
#include "ctl/verify-set.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/verify-cycle.h"
#include "unitfile/effective.h"
#include "unitfile/target.h"
#include "unitfile/unit-type.h"

struct VerifySet {
        UnitSet *units; /* owned */
};

/* ---- reading ------------------------------------------------------------------------------------- */

/* Before those of the search path, as they are what is asked about. */
static int add_directory(char ***dirs, const char *path) {
        _cleanup_free_ char *absolute = realpath(path, NULL);
        char *slash = absolute ? strrchr(absolute, '/') : NULL;

        if (!slash || slash == absolute)
                return 0; /* what can't be read is told of by who reads it */
        *slash = '\0';
        return strv_contains(*dirs, absolute) ? 0 : strv_append(dirs, absolute);
}

int verify_set_new(char *const *paths, VerifySet **ret) {
        _cleanup_(verify_set_freep) VerifySet *v = calloc(1, sizeof(*v));
        _cleanup_(error_done) Error error = {};
        _cleanup_strv_ char **dirs = NULL, **defaults = NULL;
        int r = v ? 0 : -ENOMEM;

        STRV_FOREACH (path, paths) {
                if (r >= 0)
                        r = add_directory(&dirs, *path);
        }
        if (r >= 0)
                r = unit_dirs_default(&defaults, &error);
        if (r == -EINVAL)
                r = 0; /* it has those before the bad one */
        STRV_FOREACH (dir, defaults) {
                if (r >= 0 && !strv_contains(dirs, *dir))
                        r = strv_append(&dirs, *dir);
        }
        if (r >= 0)
                r = unit_set_load(dirs, &v->units, &error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(v);
        return 0;
}

VerifySet *verify_set_free(VerifySet *v) {
        if (!v)
                return NULL;
        v->units = unit_set_free(v->units);
        free(v);
        return NULL;
}

const UnitSet *verify_set_units(const VerifySet *v) {
        return v->units;
}

/* ---- who is named -------------------------------------------------------------------------------- */

/* What supd does not have, and systemd has by itself. */
static bool is_of_the_host(const char *id) {
        static const char *const suffixes[] = {
                ".mount", ".device", ".slice", ".scope", ".swap", ".automount", ".path"
        };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                if (str_has_suffix(id, suffixes[i]))
                        return true;
        }
        return target_is_builtin(id) || str_equal(id, "default.target");
}

static bool is_quadlet_file(const char *name) {
        const UnitType *type = unit_type_find(name);

        return type && unit_type_is_quadlet(type);
}

static bool exists(VerifySet *v, const char *id) {
        UnitSpec *made = NULL;
        const UnitSpec *u = unit_set_find(v->units, id);

        if (u)
                return u->load_state != UNIT_NOT_FOUND;
        return is_of_the_host(id) || unit_set_instantiate(v->units, id, &made, NULL) > 0;
}

/* Names of all units, for who has mistyped one; borrowed from the set but for the array. */
static const char **list_names(const VerifySet *v) {
        size_t n = unit_set_size(v->units), at = 0;
        const char **names = calloc(n + 1, sizeof(char *));

        for (size_t i = 0; names && i < n; i++) {
                const UnitSpec *u = unit_set_at(v->units, i);
                if (u && u->id)
                        names[at++] = u->id;
        }
        return names;
}

static const struct {
        const char *key;
        DiagnosticSeverity severity;
        const char *what; /* comes of it */
} keys[] = {
        { "Requires", DIAGNOSTIC_WARNING, "it can't be started" },
        { "Requisite", DIAGNOSTIC_WARNING, "it can't be started" },
        { "BindsTo", DIAGNOSTIC_WARNING, "it can't be started" },
        { "Wants", DIAGNOSTIC_WARNING, "it starts without it" },
        { "Upholds", DIAGNOSTIC_WARNING, "nothing is upheld" },
        { "OnFailure", DIAGNOSTIC_WARNING, "nothing is started then" },
        { "OnSuccess", DIAGNOSTIC_WARNING, "nothing is started then" },
        { "PartOf", DIAGNOSTIC_WARNING, "it is stopped with nobody" },
        { "Conflicts", DIAGNOSTIC_NOTICE, "nothing is stopped" },
        { "After", DIAGNOSTIC_NOTICE, "nothing is ordered by it" },
        { "Before", DIAGNOSTIC_NOTICE, "nothing is ordered by it" },
};

static int complain_of_unknown(VerifySet *v,
                UnitSpec *spec,
                const EffectiveKey *key,
                const EffectiveValue *value,
                size_t kind,
                const char *id) {
        _cleanup_free_ const char **names = list_names(v);
        const char *meant = names ? text_suggest(id, names) : NULL;
        SourcePlace place = {
                .file = value->file,
                .line = value->line,
                .section = key->section,
                .key = key->key,
        };

        return diagnostic_add(&spec->diagnostics,
                        keys[kind].severity,
                        "unknown-unit",
                        &place,
                        "there is no unit " SHOWN ": %s%s%s%s",
                        SHOWN_ARGUMENTS(id),
                        keys[kind].what,
                        meant ? "; did you mean " : "",
                        meant ?: "",
                        meant ? "?" : "");
}

static int check_names(VerifySet *v, UnitSpec *spec) {
        for (size_t kind = 0; kind < ELEMENTSOF(keys); kind++) {
                const EffectiveKey *key = effective_find(spec->effective, "Unit", keys[kind].key);

                for (size_t i = 0; key && i < key->n_values; i++) {
                        _cleanup_free_ char *storage = NULL;
                        const char *id = unit_set_translate(
                                        v->units, key->values[i].text, spec->instance, &storage);

                        if (!id)
                                return -ENOMEM;
                        /* A Quadlet file that is not there is an error already. */
                        if (exists(v, id) || is_quadlet_file(id))
                                continue;
                        int r = complain_of_unknown(v, spec, key, &key->values[i], kind, id);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* A target that only [Install] names is made, but by whom is it started? */
static int check_install(VerifySet *v, UnitSpec *spec) {
        static const char *const installs[] = { "WantedBy", "RequiredBy", "UpheldBy" };

        for (size_t k = 0; k < ELEMENTSOF(installs); k++) {
                const EffectiveKey *key = effective_find(spec->effective, "Install", installs[k]);

                for (size_t i = 0; key && i < key->n_values; i++) {
                        const EffectiveValue *value = &key->values[i];
                        const UnitSpec *u = unit_set_find(v->units, value->text);
                        SourcePlace place = {
                                .file = value->file,
                                .line = value->line,
                                .section = key->section,
                                .key = key->key,
                        };

                        if (is_of_the_host(value->text) || (u && u->fragment_path))
                                continue;
                        int r = diagnostic_add(&spec->diagnostics,
                                        DIAGNOSTIC_WARNING,
                                        "unreachable",
                                        &place,
                                        "there is no file of " SHOWN
                                        ": nothing starts it, and so not this unit; "
                                        "WantedBy=default.target starts it at boot",
                                        SHOWN_ARGUMENTS(value->text));
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int check_order(VerifySet *v, UnitSpec *spec, const char *path) {
        _cleanup_free_ char *cycle = NULL;
        SourcePlace place = { .file = path };

        int r = verify_find_cycle(v->units, spec->id, &cycle);
        if (r < 0 || !cycle)
                return r;
        return diagnostic_add(&spec->diagnostics,
                        DIAGNOSTIC_WARNING,
                        "order-cycle",
                        &place,
                        "ordering cycle: %s; started together they wait for each other, so that "
                        "one of "
                        "them is left out, or all are refused",
                        cycle);
}

int verify_set_check(VerifySet *v, UnitSpec *spec, const char *path) {
        int r = check_names(v, spec);

        if (r >= 0)
                r = check_install(v, spec);
        return r < 0 ? r : check_order(v, spec, path);
}

/* ---- what it waits for ----------------------------------------------------------------------------- */

/* " (web.container:3)", of the line that names it; "" where nobody wrote it. Owned; NULL: out of memory. */
static char *origin_of(VerifySet *v, const UnitSpec *spec, DependencyType type, const char *id) {
        const EffectiveKey *key =
                        effective_find(spec->effective, "Unit", dependency_type_to_string(type));

        for (size_t i = 0; key && i < key->n_values; i++) {
                _cleanup_free_ char *storage = NULL;
                const char *named = unit_set_translate(
                                v->units, key->values[i].text, spec->instance, &storage);
                const char *slash = strrchr(key->values[i].file, '/');

                if (named && str_equal(named, id))
                        return str_printf(" (%s:%u)",
                                        slash ? slash + 1 : key->values[i].file,
                                        key->values[i].line);
        }
        return strdup("");
}

static bool names(VerifySet *v, const UnitSpec *spec, DependencyType type, const char *id) {
        STRV_FOREACH (word, spec->unit.dependencies[type]) {
                _cleanup_free_ char *storage = NULL;
                const char *named = unit_set_translate(v->units, *word, spec->instance, &storage);
                if (named && str_equal(named, id))
                        return true;
        }
        return false;
}

/* Who comes with it by its own doing is waited for; who does not, only if somebody else starts it at that time. */
static int add_wait(VerifySet *v, const UnitSpec *spec, const char *id, char ***waits) {
        static const DependencyType pulls[] = {
                DEPENDENCY_REQUIRES,
                DEPENDENCY_BINDS_TO,
                DEPENDENCY_REQUISITE,
                DEPENDENCY_WANTS,
                DEPENDENCY_UPHOLDS,
        };
        const char *by = NULL;

        for (size_t i = 0; i < ELEMENTSOF(pulls) && !by; i++) {
                if (names(v, spec, pulls[i], id))
                        by = dependency_type_to_string(pulls[i]);
        }
        _cleanup_free_ char *origin = origin_of(v, spec, DEPENDENCY_AFTER, id);
        if (!origin)
                return -ENOMEM;
        return by ? strv_append_printf(waits, "%s: %s= and After=%s", id, by, origin)
                  : strv_append_printf(waits,
                                    "%s: After=%s, if it starts at the same time",
                                    id,
                                    origin);
}

static int add_waits(VerifySet *v, const UnitSpec *spec, char ***waits) {
        _cleanup_strv_ char **told = NULL;

        STRV_FOREACH (word, spec->unit.dependencies[DEPENDENCY_AFTER]) {
                _cleanup_free_ char *storage = NULL;
                const char *id = unit_set_translate(v->units, *word, spec->instance, &storage);

                if (!id)
                        return -ENOMEM;
                /* What the machine is already, and what is nowhere, holds nobody up. */
                if (target_is_born_active(id) || strv_contains(told, id) ||
                                (!unit_set_find(v->units, id) && !target_is_builtin(id)))
                        continue;
                int r = strv_append(&told, id);
                if (r >= 0)
                        r = add_wait(v, spec, id, waits);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_image(const ContainerSpec *c, char ***waits) {
        static const char *const policies[] = {
                [PULL_ALWAYS] = "fetched at each start",
                [PULL_MISSING] = "fetched if it is missing",
                [PULL_NEVER] = NULL,
                [PULL_NEWER] = "fetched if there is a newer one",
        };
        const char *how = policies[c->pull.policy];

        return c->image && how ? strv_append_printf(waits, "image %s: %s", c->image, how) : 0;
}

static int add_own(const UnitSpec *spec, char ***waits) {
        const ContainerSpec *c = &spec->container;
        int r = 0;

        STRV_FOREACH (mount, spec->unit.implied_mounts_for) {
                if (r >= 0)
                        r = strv_append_printf(waits, "what is mounted at or above %s", *mount);
        }
        if (r < 0 || spec->kind != UNIT_KIND_CONTAINER)
                return r;
        r = add_image(c, waits);
        if (r >= 0 && spec->service.commands[EXEC_START_PRE].n > 0)
                r = strv_append_printf(waits, "its ExecStartPre= commands, on the host");
        if (r >= 0 && c->notify == NOTIFY_PAYLOAD)
                r = strv_append_printf(waits, "its own READY=1: Notify=true");
        if (r >= 0 && c->notify == NOTIFY_HEALTHY)
                r = strv_append_printf(
                                waits, "its first health check that succeeds: Notify=healthy");
        return r;
}

int verify_set_waits(VerifySet *v, const UnitSpec *spec, char ***ret) {
        _cleanup_strv_ char **waits = NULL;

        int r = add_waits(v, spec, &waits);
        if (r >= 0)
                r = add_own(spec, &waits);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(waits);
        return 0;
}
