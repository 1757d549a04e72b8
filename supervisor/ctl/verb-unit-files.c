/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "client/unit-files.h"
#include "ctl/json-output.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

static const TableColumn columns[] = {
        { .title = "UNIT FILE", .width_min = 16 },
        { .title = "STATE" },
        { .title = "PRESET" },
};

static Style style_of(const char *state) {
        if (str_has_prefix(state, "enabled") || str_equal(state, "generated"))
                return STYLE_GOOD;
        if (str_has_prefix(state, "masked") || str_equal(state, "bad"))
                return STYLE_BAD;
        return str_equal(state, "disabled") ? STYLE_WARNING : STYLE_PLAIN;
}

static bool has_type(const char *name, char *const *types) {
        const char *dot = name ? strrchr(name, '.') : NULL;

        return dot && strv_contains(types, dot + 1);
}

/* "service" are also those that come from .container files. */
static int select_types(Value *all, char *const *types, Value *ret) {
        Value selected = { .type = VALUE_ARRAY };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < value_length(all); i++) {
                Value *file = &all->array.items[i];
                if (!types || has_type(value_get_string(file, "UnitFile"), types) ||
                                has_type(value_get_string(file, "Id"), types))
                        r = value_array_add(&selected, file);
        }
        if (r < 0) {
                value_done(&selected);
                return r;
        }
        *ret = selected;
        return 0;
}

static int compare_files(const void *a, const void *b) {
        return strcmp(value_get_string(a, "UnitFile") ?: "", value_get_string(b, "UnitFile") ?: "");
}

static int fetch(Context *c, char *const *words, Value *ret, Error *error) {
        _cleanup_value_ Value all = {};

        int r = context_connect(c, error);
        if (r >= 0)
                r = client_list_unit_files(c->client, c->options->states, words, &all, error);
        if (r >= 0)
                r = select_types(&all, c->options->files.types, ret);
        if (r >= 0 && value_length(ret) > 1)
                qsort(ret->array.items, ret->array.n_items, sizeof(Value), compare_files);
        return r;
}

static int fill(Table *table, const Value *files) {
        for (size_t i = 0; i < value_length(files); i++) {
                const Value *file = &files->array.items[i];
                const char *state = value_get_string(file, "UnitFileState") ?: "",
                           *preset = value_get_string(file, "UnitFilePreset");

                int r = table_add(table, STYLE_PLAIN, value_get_string(file, "UnitFile"));
                if (r >= 0)
                        r = table_add(table, style_of(state), state);
                if (r >= 0)
                        r = table_add(table, STYLE_PLAIN, preset ?: "-");
                if (r < 0)
                        return r;
        }
        return 0;
}

int verb_list_unit_files(Context *c, char *const *words, Error *error) {
        _cleanup_(table_done)
                        Table table = { .columns = columns, .n_columns = ELEMENTSOF(columns) };
        _cleanup_value_ Value files = {};

        int r = fetch(c, words, &files, error);
        if (r < 0)
                return r;
        if (c->options->json)
                return json_print(json_from_value(&files), c->out);
        r = fill(&table, &files);
        if (r >= 0)
                r = table_print(&table, &c->terminal, !c->options->no_legend, c->out);
        if (r < 0)
                return r;
        if (!c->options->no_legend && !c->options->quiet)
                fprintf(c->out,
                                "\n%zu unit file%s listed.\n",
                                value_length(&files),
                                value_length(&files) == 1 ? "" : "s");
        return SUPCTL_EXIT_SUCCESS;
}
