/* SPDX-License-Identifier: MIT */
#include "ctl/unit-view.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/value.h"

/* How states look. The first row that fits; NULL fits all. */
/* clang-format off */
static const struct {
        const char *load, *active, *sub;
        Style style;
        Glyph glyph;
} looks[] = {
        { "bad-setting", "active",       NULL,           STYLE_WARNING, GLYPH_DOT    },
        { "bad-setting", NULL,           NULL,           STYLE_BAD,     GLYPH_CROSS  },
        { "error",       "inactive",     NULL,           STYLE_BAD,     GLYPH_CROSS  },
        { NULL,          "failed",       NULL,           STYLE_BAD,     GLYPH_CROSS  },
        { NULL,          "active",       "asleep",       STYLE_PLAIN,   GLYPH_CIRCLE },
        { NULL,          "active",       "paused",       STYLE_WARNING, GLYPH_DOT    },
        { NULL,          "active",       "unhealthy",    STYLE_WARNING, GLYPH_DOT    },
        { NULL,          "active",       NULL,           STYLE_GOOD,    GLYPH_DOT    },
        { NULL,          "reloading",    NULL,           STYLE_GOOD,    GLYPH_DOT    },
        { NULL,          "activating",   NULL,           STYLE_WARNING, GLYPH_DOT    },
        { NULL,          "deactivating", NULL,           STYLE_WARNING, GLYPH_DOT    },
        { NULL,          NULL,           NULL,           STYLE_PLAIN,   GLYPH_CIRCLE },
};
/* clang-format on */

static bool is_state(const Value *unit, const char *property, const char *state) {
        return str_equal(value_get_string(unit, property), state);
}

bool unit_is_known(const Value *unit) {
        return !is_state(unit, "LoadState", "not-found") ||
               !is_state(unit, "ActiveState", "inactive");
}

bool unit_is_active(const Value *unit) {
        return is_state(unit, "ActiveState", "active") ||
               is_state(unit, "ActiveState", "reloading");
}

bool unit_is_failed(const Value *unit) {
        return is_state(unit, "ActiveState", "failed");
}

bool unit_is_paused(const Value *unit) {
        const char *freezer = value_get_string(unit, "FreezerState");

        return freezer && !str_equal(freezer, "running");
}

const char *unit_id(const Value *unit) {
        return value_get_string(unit, "Id") ?: "?";
}

char *unit_short_name(const char *id) {
        size_t length = strlen(id);

        return strndup(id, str_has_suffix(id, ".service") ? length - strlen(".service") : length);
}

const char *unit_sub_state(const Value *unit) {
        const char *freezer = value_get_string(unit, "FreezerState");

        if (str_equal(freezer, "frozen"))
                return value_get_bool(unit, "Asleep") ? "asleep" : "paused";
        if (unit_is_paused(unit))
                return str_equal(freezer, "freezing") ? "pausing" : "unpausing";
        if (is_state(unit, "SubState", "running") && is_state(unit, "HealthState", "unhealthy"))
                return "unhealthy";
        return value_get_string(unit, "SubState") ?: "?";
}

static size_t look_of(const Value *unit) {
        const char *load = value_get_string(unit, "LoadState");
        const char *active = value_get_string(unit, "ActiveState");
        const char *sub = unit_sub_state(unit);

        for (size_t i = 0;; i++) { /* the last row fits every unit */
                if ((!looks[i].load || str_equal(looks[i].load, load)) &&
                                (!looks[i].active || str_equal(looks[i].active, active)) &&
                                (!looks[i].sub || str_equal(looks[i].sub, sub)))
                        return i;
        }
}

Style unit_style(const Value *unit) {
        return looks[look_of(unit)].style;
}

Glyph unit_glyph(const Value *unit) {
        return looks[look_of(unit)].glyph;
}

char *exit_in_words(int64_t code, int64_t status) {
        const char *name;

        switch (code) {
        case CLD_EXITED:
                name = exit_status_to_string((int) status);
                return str_printf("code=exited, status=%" PRIi64 "/%s", status, name ?: "n/a");
        case CLD_KILLED:
        case CLD_DUMPED:
                name = signal_to_string((int) status);
                if (name && str_has_prefix(name, "SIG"))
                        name += strlen("SIG");
                return str_printf("code=%s, signal=%s",
                                code == CLD_KILLED ? "killed" : "dumped",
                                name ?: "n/a");
        default:
                return strdup("code=n/a");
        }
}

uint64_t unit_state_since(const Value *unit) {
        static const struct {
                const char *active, *property;
        } stamps[] = {
                { "active", "ActiveEnterTimestamp" },
                { "reloading", "ActiveEnterTimestamp" },
                { "inactive", "InactiveEnterTimestamp" },
                { "failed", "InactiveEnterTimestamp" },
                { "activating", "InactiveExitTimestamp" },
                { "deactivating", "ActiveExitTimestamp" },
        };
        const char *active = value_get_string(unit, "ActiveState");
        uint64_t stamp = UINT64_MAX;

        for (size_t i = 0; i < ELEMENTSOF(stamps) && active; i++) {
                if (str_equal(stamps[i].active, active))
                        stamp = value_get_u64(unit, stamps[i].property);
        }
        return stamp == 0 ? UINT64_MAX : stamp; /* 0: has never happened */
}

char *unit_failure(const Value *unit) {
        const char *result = value_get_string(unit, "Result");
        const char *text = value_get_string(unit, "StatusText");
        int64_t code = value_get_i64(unit, "ExecMainCode", 0);

        if (!result || str_equal(result, "success"))
                result = unit_is_failed(unit) ? "failed" : "ended";

        /* With a text the exit says nothing new: it is what the text is about. */
        if (text)
                return str_printf("%s: %s", result, text);
        if (code == 0)
                return strdup(result);

        _cleanup_free_ char *ended = exit_in_words(code, value_get_i64(unit, "ExecMainStatus", 0));
        return ended ? str_printf("%s: %s", result, ended) : NULL;
}

/* Of one item, (sbbsi). */
typedef struct Condition {
        const char *name, *parameter; /* borrowed */
        bool trigger, negate;
        int64_t answer; /* 1: met; -1: not; 0: not tested */
} Condition;

static bool condition_read(const Value *v, Condition *ret) {
        if (value_length(v) != 5 || v->type != VALUE_ARRAY)
                return false;
        const Value *of = v->array.items;
        if (of[0].type != VALUE_STRING || of[3].type != VALUE_STRING || of[4].type != VALUE_INTEGER)
                return false;
        *ret = (Condition) {
                .name = of[0].string,
                .trigger = of[1].boolean,
                .negate = of[2].boolean,
                .parameter = of[3].string,
                .answer = of[4].integer,
        };
        return true;
}

/* Of alternatives all are to blame, once none of them was met. */
static int collect_unmet(const Value *list, bool triggers, char ***lines) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < value_length(list) && list->type == VALUE_ARRAY; i++) {
                Condition c;

                if (!condition_read(&list->array.items[i], &c) || c.trigger != triggers)
                        continue;
                if (triggers && c.answer > 0) {
                        *lines = strv_free(*lines);
                        return 0;
                }
                if (c.answer < 0)
                        r = strv_append_printf(lines,
                                        "%s=%s%s%s was not met",
                                        c.name,
                                        c.trigger ? "|" : "",
                                        c.negate ? "!" : "",
                                        c.parameter);
        }
        return r;
}

int unit_unmet(const Value *unit, const char *property, char ***ret) {
        const Value *list = value_get(unit, property);
        _cleanup_strv_ char **lines = NULL;

        int r = collect_unmet(list, /* triggers= */ false, &lines);
        if (r >= 0 && !lines)
                r = collect_unmet(list, /* triggers= */ true, &lines);
        if (r >= 0)
                *ret = TAKE_PTR(lines);
        return r;
}
