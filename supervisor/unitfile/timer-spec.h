/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Timer]: when a timer starts its unit, as data. Immutable once loaded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "unitfile/calendar.h"

/* What a time counts from. */
typedef enum TimerBase {
        TIMER_ACTIVE, /* the start of the timer */
        TIMER_BOOT,
        TIMER_STARTUP,       /* of supd */
        TIMER_UNIT_ACTIVE,   /* the last start of the unit it triggers */
        TIMER_UNIT_INACTIVE, /* the last end of it */
        TIMER_CALENDAR,      /* the clock on the wall */
        _TIMER_BASE_MAX,
        _TIMER_BASE_INVALID = -EINVAL,
} TimerBase;

const char *timer_base_to_key(TimerBase b); /* "OnActiveSec", "OnCalendar"; NULL if out of range */
const char *timer_base_to_property(TimerBase b); /* "OnActiveUSec", "OnCalendar" */
TimerBase timer_base_from_key(const char *key);

typedef struct TimerValue {
        TimerBase base;
        uint64_t span_usec; /* unless it is a calendar's */
        Calendar *calendar; /* owned; of TIMER_CALENDAR, else NULL */
        uint64_t place;     /* in the unit's files: what stands behind compares as greater */
} TimerValue;

typedef struct TimerSpec {
        TimerValue *values; /* owned; in the order in which they are written */
        size_t n_values;
        uint64_t cleared_at; /* place of the last empty assignment: values before it do not count */
        char *unit;          /* owned; the word after Unit=, or NAME.service of a NAME.timer */
        uint64_t accuracy_usec;      /* default 1 min */
        uint64_t random_delay_usec;  /* RandomizedDelaySec=, default 0 */
        uint64_t random_offset_usec; /* RandomizedOffsetSec=, default 0 */
        bool fixed_random_delay, persistent, defer_reactivation;
        bool remain_after_elapse; /* default true */
        bool on_clock_change, on_timezone_change;
} TimerSpec;

void timer_spec_init(TimerSpec *t);
void timer_spec_done(TimerSpec *t);

/** timer_spec_add() - takes value->calendar over on success. Return: 0 or -ENOMEM. */
int timer_spec_add(TimerSpec *t, TimerValue *value);
/** timer_spec_clear() - values that stand before @place do not count, whenever they are added */
void timer_spec_clear(TimerSpec *t, uint64_t place);
/** timer_spec_has_calendar() - is there a time of the clock on the wall? */
bool timer_spec_has_calendar(const TimerSpec *t);
/** timer_spec_never() - nothing would ever make it start its unit */
bool timer_spec_never(const TimerSpec *t);
