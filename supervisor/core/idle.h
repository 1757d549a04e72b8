/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When a service that nobody is connected to falls asleep, and what wakes it. Pure: who is connected is looked
 * up by the caller, at times that this asks for.
 *
 *   off ──▶ awake ──▶ freezing ──▶ asleep          held: a person has paused it; only a person
 *            ▲ ▲          │ somebody came │               lets it go on
 *            │ └──────────┴── waking ◀────┘
 *            └─ held
 *
 * Between the last look and the moment when it stands still somebody may have been accepted. So there is one more
 * look at what stands still, which nothing can change any more but a connection that waits, and that is watched
 * for from then on.
 */

#include <stdint.h>

#include "base/macro.h"

typedef enum IdleState {
        IDLE_OFF,
        IDLE_AWAKE,
        IDLE_FREEZING,
        IDLE_ASLEEP,
        IDLE_WAKING,
        IDLE_HELD,
        _IDLE_STATE_MAX,
        _IDLE_STATE_INVALID = -EINVAL,
} IdleState;

typedef enum IdleEvent {
        IDLE_EV_RUNS,    /* the service runs */
        IDLE_EV_ENDS,    /* or does so no more */
        IDLE_EV_BUSY,    /* a look: somebody is connected, or waits to be */
        IDLE_EV_QUIET,   /* a look: nobody is */
        IDLE_EV_FROZEN,  /* it stands still, by whose wish ever */
        IDLE_EV_THAWED,  /* it goes on */
        IDLE_EV_TRAFFIC, /* somebody waits */
        IDLE_EV_PAUSE,   /* a person wants it to stand still */
        _IDLE_EVENT_MAX,
        _IDLE_EVENT_INVALID = -EINVAL,
} IdleEvent;

/* What is to be done about it. */
typedef enum IdleStep {
        IDLE_STEP_NONE,
        IDLE_STEP_WAIT,   /* look again after idle_look_usec() */
        IDLE_STEP_FREEZE, /* answered by FROZEN or THAWED */
        IDLE_STEP_LOOK,   /* answered by BUSY or QUIET */
        IDLE_STEP_SLEEP,  /* it may stay as it is, or be stopped */
        IDLE_STEP_THAW,   /* answered by THAWED */
        IDLE_STEP_FORGET, /* no more looks */
        _IDLE_STEP_MAX,
        _IDLE_STEP_INVALID = -EINVAL,
} IdleStep;

typedef struct Idle {
        IdleState state;
        unsigned n_quiet; /* looks in a row */
} Idle;

/** idle_handle() - take an event in. Return: what follows from it. */
IdleStep idle_handle(Idle *i, IdleEvent event);

/** idle_look_usec() - how long after one look the next one is to be, so that what fell asleep was idle for at least
 * @timeout_usec and at most half as long again */
uint64_t idle_look_usec(uint64_t timeout_usec);

const char *idle_state_to_string(IdleState s);
IdleState idle_state_from_string(const char *s);
