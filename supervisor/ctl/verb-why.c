/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/history-words.h"
#include "ctl/json-output.h"
#include "ctl/unit-view.h"
#include "ctl/unit-words.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

/* What the unit is doing, and how long that will go on. */
static int print_head(Context *c, const Value *unit, DualTime now) {
        const Terminal *t = &c->terminal;
        uint64_t since = unit_state_since(unit), next = value_get_u64(unit, "NextRestartUSec");
        _cleanup_free_ char *ago =
                        since == UINT64_MAX ? strdup("")
                                            : stamp_format_relative(since, now.realtime_usec);
        Style style = unit_style(unit);

        if (!ago)
                return -ENOMEM;
        fprintf(c->out,
                        "%s%s %s: %s (%s)%s%s%s",
                        style_on(t, style),
                        glyph(t, unit_glyph(unit)),
                        unit_id(unit),
                        value_get_string(unit, "ActiveState") ?: "?",
                        unit_sub_state(unit),
                        style_off(t, style),
                        *ago ? " since " : "",
                        ago);
        if (next != UINT64_MAX && next > 0) {
                uint64_t left = usec_sub(next, now.monotonic_usec);
                _cleanup_free_ char *span = span_format(left - left % USEC_PER_MSEC);
                if (!span)
                        return -ENOMEM;
                fprintf(c->out, "; starts again in %s", span);
        }
        fputc('\n', c->out);
        return 0;
}

static int print_text(Context *c, const char *label, const char *text) {
        _cleanup_free_ char *safe = terminal_text(text);

        if (!safe)
                return -ENOMEM;
        fprintf(c->out, "  %s: %s\n", label, safe);
        return 0;
}

static int print_event(Context *c, const Value *event, DualTime now) {
        const char *time = value_get_string(event, "Time");
        _cleanup_free_ char *words = history_event_words(event);
        _cleanup_free_ char *stamp =
                        time ? history_stamp(strtoull(time, NULL, 10), now.realtime_usec)
                             : strdup("now");
        _cleanup_free_ char *safe = words ? terminal_text(words) : NULL;
        Style style = history_event_style(event);

        if (!safe || !stamp)
                return -ENOMEM;
        fprintf(c->out,
                        "  %-12s  %s%s%s\n",
                        stamp,
                        style_on(&c->terminal, style),
                        safe,
                        style_off(&c->terminal, style));
        return 0;
}

static int print_why(Context *c, const Value *unit, const Value *history) {
        DualTime now = clock_dual();
        const char *load_error = value_get_string(unit, "LoadError");

        int r = print_head(c, unit, now);
        if (r >= 0 && load_error && !str_equal(value_get_string(unit, "LoadState"), "loaded"))
                r = print_text(c, "Its files", load_error);
        if (r >= 0 && value_length(history) == 0)
                fputs("  Nobody has asked for it since supd started.\n", c->out);
        for (size_t i = 0; r >= 0 && i < value_length(history); i++)
                r = print_event(c, &history->array.items[i], now);
        if (r >= 0 && unit_is_failed(unit))
                fprintf(c->out,
                                "  'supctl logs %s' shows what it printed, 'supctl status %s' the "
                                "rest\n",
                                unit_id(unit),
                                unit_id(unit));
        return r;
}

static int add_json(Value *all, Value *unit, Value *history) {
        static const char *const keys[] = { "Id",
                "ActiveState",
                "SubState",
                "Result",
                "StatusText",
                "NRestarts",
                "NextRestartUSec" };
        _cleanup_value_ Value item = { .type = VALUE_DICT };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(keys); i++) {
                Value *v = (Value *) value_get(unit, keys[i]);
                r = v ? value_dict_add(&item, keys[i], v) : 0;
        }
        if (r >= 0)
                r = value_dict_add(&item, "History", history);
        return r < 0 ? r : value_array_add(all, &item);
}

static int why(Context *c, const char *name, Value *json, Error *error) {
        _cleanup_value_ Value unit = {}, history = {};

        int r = client_get_history(c->client, name, &history, error);
        if (r >= 0)
                r = client_get_unit(c->client, name, &unit, error);
        if (r < 0)
                return r;
        return c->options->json ? add_json(json, &unit, &history) : print_why(c, &unit, &history);
}

int verb_why(Context *c, char *const *words, Error *error) {
        _cleanup_value_ Value json = { .type = VALUE_ARRAY };
        _cleanup_strv_ char **names = NULL;

        int r = unit_words_expand(c, words, &names, error);
        if (r >= 0)
                r = context_connect(c, error);
        STRV_FOREACH (name, names) {
                if (r >= 0 && name > names && !c->options->json)
                        fputc('\n', c->out);
                r = r < 0 ? r : why(c, *name, &json, error);
        }
        if (r >= 0 && c->options->json)
                r = json_print(json_from_value(&json), c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}
