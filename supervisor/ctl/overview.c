/* SPDX-License-Identifier: MIT */
#include "ctl/overview.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/json-output.h"
#include "ctl/status-page.h"
#include "ctl/tree.h"
#include "ctl/unit-list.h"
#include "ctl/unit-view.h"
#include "ctl/value-text.h"
#include "supd/exit-status.h"

/* Active states in the order in which they are counted. */
static const char *const states[] = {
        "active",
        "activating",
        "deactivating",
        "failed",
        "inactive",
};

static size_t count_state(const Value *units, const char *state) {
        size_t n = 0;

        for (size_t i = 0; i < value_length(units); i++)
                n += str_equal(value_get_string(&units->array.items[i], "ActiveState"), state);
        return n;
}

static size_t count_paused(const Value *units) {
        size_t n = 0;

        for (size_t i = 0; i < value_length(units); i++)
                n += unit_is_paused(&units->array.items[i]);
        return n;
}

static size_t count_broken(const Value *units) {
        size_t n = 0;

        for (size_t i = 0; i < value_length(units); i++) {
                const char *load = value_get_string(&units->array.items[i], "LoadState");
                n += str_equal(load, "bad-setting") || str_equal(load, "error");
        }
        return n;
}

static bool is_degraded(const Value *units) {
        return count_state(units, "failed") > 0 || count_broken(units) > 0;
}

static int print_title(Context *c, const Value *manager, const Value *units) {
        const Terminal *t = &c->terminal;
        bool degraded = is_degraded(units);
        Style style = degraded ? STYLE_BAD : STYLE_GOOD;
        _cleanup_free_ char *version = terminal_text(value_get_string(manager, "Version"));

        if (!version)
                return -ENOMEM;
        if (!c->options->plain)
                fprintf(c->out,
                                "%s%s%s ",
                                style_on(t, style),
                                glyph(t, GLYPH_DOT),
                                style_off(t, style));
        fprintf(c->out, "supd %s\n", version);

        status_label(c->out, "State");
        fprintf(c->out,
                        "%s%s%s",
                        style_on(t, style),
                        value_get_string(manager, "SystemState")
                                        ?: degraded ? "degraded"
                                                    : "running",
                        style_off(t, style));
        return 0;
}

static int print_started(Context *c, const Value *manager) {
        uint64_t since = value_get_u64(manager, "UserspaceTimestamp");

        if (since != UINT64_MAX && since > 0) {
                _cleanup_free_ char *stamp = stamp_format(since);
                _cleanup_free_ char *age = stamp_format_relative(since, clock_realtime_usec());
                if (!stamp || !age)
                        return -ENOMEM;
                fprintf(c->out, " since %s; %s", stamp, age);
        }
        fputc('\n', c->out);
        return 0;
}

static void print_counts(Context *c, const Value *units) {
        size_t paused = count_paused(units), broken = count_broken(units);
        const char *separator = ": ";

        status_label(c->out, "Units");
        fprintf(c->out, "%zu", value_length(units));
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                size_t n = count_state(units, states[i]);

                if (n == 0)
                        continue;
                fprintf(c->out, "%s%zu %s", separator, n, states[i]);
                if (i == 0 && paused > 0)
                        fprintf(c->out, " (%zu paused)", paused);
                separator = ", ";
        }
        if (broken > 0)
                fprintf(c->out, "%s%zu with errors in their files", separator, broken);
        fputc('\n', c->out);
}

static int print_failed(Context *c, const Value *units) {
        bool any = false;

        for (size_t i = 0; i < value_length(units); i++) {
                const Value *unit = &units->array.items[i];
                if (!unit_is_failed(unit))
                        continue;

                _cleanup_free_ char *why = unit_failure(unit);
                _cleanup_free_ char *safe = why ? terminal_text(why) : NULL;
                if (!safe)
                        return -ENOMEM;
                status_label(c->out, any ? "" : "Failed");
                fprintf(c->out,
                                "%s%s%s: %s\n",
                                style_on(&c->terminal, STYLE_BAD),
                                unit_id(unit),
                                style_off(&c->terminal, STYLE_BAD),
                                safe);
                any = true;
        }
        return 0;
}

/* What supd tells of itself, if it does. */
static int print_facts(Context *c, const Value *manager) {
        static const struct {
                const char *property, *label;
        } facts[] = {
                { "CgroupDriver", "Cgroups" },
                { "ControlGroup", "CGroup" },
                { "Features", "Features" },
                { "UnitPath", "Unit files" },
        };

        for (size_t i = 0; i < ELEMENTSOF(facts); i++) {
                const Value *v = value_get(manager, facts[i].property);
                if (!v)
                        continue;

                _cleanup_free_ char *text = value_to_text(facts[i].property, v);
                _cleanup_free_ char *safe = text ? terminal_text(text) : NULL;
                if (!safe)
                        return -ENOMEM;
                if (*safe == '\0')
                        continue;
                status_label(c->out, facts[i].label);
                fprintf(c->out, "%s\n", safe);
        }
        return 0;
}

/* "active (running)", "failed (exit-code)", "bad-setting": what matters most of a unit's state. */
static char *state_in_words(const Value *unit) {
        const char *load = value_get_string(unit, "LoadState");
        const char *active = value_get_string(unit, "ActiveState") ?: "?";
        const char *detail = unit_is_failed(unit) ? value_get_string(unit, "Result")
                                                  : unit_sub_state(unit);

        if (!str_equal(load, "loaded") && str_equal(active, "inactive"))
                return terminal_text(load);
        _cleanup_free_ char *text = str_printf("%s (%s)", active, detail ?: "?");
        return text ? terminal_text(text) : NULL;
}

static int print_tree(Context *c, const Value *units) {
        _cleanup_(tree_done) Tree tree = {};

        for (size_t i = 0; i < value_length(units); i++) {
                const Value *unit = &units->array.items[i];
                const char *description = value_get_string(unit, "Description");
                bool told = description && !str_equal(description, unit_id(unit));
                _cleanup_free_ char *state = state_in_words(unit);
                _cleanup_free_ char *safe = terminal_text(told ? description : "");
                _cleanup_free_ char *text = state && safe ? str_printf("%s: %s%s%s",
                                                                            unit_id(unit),
                                                                            state,
                                                                            told ? " - " : "",
                                                                            safe)
                                                          : NULL;
                int r = text ? tree_add(&tree, 0, unit_style(unit), &text) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return tree_print(&tree, &c->terminal, STATUS_INDENT, c->out);
}

int overview_print(Context *c, Error *error) {
        _cleanup_value_ Value manager = {}, units = {};
        size_t hidden;

        int r = context_connect(c, error);
        if (r >= 0)
                r = client_get_manager(c->client, &manager, error);
        if (r >= 0)
                r = unit_list_fetch(c, &(UnitFilter) { .all = true }, &units, &hidden, error);
        if (r < 0)
                return r;

        int code = is_degraded(&units) ? SUPCTL_EXIT_NOT_ACTIVE : SUPCTL_EXIT_SUCCESS;
        if (c->options->json) {
                r = value_dict_add(&manager, "Units", &units);
                if (r >= 0)
                        r = json_print(json_from_value(&manager), c->out);
                return r < 0 ? r : code;
        }

        r = print_title(c, &manager, &units);
        if (r >= 0)
                r = print_started(c, &manager);
        if (r < 0)
                return r;
        print_counts(c, &units);
        r = print_failed(c, &units);
        if (r >= 0)
                r = print_facts(c, &manager);
        if (r >= 0)
                r = print_tree(c, &units);
        return r < 0 ? r : code;
}
