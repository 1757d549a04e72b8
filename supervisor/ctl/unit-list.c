/* SPDX-License-Identifier: MIT */
#include "ctl/unit-list.h"

#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/value-text.h"

static const TableColumn columns[] = {
        { .title = "UNIT", .width_min = 12 },
        { .title = "LOAD" },
        { .title = "ACTIVE" },
        { .title = "SUB" },
        { .title = "RESTARTS", .right = true },
        { .title = "MEMORY", .right = true },
        { .title = "SINCE", .width_min = 8 },
        { .title = "DESCRIPTION", .width_min = 8 },
};

bool unit_is_listed(const Value *unit, const UnitFilter *filter) {
        char *const *states = filter->states;
        const char *load = value_get_string(unit, "LoadState");
        const char *active = value_get_string(unit, "ActiveState");

        if (states)
                return strv_contains(states, load ?: "") || strv_contains(states, active ?: "") ||
                       strv_contains(states, unit_sub_state(unit)) ||
                       strv_contains(states, value_get_string(unit, "SubState") ?: "");
        return filter->all || !str_equal(active, "inactive") || str_equal(load, "bad-setting") ||
               str_equal(load, "error");
}

/* Figures of the units that have any, all asked for at once. */
static int fetch_figures(Context *c, Value *units, Error *error) {
        size_t n = value_length(units), n_asked = 0;
        int r;

        _cleanup_free_ const char **names = calloc(MAX(n, (size_t) 1), sizeof(*names));
        _cleanup_free_ size_t *places = calloc(MAX(n, (size_t) 1), sizeof(*places));
        _cleanup_free_ Value *fetched = calloc(MAX(n, (size_t) 1), sizeof(*fetched));
        if (!names || !places || !fetched)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                const Value *unit = &units->array.items[i];
                if (!value_get_string(unit, "ControlGroup") || value_get(unit, "MemoryCurrent"))
                        continue; /* has none, or was told already */
                places[n_asked] = i;
                names[n_asked++] = unit_id(unit);
        }

        r = client_get_units(c->client, names, n_asked, fetched, error);
        for (size_t i = 0; i < n_asked; i++) {
                if (r >= 0) {
                        value_done(&units->array.items[places[i]]);
                        units->array.items[places[i]] = fetched[i];
                } else
                        value_done(&fetched[i]);
        }
        return r;
}

static int compare_units(const void *a, const void *b) {
        return strcmp(unit_id(a), unit_id(b));
}

/* A target that nobody wrote a file of: there if somebody names it, and seen if somebody asks for it. */
static bool is_matter_of_course(const Value *unit) {
        return str_has_suffix(unit_id(unit), ".target") && !value_get_string(unit, "FragmentPath");
}

int unit_list_fetch(Context *c,
                const UnitFilter *filter,
                Value *ret,
                size_t *ret_hidden,
                Error *error) {
        _cleanup_value_ Value by_id = {}, units = { .type = VALUE_ARRAY };
        _cleanup_strv_ char **patterns = NULL;
        size_t hidden = 0;

        int r = unit_patterns(filter->words, &patterns);
        if (r >= 0)
                r = context_connect(c, error);
        if (r >= 0)
                r = client_list_units(c->client, patterns, &by_id, error);
        if (r < 0)
                return r;

        for (size_t i = 0; i < value_length(&by_id); i++) {
                Value *unit = &by_id.dict.items[i].value;

                if (strv_length(filter->words) == 0 && is_matter_of_course(unit))
                        continue;
                if (!unit_is_listed(unit, filter)) {
                        hidden++;
                        continue;
                }
                r = value_array_add(&units, unit);
                if (r < 0)
                        return r;
        }
        r = fetch_figures(c, &units, error);
        if (r < 0)
                return r;
        if (units.array.n_items > 1)
                qsort(units.array.items, units.array.n_items, sizeof(Value), compare_units);

        *ret = units;
        units = (Value) {};
        *ret_hidden = hidden;
        return 0;
}

static int add_owned(Table *table, Style style, char *text) {
        _cleanup_free_ char *owned = text;

        return owned ? table_add(table, style, owned) : -ENOMEM;
}

static int add_number(Table *table, const Value *unit, const char *property) {
        uint64_t n = value_get_u64(unit, property);

        return n == UINT64_MAX ? table_add(table, STYLE_PLAIN, "-")
                               : add_owned(table,
                                                 STYLE_PLAIN,
                                                 str_printf("%llu", (unsigned long long) n));
}

static int add_row(
                Table *table, const Terminal *t, const Value *unit, bool plain, uint64_t now_usec) {
        const char *load = value_get_string(unit, "LoadState");
        uint64_t memory = value_get_u64(unit, "MemoryCurrent"), since = unit_state_since(unit);
        Style style = unit_style(unit);
        bool loaded = str_equal(load, "loaded");

        int r = plain ? table_add(table, STYLE_PLAIN, unit_id(unit))
                      : add_owned(table,
                                        style,
                                        str_printf("%s %s",
                                                        glyph(t, unit_glyph(unit)),
                                                        unit_id(unit)));
        if (r >= 0)
                r = table_add(table, loaded ? STYLE_PLAIN : STYLE_BAD, load);
        if (r >= 0)
                r = table_add(table, style, value_get_string(unit, "ActiveState"));
        if (r >= 0)
                r = table_add(table, style, unit_sub_state(unit));
        if (r >= 0)
                r = add_number(table, unit, "NRestarts");
        if (r >= 0)
                r = memory == UINT64_MAX ? table_add(table, STYLE_PLAIN, "-")
                                         : add_owned(table, STYLE_PLAIN, bytes_format(memory));
        if (r >= 0)
                r = since == UINT64_MAX ? table_add(table, STYLE_PLAIN, "-")
                                        : add_owned(table,
                                                          STYLE_PLAIN,
                                                          stamp_format_relative(since, now_usec));
        if (r >= 0)
                r = table_add(table, STYLE_PLAIN, value_get_string(unit, "Description"));
        return r;
}

int unit_list_fill(Table *table,
                const Terminal *t,
                const Value *units,
                bool plain,
                uint64_t now_usec) {
        table->columns = columns;
        table->n_columns = ELEMENTSOF(columns);

        for (size_t i = 0; i < value_length(units); i++) {
                int r = add_row(table, t, &units->array.items[i], plain, now_usec);
                if (r < 0)
                        return r;
        }
        return 0;
}
