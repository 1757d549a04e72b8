/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/* Keys of [Timer]. Those that say when add to one list, which an empty one of them clears for all. */

/* Files are numbered in the order in which they count. */
static uint64_t place_of(const UnitAssignment *a) {
        return (uint64_t) a->file->source << 32 | a->line;
}

static int complain_calendar(
                KeyInput *in, const UnitAssignment *a, const char *s, const char *problem) {
        static const char *const words[] = { "minutely",
                "hourly",
                "daily",
                "weekly",
                "monthly",
                "quarterly",
                "semiannually",
                "yearly",
                NULL };
        const char *meant = text_suggest(s, words);
        _cleanup_free_ char *what = str_printf("%s%s%s%s",
                        problem,
                        meant ? "; did you mean '" : "",
                        meant ?: "",
                        meant ? "'?" : "");

        return what ? input_bad_value(in, a, s, what) : -ENOMEM;
}

static int add_value(KeyInput *in, const UnitAssignment *a, TimerSpec *t, TimerBase base) {
        TimerValue value = { .base = base, .place = place_of(a) };
        const char *problem = "is not a time span, such as 5min";
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        if (base == TIMER_CALENDAR)
                r = calendar_parse(s, &value.calendar, &problem);
        else
                r = value_parse_span(s, &value.span_usec);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return base == TIMER_CALENDAR ? complain_calendar(in, a, s, problem)
                                              : input_bad_value(in, a, s, problem);
        r = timer_spec_add(t, &value);
        calendar_free(value.calendar);
        return r;
}

int parse_timer_values(KeyInput *in, void *target) {
        TimerBase base = timer_base_from_key(in->key->key);

        assert(base >= 0);
        KEY_INPUT_FOREACH(a, in) {
                int r = 0;

                if (*a->value == '\0')
                        timer_spec_clear(target, place_of(a));
                else
                        r = add_value(in, a, target, base);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- what [Timer] and others have in common ------------------------------------------------------- */

/* NAME.service of a NAME.timer. */
static char *default_unit(const UnitSpec *u) {
        size_t stem = (size_t) (strrchr(u->id, '.') - u->id);

        return str_printf("%.*s.service", (int) stem, u->id);
}

int timer_load_finish(UnitLoad *load) {
        TimerSpec *t = &load->unit->timer;
        SourcePlace place = { .file = load->main_path, .section = "Timer" };
        DiagnosticList *list = load->diagnostics;

        if (!t->unit)
                t->unit = default_unit(load->unit);
        if (!t->unit)
                return -ENOMEM;
        if (timer_spec_never(t))
                return diagnostic_add(list,
                                DIAGNOSTIC_ERROR,
                                "cross-check",
                                &place,
                                "nothing says when: a timer needs OnCalendar=, OnActiveSec= or "
                                "another of these keys");
        if (t->persistent && !timer_spec_has_calendar(t))
                return diagnostic_add(list,
                                DIAGNOSTIC_WARNING,
                                "no-effect",
                                &place,
                                "Persistent= has no effect without OnCalendar=");
        return 0;
}
