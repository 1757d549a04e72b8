/* SPDX-License-Identifier: MIT */
#include "core/lifecycle.h"

#include <stdlib.h>

#include "base/text.h"

const ServiceSpec *lifecycle_spec(const Lifecycle *l) {
        return &(*l->unit_spec)->service;
}

/* ---- guards: pure ------------------------------------------------------------------------------ */

typedef bool (*Guard)(const Lifecycle *l, uint64_t now_usec);

static bool is_over_limit(const Lifecycle *l, uint64_t now_usec) {
        return !start_limit_allows(&l->limit, &lifecycle_spec(l)->restart, now_usec);
}

static bool is_oneshot(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->type == SERVICE_ONESHOT;
}

static bool payload_runs_with_grace(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->payload_runs && l->stop_timeout_usec > 0;
}

static bool may_kill(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->send_sigkill;
}

static bool starts_anew(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->half_made && !l->stop_requested;
}

static bool wants_restart(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return !l->stop_requested &&
               restart_is_wanted(&lifecycle_spec(l)->restart, l->result, l->exit);
}

static bool ended_well(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->result == SERVICE_SUCCESS;
}

static bool stays_active(const Lifecycle *l, uint64_t now_usec) {
        return ended_well(l, now_usec) && lifecycle_spec(l)->remain_after_exit &&
               !l->stop_requested;
}

/* ---- the table --------------------------------------------------------------------------------- */

typedef struct Transition {
        ServiceState from;
        ServiceEvent event;
        Guard guard;
        ServiceState to;
} Transition;

/* The first row whose guard holds wins. No row: the event came too late to matter. */
/* clang-format off */
static const Transition transitions[] = {
        /* from                  event                    guard                    to                    */
        { SERVICE_DEAD,          SERVICE_EV_START,        is_over_limit,           SERVICE_FAILED        },
        { SERVICE_DEAD,          SERVICE_EV_START,        NULL,                    SERVICE_PREPARE       },

        { SERVICE_PREPARE,       SERVICE_EV_PREPARED,     NULL,                    SERVICE_START         },
        { SERVICE_PREPARE,       SERVICE_EV_ERROR,        NULL,                    SERVICE_FINAL_SIGKILL },
        { SERVICE_PREPARE,       SERVICE_EV_STOP,         NULL,                    SERVICE_DEAD          },

        { SERVICE_START,         SERVICE_EV_STARTED,      is_oneshot,              SERVICE_START         },
        { SERVICE_START,         SERVICE_EV_STARTED,      NULL,                    SERVICE_RUNNING       },
        { SERVICE_START,         SERVICE_EV_ERROR,        NULL,                    SERVICE_FINAL_SIGKILL },
        { SERVICE_START,         SERVICE_EV_ENDED,        NULL,                    SERVICE_FINAL_SIGKILL },
        { SERVICE_START,         SERVICE_EV_STOP,         payload_runs_with_grace, SERVICE_STOP_SIGTERM  },
        { SERVICE_START,         SERVICE_EV_STOP,         NULL,                    SERVICE_STOP_SIGKILL  },
        { SERVICE_START,         SERVICE_EV_TIMEOUT,      payload_runs_with_grace, SERVICE_STOP_SIGTERM  },
        { SERVICE_START,         SERVICE_EV_TIMEOUT,      NULL,                    SERVICE_STOP_SIGKILL  },
        { SERVICE_START,         SERVICE_EV_OOM,          payload_runs_with_grace, SERVICE_STOP_SIGTERM  },
        { SERVICE_START,         SERVICE_EV_OOM,          NULL,                    SERVICE_STOP_SIGKILL  },

        { SERVICE_RUNNING,       SERVICE_EV_ENDED,        NULL,                    SERVICE_FINAL_SIGKILL },
        { SERVICE_RUNNING,       SERVICE_EV_STOP,         payload_runs_with_grace, SERVICE_STOP_SIGTERM  },
        { SERVICE_RUNNING,       SERVICE_EV_STOP,         NULL,                    SERVICE_STOP_SIGKILL  },
        { SERVICE_RUNNING,       SERVICE_EV_OOM,          payload_runs_with_grace, SERVICE_STOP_SIGTERM  },
        { SERVICE_RUNNING,       SERVICE_EV_OOM,          NULL,                    SERVICE_STOP_SIGKILL  },
        { SERVICE_RUNNING,       SERVICE_EV_TIMEOUT,      NULL,                    SERVICE_RUNNING       },

        { SERVICE_EXITED,        SERVICE_EV_STOP,         NULL,                    SERVICE_DEAD          },

        { SERVICE_STOP_SIGTERM,  SERVICE_EV_ENDED,        NULL,                    SERVICE_FINAL_SIGKILL },
        { SERVICE_STOP_SIGTERM,  SERVICE_EV_TIMEOUT,      may_kill,                SERVICE_STOP_SIGKILL  },
        { SERVICE_STOP_SIGTERM,  SERVICE_EV_TIMEOUT,      NULL,                    SERVICE_FAILED        },
        { SERVICE_STOP_SIGTERM,  SERVICE_EV_STOP,         NULL,                    SERVICE_STOP_SIGTERM  },

        { SERVICE_STOP_SIGKILL,  SERVICE_EV_ENDED,        NULL,                    SERVICE_FINAL_SIGKILL },
        { SERVICE_STOP_SIGKILL,  SERVICE_EV_TIMEOUT,      NULL,                    SERVICE_FAILED        },
        { SERVICE_STOP_SIGKILL,  SERVICE_EV_STOP,         NULL,                    SERVICE_STOP_SIGKILL  },

        { SERVICE_FINAL_SIGKILL, SERVICE_EV_EMPTY,        starts_anew,             SERVICE_PREPARE       },
        { SERVICE_FINAL_SIGKILL, SERVICE_EV_EMPTY,        wants_restart,           SERVICE_AUTO_RESTART  },
        { SERVICE_FINAL_SIGKILL, SERVICE_EV_EMPTY,        stays_active,            SERVICE_EXITED        },
        { SERVICE_FINAL_SIGKILL, SERVICE_EV_EMPTY,        ended_well,              SERVICE_DEAD          },
        { SERVICE_FINAL_SIGKILL, SERVICE_EV_EMPTY,        NULL,                    SERVICE_FAILED        },
        { SERVICE_FINAL_SIGKILL, SERVICE_EV_TIMEOUT,      NULL,                    SERVICE_FAILED        },
        { SERVICE_FINAL_SIGKILL, SERVICE_EV_STOP,         NULL,                    SERVICE_FINAL_SIGKILL },

        { SERVICE_FAILED,        SERVICE_EV_START,        is_over_limit,           SERVICE_FAILED        },
        { SERVICE_FAILED,        SERVICE_EV_START,        NULL,                    SERVICE_PREPARE       },
        { SERVICE_FAILED,        SERVICE_EV_RESET_FAILED, NULL,                    SERVICE_DEAD          },

        { SERVICE_AUTO_RESTART,  SERVICE_EV_TIMEOUT,      is_over_limit,           SERVICE_FAILED        },
        { SERVICE_AUTO_RESTART,  SERVICE_EV_TIMEOUT,      NULL,                    SERVICE_PREPARE       },
        { SERVICE_AUTO_RESTART,  SERVICE_EV_STOP,         NULL,                    SERVICE_DEAD          },
};
/* clang-format on */

/* ---- what a state is --------------------------------------------------------------------------- */

/* 0 means "no limit" for TimeoutStartSec= and TimeoutStopSec=. */
static uint64_t limit_usec(uint64_t timeout_usec) {
        return timeout_usec == 0 ? USEC_INFINITY : timeout_usec;
}

static uint64_t timeout_of_start(const Lifecycle *l) {
        return limit_usec(lifecycle_spec(l)->start_timeout_usec);
}

static uint64_t timeout_of_running(const Lifecycle *l) {
        return lifecycle_spec(l)->restart.reset_usec;
}

static uint64_t timeout_of_terminate(const Lifecycle *l) {
        return MIN(l->stop_timeout_usec, limit_usec(lifecycle_spec(l)->stop_timeout_usec));
}

static uint64_t timeout_of_kill(const Lifecycle *l) {
        return limit_usec(lifecycle_spec(l)->stop_timeout_usec);
}

static uint64_t timeout_of_auto_restart(const Lifecycle *l) {
        return restart_delay_usec(&lifecycle_spec(l)->restart, l->n_restarts + 1);
}

static void enter_prepare(Lifecycle *l) {
        l->ops->prepare(l);
}

static void enter_start(Lifecycle *l) {
        l->ops->start(l);
}

static void enter_terminate(Lifecycle *l) {
        l->ops->terminate(l);
}

static void enter_kill(Lifecycle *l) {
        l->ops->kill(l);
}

static void enter_released(Lifecycle *l) {
        l->ops->release(l);
}

/* clang-format off */
static const struct {
        const char *name;
        UnitActiveState active;
        uint64_t (*timeout)(const Lifecycle *l); /* NULL: may last for ever */
        void (*enter)(Lifecycle *l);             /* NULL: nothing to do */
} states[] = {
        [SERVICE_DEAD]          = { "dead",          UNIT_INACTIVE,     NULL,                    enter_released  },
        [SERVICE_PREPARE]       = { "prepare",       UNIT_ACTIVATING,   NULL,                    enter_prepare   },
        [SERVICE_START]         = { "start",         UNIT_ACTIVATING,   timeout_of_start,        enter_start     },
        [SERVICE_RUNNING]       = { "running",       UNIT_ACTIVE,       timeout_of_running,      NULL            },
        [SERVICE_EXITED]        = { "exited",        UNIT_ACTIVE,       NULL,                    enter_released  },
        [SERVICE_STOP_SIGTERM]  = { "stop-sigterm",  UNIT_DEACTIVATING, timeout_of_terminate,    enter_terminate },
        [SERVICE_STOP_SIGKILL]  = { "stop-sigkill",  UNIT_DEACTIVATING, timeout_of_kill,         enter_kill      },
        [SERVICE_FINAL_SIGKILL] = { "final-sigkill", UNIT_DEACTIVATING, timeout_of_kill,         enter_kill      },
        [SERVICE_FAILED]        = { "failed",        UNIT_STATE_FAILED, NULL,                    enter_released  },
        [SERVICE_AUTO_RESTART]  = { "auto-restart",  UNIT_ACTIVATING,   timeout_of_auto_restart, NULL            },
};

static const char *const event_names[] = {
        [SERVICE_EV_START]        = "start",
        [SERVICE_EV_STOP]         = "stop",
        [SERVICE_EV_PREPARED]     = "prepared",
        [SERVICE_EV_STARTED]      = "started",
        [SERVICE_EV_ERROR]        = "error",
        [SERVICE_EV_ENDED]        = "ended",
        [SERVICE_EV_EMPTY]        = "empty",
        [SERVICE_EV_TIMEOUT]      = "timeout",
        [SERVICE_EV_OOM]          = "oom",
        [SERVICE_EV_RESET_FAILED] = "reset-failed",
};

static const char *const active_names[] = {
        [UNIT_ACTIVE]       = "active",
        [UNIT_RELOADING]    = "reloading",
        [UNIT_INACTIVE]     = "inactive",
        [UNIT_STATE_FAILED] = "failed",
        [UNIT_ACTIVATING]   = "activating",
        [UNIT_DEACTIVATING] = "deactivating",
};
/* clang-format on */
static_assert(ELEMENTSOF(states) == _SERVICE_STATE_MAX, "every state has a row");
static_assert(ELEMENTSOF(event_names) == _SERVICE_EVENT_MAX, "every event has a name");
static_assert(ELEMENTSOF(active_names) == _UNIT_ACTIVE_STATE_MAX, "every active state has a name");

const char *service_state_to_string(ServiceState s) {
        return s < 0 || s >= _SERVICE_STATE_MAX ? NULL : states[s].name;
}

ServiceState service_state_from_string(const char *s) {
        for (ServiceState i = 0; i < _SERVICE_STATE_MAX; i++) {
                if (str_equal(s, states[i].name))
                        return i;
        }
        return _SERVICE_STATE_INVALID;
}

const char *service_event_to_string(ServiceEvent e) {
        return e < 0 || e >= _SERVICE_EVENT_MAX ? NULL : event_names[e];
}

const char *unit_active_state_to_string(UnitActiveState s) {
        return s < 0 || s >= _UNIT_ACTIVE_STATE_MAX ? NULL : active_names[s];
}

UnitActiveState service_state_to_active(ServiceState s) {
        return states[s].active;
}

/* ---- dispatch ---------------------------------------------------------------------------------- */

void lifecycle_init(Lifecycle *l, const LifecycleOps *ops, UnitSpec *const *unit_spec) {
        *l = (Lifecycle) {
                .ops = ops,
                .unit_spec = unit_spec,
                .stop_timeout_usec = 10 * USEC_PER_SEC,
                .limit = START_LIMIT_CLEAR,
                .deadline_usec = USEC_INFINITY,
                .frozen_left_usec = USEC_INFINITY,
        };
}

static const Transition *find_transition(
                const Lifecycle *l, ServiceEvent event, uint64_t now_usec) {
        for (size_t i = 0; i < ELEMENTSOF(transitions); i++) {
                const Transition *t = &transitions[i];

                if (t->from == l->state && t->event == event &&
                                (!t->guard || t->guard(l, now_usec)))
                        return t;
        }
        return NULL;
}

ServiceState lifecycle_next_state(const Lifecycle *l, ServiceEvent event, uint64_t now_usec) {
        const Transition *t = find_transition(l, event, now_usec);
        return t ? t->to : l->state;
}

static void set_result(Lifecycle *l, ServiceResult result) {
        if (l->result == SERVICE_SUCCESS)
                l->result = result;
}

static void forget_counts(Lifecycle *l) {
        l->n_restarts = 0;
        l->limit = START_LIMIT_CLEAR;
}

/* StopTimeout=0, or a stop before the payload ran: the SIGKILL was what was asked for, no failure. */
static bool is_our_kill(const Lifecycle *l) {
        /* After adoption nobody may be able to say how it ended: by what we sent, then. */
        return l->state == SERVICE_STOP_SIGKILL && l->stop_requested &&
               (l->exit.code == 0 || (l->exit.code == CLD_KILLED && l->exit.status == SIGKILL));
}

/* What an event says about the run, noted before guards are asked. */
static void absorb(Lifecycle *l, ServiceEvent event, DualTime now) {
        switch (event) {
        case SERVICE_EV_STOP:
                l->stop_requested = true;
                break;
        case SERVICE_EV_STARTED:
                l->payload_runs = true;
                l->main_started = now;
                l->start_failed = lifecycle_spec(l)->type == SERVICE_ONESHOT;
                break;
        case SERVICE_EV_ENDED:
                l->payload_runs = false;
                l->main_ended = now;
                if (!is_our_kill(l))
                        set_result(l,
                                        exit_classify(&lifecycle_spec(l)->restart,
                                                        lifecycle_spec(l)->type,
                                                        l->exit));
                if (l->result == SERVICE_SUCCESS)
                        l->start_failed = false;
                break;
        case SERVICE_EV_OOM:
                set_result(l, SERVICE_FAILURE_OOM_KILL);
                break;
        case SERVICE_EV_TIMEOUT:
                if (l->state == SERVICE_RUNNING)
                        forget_counts(l); /* RestartResetSec=: the run has been long enough */
                else if (l->state != SERVICE_AUTO_RESTART)
                        set_result(l, SERVICE_FAILURE_TIMEOUT);
                break;
        case SERVICE_EV_RESET_FAILED:
                forget_counts(l);
                if (l->state == SERVICE_FAILED)
                        l->result = SERVICE_SUCCESS;
                break;
        default:
                break;
        }
}

static void stamp(Lifecycle *l, UnitActiveState old, UnitActiveState new, DualTime now) {
        bool was_off = old == UNIT_INACTIVE || old == UNIT_STATE_FAILED;
        bool is_off = new == UNIT_INACTIVE || new == UNIT_STATE_FAILED;

        l->state_entered = now;
        if (was_off && !is_off)
                l->inactive_exit = now;
        if (!was_off && is_off)
                l->inactive_enter = now;
        if (old != UNIT_ACTIVE && new == UNIT_ACTIVE)
                l->active_enter = now;
        if (old == UNIT_ACTIVE && new != UNIT_ACTIVE)
                l->active_exit = now;
}

static void begin_run(Lifecycle *l, ServiceState from, uint64_t now_usec) {
        if (from == SERVICE_AUTO_RESTART)
                l->n_restarts++;
        start_limit_count(&l->limit, &lifecycle_spec(l)->restart, now_usec);
        l->result = SERVICE_SUCCESS;
        l->exit = (ExitInfo) {};
        l->stop_requested = false;
        l->half_made = false;
        l->start_failed = true;
        l->payload_runs = false;
        l->main_started = l->main_ended = (DualTime) {};
}

static void set_deadline(Lifecycle *l, uint64_t monotonic_usec) {
        l->deadline_usec = monotonic_usec;
        l->ops->set_deadline(l, monotonic_usec);
}

static void enter(Lifecycle *l, ServiceState to, DualTime now) {
        ServiceState from = l->state;

        if (to == SERVICE_FAILED && (from == SERVICE_DEAD || from == SERVICE_FAILED ||
                                                    from == SERVICE_AUTO_RESTART)) {
                /* Only the limit leads here from a state without processes. */
                l->result = SERVICE_FAILURE_START_LIMIT_HIT;
                l->start_failed = true;
        }
        stamp(l, states[from].active, states[to].active, now);
        l->state = to;
        l->frozen_left_usec = USEC_INFINITY;
        if (to == SERVICE_PREPARE)
                begin_run(l, from, now.monotonic_usec);

        uint64_t timeout = states[to].timeout ? states[to].timeout(l) : USEC_INFINITY;
        set_deadline(l, usec_add(now.monotonic_usec, timeout));
        if (states[to].enter)
                states[to].enter(l);
}

static bool lifecycle_dispatch(Lifecycle *l, ServiceEvent event, DualTime now) {
        absorb(l, event, now);

        const Transition *t = find_transition(l, event, now.monotonic_usec);
        if (!t)
                return event == SERVICE_EV_RESET_FAILED;
        if (t->to != t->from || t->from == SERVICE_FAILED)
                enter(l, t->to, now);
        else if (event == SERVICE_EV_TIMEOUT)
                set_deadline(l, USEC_INFINITY);
        return true;
}

static void settle(Lifecycle *l, DualTime now) {
        ServiceState old = l->state;
        bool changed = false;

        if (l->dispatching)
                return;
        l->dispatching = true;
        while (l->n_queued > 0) {
                ServiceEvent event = l->queue[0];

                l->n_queued--;
                for (unsigned i = 0; i < l->n_queued; i++)
                        l->queue[i] = l->queue[i + 1];
                changed = lifecycle_dispatch(l, event, now) || changed;
        }
        l->dispatching = false;
        if (changed)
                l->ops->changed(l, old);
}

void lifecycle_post(Lifecycle *l, ServiceEvent event, DualTime now) {
        /* Each source posts at most once per turn of the loop; the queue holds them all. */
        assert(l->n_queued < LIFECYCLE_QUEUE_MAX);
        l->queue[l->n_queued++] = event;
        settle(l, now);
}

void lifecycle_post_ended(Lifecycle *l, ExitInfo exit, DualTime now) {
        /* After ERROR the maker of the container ends too; how, tells nothing about the payload. */
        if (l->state == SERVICE_FINAL_SIGKILL)
                return;
        l->exit = exit;
        lifecycle_post(l, SERVICE_EV_ENDED, now);
}

void lifecycle_note_oom(Lifecycle *l) {
        set_result(l, SERVICE_FAILURE_OOM_KILL);
}

void lifecycle_post_error(Lifecycle *l, ServiceResult result, ExitInfo exit, DualTime now) {
        set_result(l, result);
        l->exit = exit;
        lifecycle_post(l, SERVICE_EV_ERROR, now);
}

void lifecycle_post_half_made(Lifecycle *l, DualTime now) {
        l->half_made = true;
        lifecycle_post(l, SERVICE_EV_ERROR, now);
}

void lifecycle_start_by_hand(Lifecycle *l, DualTime now) {
        if (l->state == SERVICE_DEAD || l->state == SERVICE_FAILED ||
                        l->state == SERVICE_AUTO_RESTART)
                forget_counts(l);
        lifecycle_post(l, SERVICE_EV_START, now);
}

void lifecycle_set_frozen(Lifecycle *l, bool frozen, uint64_t now_usec) {
        if (l->frozen == frozen)
                return;

        l->frozen = frozen;
        if (l->state != SERVICE_RUNNING)
                return;
        if (frozen) {
                uint64_t deadline = l->deadline_usec;
                set_deadline(l, USEC_INFINITY);
                l->frozen_left_usec = usec_sub(deadline, now_usec);
        } else {
                set_deadline(l, usec_add(now_usec, l->frozen_left_usec));
                l->frozen_left_usec = USEC_INFINITY;
        }
}

void lifecycle_restore(Lifecycle *l, ServiceState state) {
        l->state = state;
        l->ops->set_deadline(l, l->deadline_usec);
}

bool lifecycle_may_ignore(ServiceState state, ServiceEvent event) {
        for (size_t i = 0; i < ELEMENTSOF(transitions); i++) {
                if (transitions[i].from == state && transitions[i].event == event)
                        return false;
        }
        return true;
}
