/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The life of a service: states, events, and the one table that leads from the one to the other.
 *
 *  dead, failed ◀──────────────────────────────────────────────────────────────────────────┐
 *    │ START                                                                               │
 *    ▼            each step of a phase ends by CONTROL_ENDED; a phase without steps by itself│
 *  condition ─▶ start-pre ─▶ prepare ──────▶ start ────────▶ start-post ─┬─▶ running       │
 *    │             │           │  PREPARED     │  READY, or of a oneshot │   │ ▲           │
 *    │             │           │               │  ENDED well             │   │ │ RELOAD    │
 *    │             │           │               │                         │   ▼ │           │
 *    │             │           │               │                         │  reload ─▶ reload-signal
 *    │             │           │               │                         │   │ RELOADING   │
 *    │             │           │               │                         │   ▼             ▼
 *    │             │           │               │                         │  reload-notify ◀┘
 *    │             │           │               │                         └─▶ exited: RemainAfterExit=
 *    │ a command failed, ERROR, TIMEOUT, STOP  │                               │           │
 *    │             │           │               │    STOP, or the end was clean ▼           │
 *    │             │           │               │   ┌────────── stop: ExecStop=             │
 *    ▼             ▼           ▼               ▼   ▼                                       │
 *  stop-sigterm (after WATCHDOG, or to abort: stop-watchdog) ─ TIMEOUT ─▶ stop-sigkill     │
 *    │ ENDED, CONTROL_ENDED, EMPTY: nothing is left to wait for             │              │
 *    ▼                                                                      │              │
 *  stop-post ◀──────────────────────────────────────────────────────────────┘              │
 *    ▼                                                                                     │
 *  final-sigterm ─ EMPTY, TIMEOUT ─▶ final-sigkill ─ EMPTY ─┬──────────────────────────────┘
 *                                                           └─▶ auto-restart ─ TIMEOUT ─▶ condition
 *
 * States in which there is nothing to do are passed through within one turn: what is told of is where
 * that leads to. prepare gets what the main process needs (an image, say): it may last as long as it
 * likes.
 *
 * Pure: what has to be done is asked of LifecycleOps, the clock is passed in. Events are queued: an
 * action that posts is served after the transition that called it. Only lifecycle_dispatch() assigns
 * the state.
 *
 * Pausing is independent of the state and stops the clocks of what runs, nothing else.
 *
 * For who brings notifications: post READY, RELOADING, RELOADED (READY=1 while the state is one of
 * reloading), STOPPING as they come in; what means nothing in a state is ignored. lifecycle_set_watchdog()
 * sets WATCHDOG_USEC=, lifecycle_ping() is WATCHDOG=1, a WATCHDOG event is WATCHDOG=trigger, and
 * lifecycle_extend_timeout() is EXTEND_TIMEOUT_USEC=. For who makes a unit ready by its health: the state
 * start lasts until READY is posted, within TimeoutStartSec=.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/restart.h"
#include "unitfile/exec-command.h"
#include "unitfile/unit-spec.h"

typedef enum ServiceState { /* names as systemd's SubState= */
        SERVICE_DEAD,
        SERVICE_CONDITION,
        SERVICE_START_PRE,
        SERVICE_PREPARE,
        SERVICE_START,
        SERVICE_START_POST,
        SERVICE_RUNNING,
        SERVICE_EXITED,
        SERVICE_RELOAD,        /* ExecReload= and what the kind has of its own */
        SERVICE_RELOAD_SIGNAL, /* Type=notify-reload: it has to announce that it reloads */
        SERVICE_RELOAD_NOTIFY, /* it has announced it */
        SERVICE_STOP,
        SERVICE_STOP_WATCHDOG,
        SERVICE_STOP_SIGTERM,
        SERVICE_STOP_SIGKILL,
        SERVICE_STOP_POST,
        SERVICE_FINAL_SIGTERM, /* whatever is left in the cgroup goes */
        SERVICE_FINAL_SIGKILL,
        SERVICE_FAILED,
        SERVICE_AUTO_RESTART,
        _SERVICE_STATE_MAX,
        _SERVICE_STATE_INVALID = -EINVAL,
} ServiceState;

typedef enum ServiceEvent {
        SERVICE_EV_START,    /* somebody wants it to run */
        SERVICE_EV_STOP,     /* somebody wants it not to run */
        SERVICE_EV_RELOAD,   /* somebody wants it to reload */
        SERVICE_EV_PREPARED, /* what the main process needs is here */
        SERVICE_EV_STARTED,  /* the main process executes */
        SERVICE_EV_READY,    /* and does what it is for; a oneshot is ready when it has ended */
        SERVICE_EV_ERROR,    /* it could not be made; lifecycle_post_error() */
        SERVICE_EV_ENDED,    /* the main process ended; lifecycle_post_ended() */
        SERVICE_EV_CONTROL_ENDED, /* a command ended; lifecycle_post_control_ended() */
        SERVICE_EV_EMPTY,         /* nothing is left that the state has to wait for */
        SERVICE_EV_TIMEOUT,       /* the time of the state is up; lifecycle_on_deadline() */
        SERVICE_EV_EXPIRED,       /* it has run for RuntimeMaxSec=; likewise */
        SERVICE_EV_PROVED,        /* it has run for RestartResetSec=; likewise */
        SERVICE_EV_WATCHDOG,      /* no sign of life for WatchdogSec=, or it says so itself */
        SERVICE_EV_RELOADING,     /* it says that it reloads */
        SERVICE_EV_RELOADED,      /* it says that it has */
        SERVICE_EV_STOPPING,      /* it says that it is about to end */
        SERVICE_EV_OOM,          /* the kernel killed for memory and OOMPolicy= says stop or kill */
        SERVICE_EV_UNHEALTHY,    /* its health checks want it to end; lifecycle_post_unhealthy() */
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
/** service_state_phase() - whose commands run in it; _EXEC_PHASE_INVALID: none */
ExecPhase service_state_phase(ServiceState s);

/* Each has a time at which it rings. All but the state's own stand still while the unit is paused. */
typedef enum ServiceClock {
        SERVICE_CLOCK_STATE,
        SERVICE_CLOCK_RUNTIME,
        SERVICE_CLOCK_PROOF,
        SERVICE_CLOCK_WATCHDOG,
        _SERVICE_CLOCK_MAX,
} ServiceClock;

const char *service_clock_to_string(ServiceClock c);

typedef struct Lifecycle Lifecycle;

typedef enum LifecycleSignal {
        LIFECYCLE_TERMINATE, /* thaw, and ask all that KillMode= names to end */
        LIFECYCLE_ABORT,     /* the same with WatchdogSignal= */
        LIFECYCLE_KILL,      /* kill what KillMode= names */
        LIFECYCLE_KILL_CONTROL, /* kill the command that runs, and nothing else; its end is not posted */
} LifecycleSignal;

/* What the table asks for. None may call back into lifecycle_dispatch(); posting is fine. */
typedef struct LifecycleOps {
        /* A run begins: a newer definition may be taken. */
        void (*begin)(Lifecycle *l);
        /* How many steps a phase has: commands, and what a kind adds of its own. Pure. */
        unsigned (*n_steps)(const Lifecycle *l, ExecPhase phase);
        /* Begin a step: answered, now or later, by lifecycle_post_control_ended(). Of EXEC_START: make the
         * main process; answered by ERROR, or by STARTED, READY and ENDED as they come to be. */
        void (*run)(Lifecycle *l, ExecPhase phase, unsigned step);
        /* Answered, now or later, by PREPARED or ERROR. */
        void (*prepare)(Lifecycle *l);
        /* Of all but KILL_CONTROL: post ENDED and CONTROL_ENDED as ever, and EMPTY once there is nothing
         * else to wait for, at once if there is nothing now. */
        void (*signal)(Lifecycle *l, LifecycleSignal what);
        /* Dead or failed: give back all. Exited: what a main process alone needs. Else a preparation is
         * called off. */
        void (*release)(Lifecycle *l);
        void (*set_deadline)(Lifecycle *l,
                        uint64_t monotonic_usec); /* USEC_INFINITY: none; lifecycle_on_deadline() then */
        void (*changed)(Lifecycle *l,
                        ServiceState old); /* once per settled queue, if anything changed */
} LifecycleOps;

#define LIFECYCLE_QUEUE_MAX 8U

struct Lifecycle {
        const LifecycleOps *ops; /* borrowed */
        UnitSpec *const *
                        unit_spec; /* borrowed: the unit's slot, whose content changes between runs */
        uint64_t stop_timeout_usec; /* StopTimeout= of a container; min with TimeoutStopSec= applies */
        uint64_t runtime_extra_usec; /* of RuntimeRandomizedExtraSec=, as the kind has thrown the dice */
        uint64_t watchdog_usec;      /* lifecycle_set_watchdog(); USEC_INFINITY: none */

        ServiceState state;
        unsigned step; /* of the state's phase */
        ServiceResult result, control_result, reload_result;
        ExitInfo exit;       /* of the last main process */
        bool main_alive;     /* it was made, and ENDED was not seen */
        bool payload_runs;   /* STARTED was seen, ENDED was not */
        bool control_runs;   /* a step was begun and has not ended */
        bool cgroup_decides; /* ExitType=cgroup, or the main process is not known: EMPTY is the end */
        bool empty;          /* EMPTY was seen since the start */
        bool errored;        /* ERROR was: how what was half made ends, tells nothing */
        bool abandoned;      /* processes are left that may not, or can't, be killed */
        bool ends_by_itself; /* it has said so: no signal for now */
        bool stop_requested; /* since the last start */
        bool restart_asked;  /* by health checks: whatever Restart= says */
        bool half_made;      /* its start was under way when supd ended: starts anew */
        bool start_failed;   /* the last run never got to be active (oneshot: to a clean end) */
        unsigned n_restarts; /* automatic ones since the last start by hand: NRestarts= */
        StartLimit limit;
        DualTime state_entered, inactive_exit, active_enter, active_exit, inactive_enter;
        DualTime main_started, main_ended;
        uint64_t clocks[_SERVICE_CLOCK_MAX];      /* monotonic; USEC_INFINITY: does not ring */
        uint64_t clocks_left[_SERVICE_CLOCK_MAX]; /* what was left when it was paused */
        uint64_t deadline_usec;                   /* the first of them, as it was told */
        bool frozen;

        /* What came with an event that is queued. */
        ServiceResult error_result;
        ExitInfo error_exit;

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
/** lifecycle_post_started() - STARTED, and READY with it where nothing else makes the unit ready */
void lifecycle_post_started(Lifecycle *l, bool ready, DualTime now);
/** lifecycle_post_ended() - the main process ended so; then as lifecycle_post() */
void lifecycle_post_ended(Lifecycle *l, ExitInfo exit, DualTime now);
/** lifecycle_post_control_ended() - the step under way ended so: SUCCESS also of one whose end is ignored */
void lifecycle_post_control_ended(Lifecycle *l, ServiceResult result, DualTime now);
/** lifecycle_note_oom() - the main process was killed for memory: before lifecycle_post_ended() */
void lifecycle_note_oom(Lifecycle *l);
/** lifecycle_post_error() - the main process could not be made, or only half; @result is RESOURCES or EXIT_CODE */
void lifecycle_post_error(Lifecycle *l, ServiceResult result, ExitInfo exit, DualTime now);
/**
 * lifecycle_post_unhealthy() - stop it, as nobody had asked for that: Restart= decides what comes then
 * @result:  SUCCESS: how it ends is its result
 * @restart: start it again in any case, within the start limit
 */
void lifecycle_post_unhealthy(Lifecycle *l, ServiceResult result, bool restart, DualTime now);
/** lifecycle_on_deadline() - the time that was set has come: post what that means */
void lifecycle_on_deadline(Lifecycle *l, DualTime now);

/** lifecycle_post_half_made() - restored in the middle of a start: tear down, then start anew */
void lifecycle_post_half_made(Lifecycle *l, DualTime now);

/** lifecycle_start_by_hand() - counts and limits are cleared first: a person is never refused */
void lifecycle_start_by_hand(Lifecycle *l, DualTime now);

/** lifecycle_set_frozen() - stop the clocks of what runs, or let them go on with what was left */
void lifecycle_set_frozen(Lifecycle *l, bool frozen, uint64_t now_usec);

/** lifecycle_set_watchdog() - a sign of life is due every so often, from now on; USEC_INFINITY: none */
void lifecycle_set_watchdog(Lifecycle *l, uint64_t usec, uint64_t now_usec);
/** lifecycle_ping() - a sign of life */
void lifecycle_ping(Lifecycle *l, uint64_t now_usec);
/** lifecycle_extend_timeout() - the state, and what RuntimeMaxSec= allows, may last so long from now on, if that is longer */
void lifecycle_extend_timeout(Lifecycle *l, uint64_t usec, uint64_t now_usec);

/**
 * lifecycle_restore() - a state that was read back: no action runs, the deadline is set again
 *
 * The caller has filled in the counters, stamps and clocks.
 */
void lifecycle_restore(Lifecycle *l, ServiceState state);

/** lifecycle_may_ignore() - no row for @state and @event: what a test lists, so that none is forgotten */
bool lifecycle_may_ignore(ServiceState state, ServiceEvent event);
