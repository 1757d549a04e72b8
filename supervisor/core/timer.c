/* SPDX-License-Identifier: MIT */
#include "core/timer.h"

#include "base/text.h"

static const char *const state_names[] = {
        [TIMER_STATE_DEAD] = "dead",
        [TIMER_STATE_WAITING] = "waiting",
        [TIMER_STATE_RUNNING] = "running",
        [TIMER_STATE_ELAPSED] = "elapsed",
        [TIMER_STATE_FAILED] = "failed",
};
static_assert(ELEMENTSOF(state_names) == _TIMER_STATE_MAX, "every state has a name");

const char *timer_state_to_string(TimerState s) {
        return s >= 0 && s < _TIMER_STATE_MAX ? state_names[s] : NULL;
}

TimerState timer_state_from_string(const char *s) {
        for (TimerState state = 0; state < _TIMER_STATE_MAX; state++) {
                if (str_equal(state_names[state], s))
                        return state;
        }
        return _TIMER_STATE_INVALID;
}

/* ---- chance ---------------------------------------------------------------------------------------- */

/* The last steps of a hash (of MurmurHash3, in public domain): every bit of the input counts for every one. */
static uint64_t mix(uint64_t n) {
        n = (n ^ n >> 33) * UINT64_C(0xff51afd7ed558ccd);
        n = (n ^ n >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
        return n ^ n >> 33;
}

uint64_t timer_stable_number(const char *machine_id, const char *unit_id) {
        const char *const texts[] = { machine_id ?: "", "/", unit_id };
        uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                for (const char *p = texts[i]; *p; p++)
                        hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
        }
        return mix(hash);
}

static uint64_t random_delay(const Timer *t) {
        uint64_t most = t->spec->random_delay_usec;

        if (most == 0 || most == USEC_INFINITY)
                return 0;
        return (t->spec->fixed_random_delay ? t->stable : t->ops->random()) % most;
}

/* Not of the same size as the delay, should both be asked for. */
static uint64_t random_offset(const Timer *t) {
        uint64_t most = t->spec->random_offset_usec;

        return most == 0 || most == USEC_INFINITY ? 0 : mix(t->stable + 1) % most;
}

/* ---- the next time --------------------------------------------------------------------------------- */

/* From the last time on, or from when the timer was started; a clock that was set back is no reason to wait. */
static uint64_t calendar_base(const Timer *t, DualTime now) {
        uint64_t base = t->last_trigger.realtime_usec ?: t->activated.realtime_usec;

        if (t->spec->defer_reactivation)
                base = MAX(base, t->unit.inactive.realtime_usec);
        return MIN(base, now.realtime_usec);
}

/* What is over when supd starts is due then, so that a random delay counts from there. */
static uint64_t next_of_calendar(const Timer *t, const TimerValue *v, DualTime now) {
        uint64_t age = usec_sub(now.monotonic_usec, t->startup_usec);
        uint64_t startup_realtime = usec_sub(now.realtime_usec, age);
        uint64_t offset = random_offset(t), next;

        int r = calendar_next(v->calendar, usec_sub(calendar_base(t, now), offset), &next);
        if (r < 0)
                return USEC_INFINITY;
        return MAX(usec_add(next, offset), startup_realtime);
}

static uint64_t next_of_span(const Timer *t, const TimerValue *v) {
        bool single = false;
        uint64_t base = 0;

        switch (v->base) {
        case TIMER_ACTIVE:
                base = t->activated.monotonic_usec;
                single = true;
                break;
        case TIMER_BOOT:
                base = t->boot_usec;
                single = true;
                break;
        case TIMER_STARTUP:
                base = t->startup_usec;
                single = true;
                break;
        case TIMER_UNIT_ACTIVE:
                base = MAX(t->unit.active.monotonic_usec, t->last_trigger.monotonic_usec);
                break;
        case TIMER_UNIT_INACTIVE:
                base = MAX(t->unit.inactive.monotonic_usec, t->last_trigger.monotonic_usec);
                break;
        default:
                break;
        }
        if (!single && base == 0)
                return USEC_INFINITY; /* it has not run yet */
        uint64_t next = usec_add(base, v->span_usec);
        bool spent = single && t->spent_usec > 0 && next <= t->spent_usec;
        return spent ? USEC_INFINITY : next;
}

/* A start of the unit by anybody sets the timer again. */
static bool waits_for_unit(const TimerSpec *spec) {
        for (size_t i = 0; i < spec->n_values; i++) {
                TimerBase base = spec->values[i].base;
                if (base == TIMER_UNIT_ACTIVE || base == TIMER_UNIT_INACTIVE)
                        return true;
        }
        return false;
}

static void find_next(Timer *t, DualTime now) {
        t->next_monotonic_usec = t->next_realtime_usec = USEC_INFINITY;
        for (size_t i = 0; i < t->spec->n_values; i++) {
                const TimerValue *v = &t->spec->values[i];
                bool wall = v->base == TIMER_CALENDAR;
                uint64_t *first = wall ? &t->next_realtime_usec : &t->next_monotonic_usec;
                uint64_t next = wall ? next_of_calendar(t, v, now) : next_of_span(t, v);

                if (i < t->n_value_next)
                        t->value_next_usec[i] = next;
                *first = MIN(*first, next);
        }
        t->next_monotonic_usec = usec_add(t->next_monotonic_usec, random_delay(t));
        t->next_realtime_usec = usec_add(t->next_realtime_usec, random_delay(t));
}

/* ---- states ---------------------------------------------------------------------------------------- */

static void disarm(Timer *t) {
        t->next_monotonic_usec = t->next_realtime_usec = USEC_INFINITY;
        t->ops->arm(t, USEC_INFINITY, USEC_INFINITY);
}

static void enter(Timer *t, TimerState state) {
        TimerState old = t->state;

        t->state = state;
        t->ops->changed(t, old);
}

static void enter_off(Timer *t, TimerState state) {
        disarm(t);
        t->activated = (DualTime) {};
        enter(t, state);
}

static void enter_waiting(Timer *t, DualTime now) {
        const TimerSpec *spec = t->spec;

        find_next(t, now);
        t->ops->arm(t, t->next_monotonic_usec, t->next_realtime_usec);
        if (t->next_monotonic_usec != USEC_INFINITY || t->next_realtime_usec != USEC_INFINITY ||
                        spec->on_clock_change || spec->on_timezone_change)
                enter(t, TIMER_STATE_WAITING);
        else if (spec->remain_after_elapse || waits_for_unit(spec))
                enter(t, TIMER_STATE_ELAPSED);
        else
                enter_off(t, TIMER_STATE_DEAD);
}

static void enter_running(Timer *t, DualTime now) {
        int r = t->ops->trigger(t);
        if (r < 0) {
                enter_off(t, TIMER_STATE_FAILED);
                return;
        }
        disarm(t); /* whatever was heard of the unit meanwhile */
        t->last_trigger = now;
        enter(t, TIMER_STATE_RUNNING);
}

static void take_moment(DualTime *known, DualTime told) {
        if (told.realtime_usec != 0)
                *known = told;
}

static void take_unit(Timer *t, const TriggeredUnit *unit) {
        t->unit.is_off = unit->is_off;
        take_moment(&t->unit.active, unit->active);
        take_moment(&t->unit.inactive, unit->inactive);
}

static void make_room(Timer *t) {
        size_t n = t->spec->n_values;
        uint64_t *room = calloc(MAX(n, (size_t) 1), sizeof(uint64_t));

        free(t->value_next_usec); /* only shown to people: without memory there is nothing to show */
        t->value_next_usec = room;
        t->n_value_next = room ? n : 0;
        for (size_t i = 0; i < t->n_value_next; i++)
                room[i] = USEC_INFINITY;
}

void timer_init(Timer *t, const TimerOps *ops, const TimerSpec *spec) {
        *t = (Timer) {
                .ops = ops,
                .spec = spec,
                .next_monotonic_usec = USEC_INFINITY,
                .next_realtime_usec = USEC_INFINITY,
        };
        make_room(t);
}

void timer_done(Timer *t) {
        free(t->value_next_usec);
        t->value_next_usec = NULL;
        t->n_value_next = 0;
}

void timer_start(Timer *t, const TriggeredUnit *unit, uint64_t last_realtime_usec, DualTime now) {
        assert(!timer_is_active(t));
        take_unit(t, unit);
        t->activated = now;
        t->last_trigger = (DualTime) { .realtime_usec = last_realtime_usec };
        t->spent_usec = 0;
        enter_waiting(t, now);
}

void timer_stop(Timer *t, DualTime now) {
        (void) now;
        if (timer_is_active(t))
                enter_off(t, TIMER_STATE_DEAD);
}

void timer_reset_failed(Timer *t) {
        if (t->state == TIMER_STATE_FAILED)
                enter(t, TIMER_STATE_DEAD);
}

void timer_elapsed(Timer *t, DualTime now) {
        if (t->state == TIMER_STATE_WAITING)
                enter_running(t, now);
}

void timer_unit_changed(Timer *t, const TriggeredUnit *unit, DualTime now) {
        take_unit(t, unit);
        if (t->state == TIMER_STATE_RUNNING) {
                if (!unit->is_off)
                        return;
                t->spent_usec = now.monotonic_usec;
        } else if (!timer_is_active(t) || !waits_for_unit(t->spec))
                return;
        enter_waiting(t, now);
}

void timer_clock_changed(Timer *t, DualTime now) {
        if (t->state != TIMER_STATE_WAITING)
                return;
        t->last_trigger.realtime_usec = MIN(t->last_trigger.realtime_usec, now.realtime_usec);
        if (t->spec->on_clock_change)
                enter_running(t, now);
        else
                enter_waiting(t, now);
}

void timer_timezone_changed(Timer *t, DualTime now) {
        if (t->state != TIMER_STATE_WAITING)
                return;
        if (t->spec->on_timezone_change)
                enter_running(t, now);
        else
                enter_waiting(t, now);
}

void timer_respecify(Timer *t, const TimerSpec *spec, DualTime now) {
        t->spec = spec;
        make_room(t);
        if (t->state == TIMER_STATE_WAITING || t->state == TIMER_STATE_ELAPSED)
                enter_waiting(t, now);
}

void timer_resume(Timer *t, const TriggeredUnit *unit, DualTime now) {
        take_unit(t, unit);
        if (t->state == TIMER_STATE_RUNNING && unit->is_off)
                t->spent_usec = now.monotonic_usec;
        else if (t->state != TIMER_STATE_WAITING && t->state != TIMER_STATE_ELAPSED)
                return;
        enter_waiting(t, now);
}
