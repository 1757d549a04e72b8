/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The life of a service: states, events, and the one table that leads from the one to the other.
 *
 *        START         PREPARED         STARTED            STOP               TIMEOUT
 *  dead ──────▶ prepare ───────▶ start ────────▶ running ───────▶ stop-sigterm ─────▶ stop-sigkill
 *   ▲              │               │                │ ENDED            │ ENDED            │ ENDED
 *   │              │ ERROR         │ ERROR, ENDED   ▼                  ▼                  ▼
 *   │              └───────────────┴────────▶ final-sigkill ◀──────────┴──────────────────┘
 *   │                                               │ EMPTY: a restart is wanted ─▶ auto-restart ─▶ prepare
 *   └───────────────────────────────────────────────┤        clean, RemainAfterExit ─▶ exited
 *                                                   └──────▶ failed
 *
 * prepare gets what a start needs (an image, say): it may last as long as it likes, and nothing runs yet.
 *
 * Pure: what has to be done is asked of LifecycleOps, the clock is passed in. Events are queued: an
 * action that posts is served after the transition that called it. Only lifecycle_dispatch() assigns
 * the state.
 *
 * Pausing is independent of the state and freezes the clock of the running state, nothing else.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/restart.h"
#include "unitfile/unit-spec.h"

typedef enum ServiceState { /* names as systemd's SubState= */
        SERVICE_DEAD,
        SERVICE_PREPARE,
        SERVICE_START,
        SERVICE_RUNNING,
        SERVICE_EXITED,
        SERVICE_STOP_SIGTERM,
        SERVICE_STOP_SIGKILL,
        SERVICE_FINAL_SIGKILL, /* the main process has ended; the rest of the cgroup goes */
        SERVICE_FAILED,
        SERVICE_AUTO_RESTART,
        _SERVICE_STATE_MAX,
        _SERVICE_STATE_INVALID = -EINVAL,
} ServiceState;

typedef enum ServiceEvent {
        SERVICE_EV_START,        /* somebody wants it to run */
        SERVICE_EV_STOP,         /* somebody wants it not to run */
        SERVICE_EV_PREPARED,     /* what a start needs is here */
        SERVICE_EV_STARTED,      /* the payload executes */
        SERVICE_EV_ERROR,        /* it could not be made; lifecycle_post_error() */
        SERVICE_EV_ENDED,        /* the main process ended; lifecycle_post_ended() */
        SERVICE_EV_EMPTY,        /* no process is left */
        SERVICE_EV_TIMEOUT,      /* the deadline of the state has passed */
        SERVICE_EV_OOM,          /* the kernel killed for memory and OOMPolicy= says stop or kill */
        SERVICE_EV_RESET_FAILED, /* forget failures and counts */
        _SERVICE_EVENT_MAX,
        _SERVICE_EVENT_INVALID = -EINVAL,
} ServiceEvent;

/* The coarse state that core and systemctl see: ActiveState=. */
typedef enum UnitActiveState {
        UNIT_ACTIVE,
        UNIT_RELOADING,
        UNIT_INACTIVE,
        UNIT_STATE_FAILED,
        UNIT_ACTIVATING,
        UNIT_DEACTIVATING,
        _UNIT_ACTIVE_STATE_MAX,
        _UNIT_ACTIVE_STATE_INVALID = -EINVAL,
} UnitActiveState;

const char *service_state_to_string(ServiceState s);
ServiceState service_state_from_string(const char *s);
const char *service_event_to_string(ServiceEvent e);
const char *unit_active_state_to_string(UnitActiveState s);
UnitActiveState service_state_to_active(ServiceState s);

typedef struct Lifecycle Lifecycle;

/* What the table asks for. None may call back into lifecycle_dispatch(); posting is fine. */
typedef struct LifecycleOps {
        void (*prepare)(Lifecycle *l); /* answer, now or later, by PREPARED or ERROR; release calls it off */
        void (*start)(Lifecycle *l); /* make the container; answer by STARTED or ERROR, then ENDED */
        void (*terminate)(Lifecycle *l); /* thaw, send the stop signal */
        void (*kill)(Lifecycle *l); /* SIGKILL to all; post EMPTY when, or if already, none is left */
        void (*release)(Lifecycle *l); /* dead or failed: give back cgroup and files */
        void (*set_deadline)(Lifecycle *l, uint64_t monotonic_usec); /* USEC_INFINITY: none */
        void (*changed)(Lifecycle *l,
                        ServiceState old); /* once per settled queue, if anything changed */
} LifecycleOps;

#define LIFECYCLE_QUEUE_MAX 8U

struct Lifecycle {
        const LifecycleOps *ops; /* borrowed */
        UnitSpec *const *
                        unit_spec; /* borrowed: the unit's slot, whose content changes between runs */
        uint64_t stop_timeout_usec; /* StopTimeout= of a container; min with TimeoutStopSec= applies */

        ServiceState state;
        ServiceResult result;
        ExitInfo exit;       /* of the last main process */
        bool payload_runs;   /* STARTED was seen, ENDED was not */
        bool stop_requested; /* since the last start */
        bool half_made;      /* its start was under way when supd ended: starts anew */
        bool start_failed;   /* the last run never got to STARTED (oneshot: to a clean end) */
        unsigned n_restarts; /* automatic ones since the last start by hand: NRestarts= */
        StartLimit limit;
        DualTime state_entered, inactive_exit, active_enter, active_exit, inactive_enter;
        DualTime main_started, main_ended;
        uint64_t deadline_usec;    /* monotonic; USEC_INFINITY: none */
        uint64_t frozen_left_usec; /* what was left of the deadline when paused; USEC_INFINITY */
        bool frozen;

        ServiceEvent queue[LIFECYCLE_QUEUE_MAX];
        unsigned n_queued;
        bool dispatching;
};

/** lifecycle_init() - dead, no counts; @ops and @unit_spec stay borrowed */
void lifecycle_init(Lifecycle *l, const LifecycleOps *ops, UnitSpec *const *unit_spec);
/** lifecycle_spec() - [Service] as it is in force; borrowed */
const ServiceSpec *lifecycle_spec(const Lifecycle *l);

/** lifecycle_next_state() - what the table says now; the state itself where no row holds */
ServiceState lifecycle_next_state(const Lifecycle *l, ServiceEvent event, uint64_t now_usec);

/** lifecycle_post() - queue an event and, unless called from an action, settle the queue */
void lifecycle_post(Lifecycle *l, ServiceEvent event, DualTime now);
/** lifecycle_post_ended() - the main process ended so; then as lifecycle_post() */
void lifecycle_post_ended(Lifecycle *l, ExitInfo exit, DualTime now);
/** lifecycle_note_oom() - the main process was killed for memory: before lifecycle_post_ended() */
void lifecycle_note_oom(Lifecycle *l);
/** lifecycle_post_error() - the container could not be made; @result is RESOURCES or EXIT_CODE */
void lifecycle_post_error(Lifecycle *l, ServiceResult result, ExitInfo exit, DualTime now);

/** lifecycle_post_half_made() - restored in the middle of a start: tear down, then start anew */
void lifecycle_post_half_made(Lifecycle *l, DualTime now);

/** lifecycle_start_by_hand() - counts and limits are cleared first: a person is never refused */
void lifecycle_start_by_hand(Lifecycle *l, DualTime now);

/** lifecycle_set_frozen() - stop the clock of the state, or let it go on with what was left */
void lifecycle_set_frozen(Lifecycle *l, bool frozen, uint64_t now_usec);

/**
 * lifecycle_restore() - a state that was read back: no action runs, the deadline is set again
 *
 * The caller has filled in the counters, stamps and deadline.
 */
void lifecycle_restore(Lifecycle *l, ServiceState state);

/** lifecycle_may_ignore() - no row for @state and @event: what a test lists, so that none is forgotten */
bool lifecycle_may_ignore(ServiceState state, ServiceEvent event);
