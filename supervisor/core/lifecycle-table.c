/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "core/lifecycle-internal.h"

/* ---- guards: pure ------------------------------------------------------------------------------ */

static bool is_over_limit(const Lifecycle *l, uint64_t now_usec) {
        return !start_limit_allows(&l->limit, &lifecycle_spec(l)->restart, now_usec);
}

static bool is_oneshot(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->type == SERVICE_ONESHOT;
}

static bool has_next(const Lifecycle *l) {
        return l->step + 1 < l->ops->n_steps(l, service_states[l->state].phase);
}

static bool step_was_clean(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->control_result == SERVICE_SUCCESS;
}

static bool has_next_step(const Lifecycle *l, uint64_t now_usec) {
        return step_was_clean(l, now_usec) && has_next(l);
}

/* Several ExecStart= of a oneshot. */
static bool has_next_main(const Lifecycle *l, uint64_t now_usec) {
        return is_oneshot(l, now_usec) && l->result == SERVICE_SUCCESS && has_next(l);
}

static bool oneshot_is_done(const Lifecycle *l, uint64_t now_usec) {
        return is_oneshot(l, now_usec) && l->result == SERVICE_SUCCESS;
}

static bool step_failed(const Lifecycle *l, uint64_t now_usec) {
        return !step_was_clean(l, now_usec);
}

static bool still_runs(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->main_alive || (l->cgroup_decides && !l->empty);
}

static bool awaits_reloading(const Lifecycle *l, uint64_t now_usec) {
        return still_runs(l, now_usec) && step_was_clean(l, now_usec) &&
               lifecycle_spec(l)->type == SERVICE_NOTIFY_RELOAD;
}

static bool awaits_an_end(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->main_alive || l->control_runs;
}

static bool may_kill(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->send_sigkill;
}

/* KillMode=mixed: whoever outlives the main process is killed at once. */
static bool kills_the_rest(const Lifecycle *l, uint64_t now_usec) {
        return lifecycle_spec(l)->kill_mixed && may_kill(l, now_usec);
}

static bool start_aborts(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->start_failure_mode == TIMEOUT_ABORT;
}

static bool start_kills(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->start_failure_mode == TIMEOUT_KILL;
}

static bool stop_aborts(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return lifecycle_spec(l)->stop_failure_mode == TIMEOUT_ABORT;
}

static bool stop_kills(const Lifecycle *l, uint64_t now_usec) {
        return lifecycle_spec(l)->stop_failure_mode == TIMEOUT_KILL && may_kill(l, now_usec);
}

static bool is_abandoned(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->abandoned;
}

static bool starts_anew(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->half_made && !l->stop_requested;
}

static bool wants_restart(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return !l->stop_requested &&
               (l->restart_asked ||
                               restart_is_wanted(&lifecycle_spec(l)->restart, l->result, l->exit));
}

static bool ended_well(const Lifecycle *l, uint64_t now_usec) {
        (void) now_usec;
        return l->result == SERVICE_SUCCESS;
}

/* A start that ExecCondition= has called off is no failure. */
static bool ended_without_failure(const Lifecycle *l, uint64_t now_usec) {
        return ended_well(l, now_usec) || l->result == SERVICE_SKIP_CONDITION;
}

static bool stays_active(const Lifecycle *l, uint64_t now_usec) {
        return ended_well(l, now_usec) && lifecycle_spec(l)->remain_after_exit &&
               !l->stop_requested;
}

/* ---- the table --------------------------------------------------------------------------------- */

#define IN(state) (1U << SERVICE_##state)
#define EV(event) (1U << SERVICE_EV_##event)

#define OFF (IN(DEAD) | IN(FAILED))
#define COMMAND_BEFORE (IN(CONDITION) | IN(START_PRE))
#define STARTING (COMMAND_BEFORE | IN(START) | IN(START_POST)) /* within TimeoutStartSec= */
#define RELOADS (IN(RELOAD) | IN(RELOAD_SIGNAL) | IN(RELOAD_NOTIFY))
#define RUNS (IN(RUNNING) | IN(RELOAD_SIGNAL) | IN(RELOAD_NOTIFY)) /* and no command does */
#define SIGNALLED (IN(STOP_WATCHDOG) | IN(STOP_SIGTERM))
#define ENDING (IN(STOP) | SIGNALLED | IN(STOP_SIGKILL) | IN(STOP_POST) | FINAL)
#define FINAL (IN(FINAL_SIGTERM) | IN(FINAL_SIGKILL))
#define ANY_END (EV(ENDED) | EV(CONTROL_ENDED) | EV(EMPTY))

#define STAY LIFECYCLE_STAY
#define NEXT_STEP LIFECYCLE_NEXT_STEP

/* The first row whose guard holds wins. No row: the event came too late to matter. */
/* clang-format off */
static const Transition transitions[] = {
        /* from                          event                       guard                  to                    */
        { OFF,                           EV(START),                  is_over_limit,         SERVICE_FAILED        },
        { OFF,                           EV(START),                  NULL,                  SERVICE_CONDITION     },
        { IN(FAILED),                    EV(RESET_FAILED),           NULL,                  SERVICE_DEAD          },

        { COMMAND_BEFORE,                EV(CONTROL_ENDED),          has_next_step,         NEXT_STEP             },
        { IN(CONDITION),                 EV(CONTROL_ENDED),          step_was_clean,        SERVICE_START_PRE     },
        { IN(START_PRE),                 EV(CONTROL_ENDED),          step_was_clean,        SERVICE_PREPARE       },
        { COMMAND_BEFORE,                EV(CONTROL_ENDED),          NULL,                  SERVICE_STOP_SIGTERM  },

        { IN(PREPARE),                   EV(PREPARED),               NULL,                  SERVICE_START         },

        { IN(START),                     EV(STARTED),                NULL,                  STAY                  },
        { IN(START),                     EV(READY),                  is_oneshot,            STAY                  },
        { IN(START),                     EV(READY),                  NULL,                  SERVICE_START_POST    },
        { IN(START),                     EV(ENDED),                  has_next_main,         NEXT_STEP             },
        { IN(START),                     EV(ENDED),                  oneshot_is_done,       SERVICE_START_POST    },
        { IN(START),                     EV(ENDED),                  NULL,                  SERVICE_STOP_SIGTERM  },
        /* Type=forking: the parent; READY follows when the main process is known. */
        { IN(START),                     EV(CONTROL_ENDED),          step_was_clean,        STAY                  },
        { IN(START),                     EV(CONTROL_ENDED),          NULL,                  SERVICE_STOP_SIGTERM  },

        { IN(START_POST) | IN(RELOAD),   EV(CONTROL_ENDED),          has_next_step,         NEXT_STEP             },
        { IN(START_POST),                EV(CONTROL_ENDED),          step_failed,           SERVICE_STOP_SIGTERM  },
        { IN(START_POST) | IN(RELOAD),   EV(ENDED) | EV(EMPTY),      NULL,                  STAY                  },

        { STARTING | IN(PREPARE),        EV(ERROR),                  NULL,                  SERVICE_STOP_SIGTERM  },
        { STARTING,                      EV(TIMEOUT),                start_aborts,          SERVICE_STOP_WATCHDOG },
        { STARTING,                      EV(TIMEOUT),                start_kills,           SERVICE_STOP_SIGKILL  },
        { STARTING,                      EV(TIMEOUT),                NULL,                  SERVICE_STOP_SIGTERM  },
        { STARTING | IN(PREPARE) | RELOADS, EV(STOP),                NULL,                  SERVICE_STOP_SIGTERM  },
        { STARTING | IN(RUNNING) | RELOADS, EV(OOM),                 NULL,                  SERVICE_STOP_SIGTERM  },
        { STARTING | IN(RELOAD),         EV(UNHEALTHY),              NULL,                  SERVICE_STOP_SIGTERM  },
        { RUNS,                          EV(UNHEALTHY),              NULL,                  SERVICE_STOP          },

        { IN(RUNNING) | IN(EXITED),      EV(RELOAD),                 NULL,                  SERVICE_RELOAD        },
        { IN(RELOAD),                    EV(CONTROL_ENDED),          awaits_reloading,      SERVICE_RELOAD_SIGNAL },
        { IN(RUNNING) | IN(RELOAD_SIGNAL), EV(RELOADING),            NULL,                  SERVICE_RELOAD_NOTIFY },
        { IN(RELOAD_NOTIFY),             EV(RELOADING),              NULL,                  STAY                  },
        { IN(RELOAD_NOTIFY),             EV(RELOADED),               NULL,                  SERVICE_RUNNING       },

        /* It runs on, or has ended meanwhile. */
        { IN(START_POST) | IN(RELOAD),   EV(CONTROL_ENDED),          still_runs,            SERVICE_RUNNING       },
        { RELOADS,                       EV(TIMEOUT),                still_runs,            SERVICE_RUNNING       },
        { RUNS,                          EV(ENDED) | EV(EMPTY),      still_runs,            STAY                  },
        { IN(START_POST) | IN(RELOAD),   EV(CONTROL_ENDED),          stays_active,          SERVICE_EXITED        },
        { RELOADS,                       EV(TIMEOUT),                stays_active,          SERVICE_EXITED        },
        { RUNS,                          EV(ENDED) | EV(EMPTY),      stays_active,          SERVICE_EXITED        },
        { IN(START_POST) | IN(RELOAD),   EV(CONTROL_ENDED),          ended_well,            SERVICE_STOP          },
        { RELOADS,                       EV(TIMEOUT),                ended_well,            SERVICE_STOP          },
        { RUNS,                          EV(ENDED) | EV(EMPTY),      ended_well,            SERVICE_STOP          },
        { IN(START_POST) | IN(RELOAD),   EV(CONTROL_ENDED),          NULL,                  SERVICE_STOP_SIGTERM  },
        { RELOADS,                       EV(TIMEOUT),                NULL,                  SERVICE_STOP_SIGTERM  },
        { RUNS,                          EV(ENDED) | EV(EMPTY),      NULL,                  SERVICE_STOP_SIGTERM  },

        { IN(RUNNING) | RELOADS,         EV(PROVED),                 NULL,                  STAY                  },
        { IN(RUNNING) | RELOADS,         EV(WATCHDOG),               NULL,                  SERVICE_STOP_WATCHDOG },
        { RUNS,                          EV(STOPPING),               NULL,                  SERVICE_STOP_SIGTERM  },
        { RUNS,                          EV(EXPIRED),                NULL,                  SERVICE_STOP          },
        { IN(RELOAD),                    EV(EXPIRED),                NULL,                  SERVICE_STOP_SIGTERM  },
        { IN(RUNNING) | IN(EXITED),      EV(STOP),                   NULL,                  SERVICE_STOP          },

        { IN(STOP),                      EV(CONTROL_ENDED),          has_next_step,         NEXT_STEP             },
        { IN(STOP),                      EV(CONTROL_ENDED),          NULL,                  SERVICE_STOP_SIGTERM  },
        { IN(STOP),                      EV(ENDED) | EV(EMPTY),      NULL,                  STAY                  },
        { IN(STOP) | IN(STOP_SIGTERM),   EV(TIMEOUT),                stop_aborts,           SERVICE_STOP_WATCHDOG },
        { IN(STOP),                      EV(TIMEOUT),                stop_kills,            SERVICE_STOP_SIGKILL  },
        { IN(STOP),                      EV(TIMEOUT),                NULL,                  SERVICE_STOP_SIGTERM  },

        { SIGNALLED | IN(STOP_SIGKILL),  ANY_END,                    awaits_an_end,         STAY                  },
        { SIGNALLED,                     ANY_END,                    kills_the_rest,        SERVICE_STOP_SIGKILL  },
        { SIGNALLED | IN(STOP_SIGKILL),  ANY_END,                    NULL,                  SERVICE_STOP_POST     },
        { SIGNALLED,                     EV(TIMEOUT),                may_kill,              SERVICE_STOP_SIGKILL  },
        { SIGNALLED | IN(STOP_SIGKILL),  EV(TIMEOUT),                NULL,                  SERVICE_STOP_POST     },

        { IN(STOP_POST),                 EV(CONTROL_ENDED),          has_next_step,         NEXT_STEP             },
        { IN(STOP_POST),                 EV(CONTROL_ENDED),          is_abandoned,          SERVICE_FAILED        },
        { IN(STOP_POST),                 EV(CONTROL_ENDED) | EV(TIMEOUT), NULL,             SERVICE_FINAL_SIGTERM },
        { IN(STOP_POST),                 EV(ENDED),                  NULL,                  STAY                  },

        { FINAL,                         EV(ENDED) | EV(CONTROL_ENDED), NULL,               STAY                  },
        { FINAL,                         EV(EMPTY),                  awaits_an_end,         STAY                  },
        { IN(FINAL_SIGTERM),             EV(EMPTY),                  NULL,                  SERVICE_FINAL_SIGKILL },
        { IN(FINAL_SIGTERM),             EV(TIMEOUT),                may_kill,              SERVICE_FINAL_SIGKILL },
        { IN(FINAL_SIGKILL),             EV(EMPTY),                  starts_anew,           SERVICE_CONDITION     },
        { IN(FINAL_SIGKILL),             EV(EMPTY),                  wants_restart,         SERVICE_AUTO_RESTART  },
        { IN(FINAL_SIGKILL),             EV(EMPTY),                  ended_without_failure, SERVICE_DEAD          },
        { IN(FINAL_SIGKILL),             EV(EMPTY),                  NULL,                  SERVICE_FAILED        },
        { FINAL,                         EV(TIMEOUT),                NULL,                  SERVICE_FAILED        },
        { ENDING,                        EV(STOP),                   NULL,                  STAY                  },

        { IN(AUTO_RESTART),              EV(TIMEOUT),                is_over_limit,         SERVICE_FAILED        },
        { IN(AUTO_RESTART),              EV(TIMEOUT),                NULL,                  SERVICE_CONDITION     },
        { IN(AUTO_RESTART),              EV(STOP),                   NULL,                  SERVICE_DEAD          },
};
/* clang-format on */

const Transition *lifecycle_find_transition(
                const Lifecycle *l, ServiceEvent event, uint64_t now_usec) {
        for (size_t i = 0; i < ELEMENTSOF(transitions); i++) {
                const Transition *t = &transitions[i];

                if (t->from & (1U << l->state) && t->events & (1U << event) &&
                                (!t->guard || t->guard(l, now_usec)))
                        return t;
        }
        return NULL;
}

bool lifecycle_may_ignore(ServiceState state, ServiceEvent event) {
        for (size_t i = 0; i < ELEMENTSOF(transitions); i++) {
                if (transitions[i].from & (1U << state) && transitions[i].events & (1U << event))
                        return false;
        }
        return true;
}

/* What is not yet the payload, or is to have no time, is killed where others are asked to end. */
static bool lacks_grace(const Lifecycle *l) {
        return l->main_alive && (!l->payload_runs || l->stop_timeout_usec == 0);
}

ServiceState lifecycle_target(const Lifecycle *l, const Transition *t) {
        if (t->to == LIFECYCLE_STAY || t->to == LIFECYCLE_NEXT_STEP)
                return l->state;
        if ((t->to == SERVICE_STOP_SIGTERM || t->to == SERVICE_STOP_WATCHDOG) && lacks_grace(l))
                return SERVICE_STOP_SIGKILL;
        return t->to;
}

/* ---- what a state is --------------------------------------------------------------------------- */

/* 0 means "no limit" for TimeoutStartSec= and TimeoutStopSec=. */
static uint64_t limit_usec(uint64_t timeout_usec) {
        return timeout_usec == 0 ? USEC_INFINITY : timeout_usec;
}

static uint64_t timeout_of_start(const Lifecycle *l) {
        return limit_usec(lifecycle_spec(l)->start_timeout_usec);
}

static uint64_t timeout_of_stop(const Lifecycle *l) {
        return limit_usec(lifecycle_spec(l)->stop_timeout_usec);
}

static uint64_t timeout_of_terminate(const Lifecycle *l) {
        return l->main_alive ? MIN(l->stop_timeout_usec, timeout_of_stop(l)) : timeout_of_stop(l);
}

static uint64_t timeout_of_abort(const Lifecycle *l) {
        uint64_t usec = lifecycle_spec(l)->abort_timeout_usec;

        return usec == USEC_INFINITY ? timeout_of_stop(l) : limit_usec(usec);
}

static uint64_t timeout_of_auto_restart(const Lifecycle *l) {
        return restart_delay_usec(&lifecycle_spec(l)->restart, l->n_restarts + 1);
}

static void enter_prepare(Lifecycle *l) {
        l->ops->prepare(l);
}

static void enter_terminate(Lifecycle *l) {
        /* Who has announced its end is signalled when its time is up. */
        if (l->state != SERVICE_STOP_SIGTERM || !l->ends_by_itself || !l->main_alive)
                l->ops->signal(l, LIFECYCLE_TERMINATE);
}

static void enter_abort(Lifecycle *l) {
        l->ops->signal(l, LIFECYCLE_ABORT);
}

static void enter_kill(Lifecycle *l) {
        l->ops->signal(l, LIFECYCLE_KILL);
}

static void enter_released(Lifecycle *l) {
        l->ops->release(l);
}

#define NO_PHASE _EXEC_PHASE_INVALID

/* clang-format off */
const ServiceStateInfo service_states[_SERVICE_STATE_MAX] = {
        /*                          name             active             timeout                  enter            phase            runs   signals */
        [SERVICE_DEAD]          = { "dead",          UNIT_INACTIVE,     NULL,                    enter_released,  NO_PHASE,        false, false },
        [SERVICE_CONDITION]     = { "condition",     UNIT_ACTIVATING,   timeout_of_start,        NULL,            EXEC_CONDITION,  false, false },
        [SERVICE_START_PRE]     = { "start-pre",     UNIT_ACTIVATING,   timeout_of_start,        NULL,            EXEC_START_PRE,  false, false },
        [SERVICE_PREPARE]       = { "prepare",       UNIT_ACTIVATING,   NULL,                    enter_prepare,   NO_PHASE,        false, false },
        [SERVICE_START]         = { "start",         UNIT_ACTIVATING,   timeout_of_start,        NULL,            EXEC_START,      false, false },
        [SERVICE_START_POST]    = { "start-post",    UNIT_ACTIVATING,   timeout_of_start,        NULL,            EXEC_START_POST, false, false },
        [SERVICE_RUNNING]       = { "running",       UNIT_ACTIVE,       NULL,                    NULL,            NO_PHASE,        true,  false },
        [SERVICE_EXITED]        = { "exited",        UNIT_ACTIVE,       NULL,                    enter_released,  NO_PHASE,        false, false },
        [SERVICE_RELOAD]        = { "reload",        UNIT_RELOADING,    timeout_of_start,        NULL,            EXEC_RELOAD,     true,  false },
        [SERVICE_RELOAD_SIGNAL] = { "reload-signal", UNIT_RELOADING,    timeout_of_start,        NULL,            NO_PHASE,        true,  false },
        [SERVICE_RELOAD_NOTIFY] = { "reload-notify", UNIT_RELOADING,    timeout_of_start,        NULL,            NO_PHASE,        true,  false },
        [SERVICE_STOP]          = { "stop",          UNIT_DEACTIVATING, timeout_of_stop,         NULL,            EXEC_STOP,       false, false },
        [SERVICE_STOP_WATCHDOG] = { "stop-watchdog", UNIT_DEACTIVATING, timeout_of_abort,        enter_abort,     NO_PHASE,        false, true  },
        [SERVICE_STOP_SIGTERM]  = { "stop-sigterm",  UNIT_DEACTIVATING, timeout_of_terminate,    enter_terminate, NO_PHASE,        false, true  },
        [SERVICE_STOP_SIGKILL]  = { "stop-sigkill",  UNIT_DEACTIVATING, timeout_of_stop,         enter_kill,      NO_PHASE,        false, true  },
        [SERVICE_STOP_POST]     = { "stop-post",     UNIT_DEACTIVATING, timeout_of_stop,         NULL,            EXEC_STOP_POST,  false, false },
        [SERVICE_FINAL_SIGTERM] = { "final-sigterm", UNIT_DEACTIVATING, timeout_of_stop,         enter_terminate, NO_PHASE,        false, true  },
        [SERVICE_FINAL_SIGKILL] = { "final-sigkill", UNIT_DEACTIVATING, timeout_of_stop,         enter_kill,      NO_PHASE,        false, true  },
        [SERVICE_FAILED]        = { "failed",        UNIT_STATE_FAILED, NULL,                    enter_released,  NO_PHASE,        false, false },
        [SERVICE_AUTO_RESTART]  = { "auto-restart",  UNIT_ACTIVATING,   timeout_of_auto_restart, NULL,            NO_PHASE,        false, false },
};

static const char *const event_names[] = {
        [SERVICE_EV_START]         = "start",
        [SERVICE_EV_STOP]          = "stop",
        [SERVICE_EV_RELOAD]        = "reload",
        [SERVICE_EV_PREPARED]      = "prepared",
        [SERVICE_EV_STARTED]       = "started",
        [SERVICE_EV_READY]         = "ready",
        [SERVICE_EV_ERROR]         = "error",
        [SERVICE_EV_ENDED]         = "ended",
        [SERVICE_EV_CONTROL_ENDED] = "control-ended",
        [SERVICE_EV_EMPTY]         = "empty",
        [SERVICE_EV_TIMEOUT]       = "timeout",
        [SERVICE_EV_EXPIRED]       = "expired",
        [SERVICE_EV_PROVED]        = "proved",
        [SERVICE_EV_WATCHDOG]      = "watchdog",
        [SERVICE_EV_RELOADING]     = "reloading",
        [SERVICE_EV_RELOADED]      = "reloaded",
        [SERVICE_EV_STOPPING]      = "stopping",
        [SERVICE_EV_UNHEALTHY]     = "unhealthy",
        [SERVICE_EV_OOM]           = "oom",
        [SERVICE_EV_RESET_FAILED]  = "reset-failed",
};

static const char *const clock_names[] = {
        [SERVICE_CLOCK_STATE]    = "State",
        [SERVICE_CLOCK_RUNTIME]  = "Runtime",
        [SERVICE_CLOCK_PROOF]    = "Proof",
        [SERVICE_CLOCK_WATCHDOG] = "Watchdog",
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
static_assert(_SERVICE_STATE_MAX <= 32 && _SERVICE_EVENT_MAX <= 32, "a row has a bit for each");
static_assert(ELEMENTSOF(event_names) == _SERVICE_EVENT_MAX, "every event has a name");
static_assert(ELEMENTSOF(clock_names) == _SERVICE_CLOCK_MAX, "every clock has a name");
static_assert(ELEMENTSOF(active_names) == _UNIT_ACTIVE_STATE_MAX, "every active state has a name");

const char *service_state_to_string(ServiceState s) {
        return s < 0 || s >= _SERVICE_STATE_MAX ? NULL : service_states[s].name;
}

ServiceState service_state_from_string(const char *s) {
        for (ServiceState i = 0; i < _SERVICE_STATE_MAX; i++) {
                if (str_equal(s, service_states[i].name))
                        return i;
        }
        return _SERVICE_STATE_INVALID;
}

const char *service_event_to_string(ServiceEvent e) {
        return e < 0 || e >= _SERVICE_EVENT_MAX ? NULL : event_names[e];
}

const char *service_clock_to_string(ServiceClock c) {
        return c < 0 || c >= _SERVICE_CLOCK_MAX ? NULL : clock_names[c];
}

const char *unit_active_state_to_string(UnitActiveState s) {
        return s < 0 || s >= _UNIT_ACTIVE_STATE_MAX ? NULL : active_names[s];
}

UnitActiveState service_state_to_active(ServiceState s) {
        return service_states[s].active;
}

ExecPhase service_state_phase(ServiceState s) {
        return service_states[s].phase;
}
