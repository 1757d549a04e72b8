/* SPDX-License-Identifier: MIT */
#include "unitfile/timer-spec.h"

#include "base/clock.h"
#include "base/text.h"

/* clang-format off */
static const struct {
        const char *key, *property;
} bases[] = {
        [TIMER_ACTIVE]        = { "OnActiveSec",       "OnActiveUSec"       },
        [TIMER_BOOT]          = { "OnBootSec",         "OnBootUSec"         },
        [TIMER_STARTUP]       = { "OnStartupSec",      "OnStartupUSec"      },
        [TIMER_UNIT_ACTIVE]   = { "OnUnitActiveSec",   "OnUnitActiveUSec"   },
        [TIMER_UNIT_INACTIVE] = { "OnUnitInactiveSec", "OnUnitInactiveUSec" },
        [TIMER_CALENDAR]      = { "OnCalendar",        "OnCalendar"         },
};
/* clang-format on */
static_assert(ELEMENTSOF(bases) == _TIMER_BASE_MAX, "every base has its names");

const char *timer_base_to_key(TimerBase b) {
        return b >= 0 && b < _TIMER_BASE_MAX ? bases[b].key : NULL;
}

const char *timer_base_to_property(TimerBase b) {
        return b >= 0 && b < _TIMER_BASE_MAX ? bases[b].property : NULL;
}

TimerBase timer_base_from_key(const char *key) {
        for (TimerBase b = 0; b < _TIMER_BASE_MAX; b++) {
                if (str_equal(bases[b].key, key))
                        return b;
        }
        return _TIMER_BASE_INVALID;
}

void timer_spec_init(TimerSpec *t) {
        *t = (TimerSpec) {
                .accuracy_usec = USEC_PER_MINUTE,
                .remain_after_elapse = true,
        };
}

void timer_spec_done(TimerSpec *t) {
        for (size_t i = 0; i < t->n_values; i++)
                calendar_free(t->values[i].calendar);
        free(t->values);
        free(t->unit);
        *t = (TimerSpec) {};
}

int timer_spec_add(TimerSpec *t, TimerValue *value) {
        size_t i = t->n_values;

        if (value->place < t->cleared_at) {
                value->calendar = calendar_free(value->calendar);
                return 0;
        }
        TimerValue *grown = realloc(t->values, (t->n_values + 1) * sizeof(TimerValue));
        if (!grown)
                return -ENOMEM;
        t->values = grown;
        for (; i > 0 && grown[i - 1].place > value->place; i--)
                grown[i] = grown[i - 1];
        grown[i] = *value;
        value->calendar = NULL;
        t->n_values++;
        return 0;
}

void timer_spec_clear(TimerSpec *t, uint64_t place) {
        size_t n = 0;

        t->cleared_at = MAX(t->cleared_at, place);
        for (size_t i = 0; i < t->n_values; i++) {
                if (t->values[i].place < t->cleared_at)
                        calendar_free(t->values[i].calendar);
                else
                        t->values[n++] = t->values[i];
        }
        t->n_values = n;
}

bool timer_spec_has_calendar(const TimerSpec *t) {
        for (size_t i = 0; i < t->n_values; i++) {
                if (t->values[i].base == TIMER_CALENDAR)
                        return true;
        }
        return false;
}

bool timer_spec_never(const TimerSpec *t) {
        return t->n_values == 0 && !t->on_clock_change && !t->on_timezone_change;
}
