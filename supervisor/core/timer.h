/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When a timer starts its unit: a decision made of its spec and of what has happened so far. Pure: the moment is passed
 * in, timers are set and the unit is started by TimerOps.
 *
 *   dead ── start ──> waiting ── its time ──> running ── the unit is off ──> waiting, or
 *                                                                           elapsed, if no further time comes
 *
 * While the unit runs no time is waited for; what came meanwhile comes at once when it is off, unless
 * DeferReactivation= says otherwise. A stop leads to dead, a unit that can't be started to failed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "unitfile/timer-spec.h"

typedef enum TimerState {
        TIMER_STATE_DEAD,
        TIMER_STATE_WAITING,
        TIMER_STATE_RUNNING, /* the unit it has started is not off yet */
        TIMER_STATE_ELAPSED, /* no further time will come */
        TIMER_STATE_FAILED,
        _TIMER_STATE_MAX,
        _TIMER_STATE_INVALID = -EINVAL,
} TimerState;

const char *timer_state_to_string(TimerState s); /* "waiting", …; NULL if out of range */
TimerState timer_state_from_string(const char *s);

typedef struct Timer Timer;

typedef struct TimerOps {
        /* Call timer_elapsed() when either clock has come so far; USEC_INFINITY: not by this one. */
        void (*arm)(Timer *t, uint64_t monotonic_usec, uint64_t realtime_usec);
        /* Have the unit started. Return: 0; a negative errno if that can't be, which is told. */
        int (*trigger)(Timer *t);
        /* The state may be another; the last call of each function that may change it. */
        void (*changed)(Timer *t, TimerState old);
        uint64_t (*random)(void); /* any number */
} TimerOps;

/* What the unit that it starts is up to. */
typedef struct TriggeredUnit {
        bool is_off;
        DualTime active;   /* when it was last started; zero: not known */
        DualTime inactive; /* when it last ended */
} TriggeredUnit;

/* Embedded by its owner, who sets the first part and may read all of it. */
struct Timer {
        const TimerOps *ops;   /* borrowed */
        const TimerSpec *spec; /* borrowed */
        uint64_t stable;       /* timer_stable_number() */
        uint64_t boot_usec;    /* what OnBootSec= counts from, monotonic */
        uint64_t startup_usec; /* what OnStartupSec= counts from, monotonic */

        TimerState state;
        DualTime activated;    /* the timer itself; zero: it is not */
        DualTime last_trigger; /* monotonic 0: by an earlier supd, or before boot */
        uint64_t spent_usec;   /* single times up to this have had their turn; 0: none has */
        TriggeredUnit unit;    /* as last told; moments are kept when the unit forgets them */
        uint64_t next_monotonic_usec, next_realtime_usec; /* USEC_INFINITY: none */
        uint64_t *value_next_usec; /* owned; of each value of the spec; USEC_INFINITY: none */
        size_t n_value_next;
};

void timer_init(Timer *t, const TimerOps *ops, const TimerSpec *spec);
void timer_done(Timer *t);

/** timer_start() - begin to wait; of a dead or failed one
 * @last_realtime_usec: when its unit was last started, as remembered by Persistent=; 0: never */
void timer_start(Timer *t, const TriggeredUnit *unit, uint64_t last_realtime_usec, DualTime now);
void timer_stop(Timer *t, DualTime now);
void timer_reset_failed(Timer *t);
/** timer_elapsed() - the time of TimerOps.arm has come */
void timer_elapsed(Timer *t, DualTime now);
/** timer_unit_changed() - the unit, or what is to be done with it, is another: also after each end of a job of it */
void timer_unit_changed(Timer *t, const TriggeredUnit *unit, DualTime now);
/** timer_clock_changed() - the clock on the wall was set */
void timer_clock_changed(Timer *t, DualTime now);
void timer_timezone_changed(Timer *t, DualTime now);
/** timer_respecify() - go by another spec from now on; the former one may go then */
void timer_respecify(Timer *t, const TimerSpec *spec, DualTime now);
/** timer_resume() - what was restored, state and moments, goes on */
void timer_resume(Timer *t, const TriggeredUnit *unit, DualTime now);

static inline bool timer_is_active(const Timer *t) {
        return t->state == TIMER_STATE_WAITING || t->state == TIMER_STATE_RUNNING ||
               t->state == TIMER_STATE_ELAPSED;
}

/** timer_stable_number() - always the same for a unit of a machine, and another for others */
uint64_t timer_stable_number(const char *machine_id, const char *unit_id);
