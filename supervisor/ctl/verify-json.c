/* SPDX-License-Identifier: MIT */
#include "ctl/verify-json.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "unitfile/effective.h"

/* Takes the reference of @value over. Return: 0; -1. */
static int set(json_t *object, const char *key, json_t *value) {
        return json_object_set_new_nocheck(object, key, value);
}

static int set_text(json_t *object, const char *key, const char *text) {
        return set(object, key, text ? json_from_text(text, strlen(text)) : json_null());
}

static json_t *json_of_diagnostic(const Diagnostic *d) {
        json_t *object = json_object();

        if (set_text(object, "Severity", diagnostic_severity_to_string(d->severity)) < 0 ||
                        set_text(object, "Code", d->code) < 0 ||
                        set_text(object, "File", d->file) < 0 ||
                        set(object, "Line", json_integer(d->line)) < 0 ||
                        set(object, "Column", json_integer(d->column)) < 0 ||
                        set_text(object, "Section", d->section) < 0 ||
                        set_text(object, "Key", d->key) < 0 ||
                        set_text(object, "Message", d->message) < 0) {
                json_decref(object);
                return NULL;
        }
        return object;
}

static json_t *json_of_diagnostics(const DiagnosticList *list) {
        json_t *array = json_array();

        for (size_t i = 0; i < list->n_items; i++)
                (void) json_array_append_new(array, json_of_diagnostic(&list->items[i]));
        return array;
}

/* A text, or texts. */
static json_t *json_of_key(const EffectiveKey *k) {
        json_t *array = json_array();

        if (!k->accumulates && !k->words && k->n_values == 1) {
                json_decref(array);
                return json_from_text(k->values[0].text, strlen(k->values[0].text));
        }
        for (size_t i = 0; i < k->n_values; i++)
                (void) json_array_append_new(array,
                                json_from_text(k->values[i].text, strlen(k->values[i].text)));
        return array;
}

/* By section, then by key; keys that were reset are not there. */
static json_t *json_of_effective(const Effective *e) {
        json_t *sections = json_object();

        for (size_t i = 0; e && i < e->n_keys; i++) {
                const EffectiveKey *k = &e->keys[i];
                json_t *section = json_object_get(sections, k->section);

                if (k->n_values == 0)
                        continue;
                if (!section) {
                        section = json_object();
                        if (set(sections, k->section, section) < 0)
                                break;
                }
                (void) set(section, k->key, json_of_key(k));
        }
        return sections;
}

static json_t *json_of_words(char *const *words) {
        json_t *array = json_array();

        STRV_FOREACH (word, words)
                (void) json_array_append_new(array, json_from_text(*word, strlen(*word)));
        return array;
}

/* Of units, not of files: what "db.container" is called depends on that file. */
static json_t *json_of_units(const UnitSet *units, const UnitSpec *spec, char *const *words) {
        json_t *array = json_array();

        STRV_FOREACH (word, words) {
                _cleanup_free_ char *storage = NULL;
                const char *id = unit_set_translate(units, *word, spec->instance, &storage);

                (void) json_array_append_new(
                                array, id ? json_from_text(id, strlen(id)) : json_null());
        }
        return array;
}

/* With those that nobody wrote: defaults, and what other keys imply. */
static json_t *json_of_dependencies(const UnitSet *units, const UnitSpec *spec) {
        json_t *object = json_object();

        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++) {
                if (spec->unit.dependencies[t])
                        (void) set(object,
                                        dependency_type_to_string(t),
                                        json_of_units(units, spec, spec->unit.dependencies[t]));
        }
        if (spec->unit.implied_mounts_for)
                (void) set(object,
                                "RequiresMountsFor",
                                json_of_words(spec->unit.implied_mounts_for));
        return object;
}

static const char *container_name(const UnitSpec *spec) {
        return spec->kind == UNIT_KIND_CONTAINER ? spec->container.name
               : spec->kind == UNIT_KIND_POD     ? spec->pod.name
                                                 : NULL;
}

json_t *verify_json(const UnitSpec *spec,
                const char *path,
                const UnitSet *units,
                char *const *waits,
                bool valid) {
        json_t *object = json_object();

        if (set_text(object, "Unit", spec->id) < 0 || set_text(object, "File", path) < 0 ||
                        set(object, "Valid", json_boolean(valid)) < 0 ||
                        set_text(object, "Name", container_name(spec)) < 0 ||
                        set_text(object, "Type", service_type_to_string(spec->service.type)) < 0 ||
                        set(object, "Configuration", json_of_effective(spec->effective)) < 0 ||
                        set(object, "Dependencies", json_of_dependencies(units, spec)) < 0 ||
                        set(object, "WaitsFor", json_of_words(waits)) < 0 ||
                        set(object, "Diagnostics", json_of_diagnostics(&spec->diagnostics)) < 0) {
                json_decref(object);
                return NULL;
        }
        return object;
}
