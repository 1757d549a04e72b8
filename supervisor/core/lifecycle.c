/* SPDX-License-Identifier: MIT */
#include "core/lifecycle.h"

#include <stdlib.h>

#include "core/lifecycle-internal.h"

const ServiceSpec *lifecycle_spec(const Lifecycle *l) {
        return &(*l->unit_spec)->service;
}

void lifecycle_init(Lifecycle *l, const LifecycleOps *ops, UnitSpec *const *unit_spec) {
        *l = (Lifecycle) {
                .ops = ops,
                .unit_spec = unit_spec,
                .stop_timeout_usec = 10 * USEC_PER_SEC,
                .watchdog_usec = USEC_INFINITY,
                .limit = START_LIMIT_CLEAR,
                .deadline_usec = USEC_INFINITY,
        };
        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++)
                l->clocks[c] = l->clocks_left[c] = USEC_INFINITY;
}

ServiceState lifecycle_next_state(const Lifecycle *l, ServiceEvent event, uint64_t now_usec) {
        const Transition *t = lifecycle_find_transition(l, event, now_usec);
        return t ? lifecycle_target(l, t) : l->state;
}

/* ---- clocks ------------------------------------------------------------------------------------ */

static const ServiceEvent clock_events[] = {
        [SERVICE_CLOCK_STATE] = SERVICE_EV_TIMEOUT,
        [SERVICE_CLOCK_RUNTIME] = SERVICE_EV_EXPIRED,
        [SERVICE_CLOCK_PROOF] = SERVICE_EV_PROVED,
        [SERVICE_CLOCK_WATCHDOG] = SERVICE_EV_WATCHDOG,
};
static_assert(ELEMENTSOF(clock_events) == _SERVICE_CLOCK_MAX, "every clock rings");

static bool clock_may_stand_still(ServiceClock c) {
        return c != SERVICE_CLOCK_STATE;
}

static void clock_set(Lifecycle *l, ServiceClock c, uint64_t now_usec, uint64_t wait_usec) {
        bool stands_still = l->frozen && clock_may_stand_still(c);

        l->clocks[c] = stands_still ? USEC_INFINITY : usec_add(now_usec, wait_usec);
        l->clocks_left[c] = stands_still ? wait_usec : USEC_INFINITY;
}

/* Told once for all changes of a turn. */
static void tell_deadline(Lifecycle *l) {
        uint64_t first = USEC_INFINITY;

        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++)
                first = MIN(first, l->clocks[c]);
        if (first == l->deadline_usec || l->dispatching)
                return;
        l->deadline_usec = first;
        l->ops->set_deadline(l, first);
}

static void start_clocks(Lifecycle *l, uint64_t now_usec) {
        const ServiceSpec *spec = lifecycle_spec(l);

        clock_set(l,
                        SERVICE_CLOCK_RUNTIME,
                        now_usec,
                        spec->type == SERVICE_ONESHOT
                                        ? USEC_INFINITY
                                        : usec_add(spec->runtime_max_usec, l->runtime_extra_usec));
        clock_set(l, SERVICE_CLOCK_PROOF, now_usec, spec->restart.reset_usec);
        clock_set(l, SERVICE_CLOCK_WATCHDOG, now_usec, l->watchdog_usec);
}

static void stop_clocks(Lifecycle *l) {
        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++) {
                if (clock_may_stand_still(c))
                        clock_set(l, c, 0, USEC_INFINITY);
        }
}

void lifecycle_set_watchdog(Lifecycle *l, uint64_t usec, uint64_t now_usec) {
        l->watchdog_usec = usec;
        lifecycle_ping(l, now_usec);
}

void lifecycle_ping(Lifecycle *l, uint64_t now_usec) {
        if (!service_states[l->state].runs)
                return;
        clock_set(l, SERVICE_CLOCK_WATCHDOG, now_usec, l->watchdog_usec);
        tell_deadline(l);
}

void lifecycle_extend_timeout(Lifecycle *l, uint64_t usec, uint64_t now_usec) {
        uint64_t until = usec_add(now_usec, usec);

        if (l->state == SERVICE_AUTO_RESTART)
                return;
        if (l->clocks[SERVICE_CLOCK_STATE] < until) /* no limit is infinity */
                l->clocks[SERVICE_CLOCK_STATE] = until;
        if (!l->frozen && l->clocks[SERVICE_CLOCK_RUNTIME] < until)
                l->clocks[SERVICE_CLOCK_RUNTIME] = until;
        tell_deadline(l);
}

void lifecycle_on_deadline(Lifecycle *l, DualTime now) {
        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++) {
                if (l->clocks[c] > now.monotonic_usec)
                        continue;
                clock_set(l, c, 0, USEC_INFINITY);
                lifecycle_post(l, clock_events[c], now);
        }
        tell_deadline(l);
}

void lifecycle_set_frozen(Lifecycle *l, bool frozen, uint64_t now_usec) {
        if (l->frozen == frozen)
                return;

        l->frozen = frozen;
        for (ServiceClock c = 0; c < _SERVICE_CLOCK_MAX; c++) {
                if (!clock_may_stand_still(c))
                        continue;
                uint64_t left = frozen ? usec_sub(l->clocks[c], now_usec) : l->clocks_left[c];
                clock_set(l, c, now_usec, left);
        }
        tell_deadline(l);
}

/* ---- what an event says about the run ------------------------------------------------------------ */

static void set_result(Lifecycle *l, ServiceResult result) {
        if (l->result == SERVICE_SUCCESS)
                l->result = result;
}

static void forget_counts(Lifecycle *l) {
        l->n_restarts = 0;
        l->limit = START_LIMIT_CLEAR;
}

static bool is_reloading(const Lifecycle *l) {
        return service_states[l->state].active == UNIT_RELOADING;
}

/* StopTimeout=0, or a stop before the payload ran: the SIGKILL was what was asked for, no failure. */
static bool is_our_kill(const Lifecycle *l) {
        /* After adoption nobody may be able to say how it ended: by what we sent, then. */
        return l->state == SERVICE_STOP_SIGKILL && l->stop_requested &&
               (l->exit.code == 0 || (l->exit.code == CLD_KILLED && l->exit.status == SIGKILL));
}

static void absorb_end(Lifecycle *l, DualTime now) {
        const ServiceSpec *spec = lifecycle_spec(l);

        l->main_alive = l->payload_runs = false;
        l->main_ended = now;
        if (l->errored || is_our_kill(l))
                return;
        set_result(l, exit_classify(&spec->restart, spec->type, l->exit));
        if (l->state == SERVICE_START && spec->type != SERVICE_ONESHOT)
                set_result(l, SERVICE_FAILURE_PROTOCOL); /* it was never ready */
}

static void absorb_control_end(Lifecycle *l) {
        l->control_runs = false;
        if (is_reloading(l)) {
                if (l->reload_result == SERVICE_SUCCESS)
                        l->reload_result = l->control_result;
        } else if (!service_states[l->state].signals)
                set_result(l, l->control_result); /* else it is we who ended it */
}

static void absorb_error(Lifecycle *l) {
        if (service_states[l->state].active != UNIT_ACTIVATING)
                return;
        l->errored = true;
        l->main_alive = l->payload_runs = false; /* whatever there is of it is on its way out */
        set_result(l, l->error_result);
        l->exit = l->error_exit;
}

static void absorb_timeout(Lifecycle *l) {
        bool killed = l->state == SERVICE_STOP_SIGKILL;
        bool signalled = l->state == SERVICE_STOP_SIGTERM || l->state == SERVICE_STOP_WATCHDOG;

        if (l->state == SERVICE_AUTO_RESTART)
                return;
        if (is_reloading(l)) {
                l->reload_result = SERVICE_FAILURE_TIMEOUT;
                return;
        }
        set_result(l, SERVICE_FAILURE_TIMEOUT);
        if (killed || (signalled && !lifecycle_spec(l)->send_sigkill))
                l->abandoned = true;
}

/* Noted before guards are asked. */
static void absorb(Lifecycle *l, ServiceEvent event, DualTime now) {
        switch (event) {
        case SERVICE_EV_STOP:
                l->stop_requested = true;
                break;
        case SERVICE_EV_STARTED:
                l->payload_runs = true;
                l->main_started = now;
                break;
        case SERVICE_EV_ERROR:
                absorb_error(l);
                break;
        case SERVICE_EV_ENDED:
                absorb_end(l, now);
                break;
        case SERVICE_EV_CONTROL_ENDED:
                absorb_control_end(l);
                break;
        case SERVICE_EV_EMPTY:
                l->empty = true;
                break;
        case SERVICE_EV_TIMEOUT:
                absorb_timeout(l);
                break;
        case SERVICE_EV_EXPIRED:
                set_result(l, SERVICE_FAILURE_TIMEOUT);
                break;
        case SERVICE_EV_WATCHDOG:
                if (service_states[l->state].runs)
                        set_result(l, SERVICE_FAILURE_WATCHDOG);
                break;
        case SERVICE_EV_STOPPING:
                if (service_states[l->state].runs)
                        l->ends_by_itself = true;
                break;
        case SERVICE_EV_OOM:
                set_result(l, SERVICE_FAILURE_OOM_KILL);
                break;
        case SERVICE_EV_PROVED:
                forget_counts(l); /* RestartResetSec=: the run has been long enough */
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

/* ---- dispatch ---------------------------------------------------------------------------------- */

static void stamp(Lifecycle *l, UnitActiveState old, UnitActiveState new, DualTime now) {
        bool was_off = old == UNIT_INACTIVE || old == UNIT_STATE_FAILED;
        bool is_off = new == UNIT_INACTIVE || new == UNIT_STATE_FAILED;
        bool was_on = old == UNIT_ACTIVE || old == UNIT_RELOADING;
        bool is_on = new == UNIT_ACTIVE || new == UNIT_RELOADING;

        l->state_entered = now;
        if (was_off && !is_off)
                l->inactive_exit = now;
        if (!was_off && is_off)
                l->inactive_enter = now;
        if (!was_on && is_on)
                l->active_enter = now;
        if (was_on && !is_on)
                l->active_exit = now;
}

static void begin_run(Lifecycle *l, ServiceState from, uint64_t now_usec) {
        l->ops->begin(l);
        if (from == SERVICE_AUTO_RESTART)
                l->n_restarts++;
        start_limit_count(&l->limit, &lifecycle_spec(l)->restart, now_usec);
        l->result = l->reload_result = SERVICE_SUCCESS;
        l->exit = (ExitInfo) {};
        l->main_alive = l->payload_runs = l->control_runs = false;
        l->cgroup_decides = lifecycle_spec(l)->exit_cgroup;
        l->empty = l->errored = l->abandoned = l->ends_by_itself = false;
        l->stop_requested = l->restart_asked = false;
        l->half_made = false;
        l->start_failed = true;
        l->main_started = l->main_ended = (DualTime) {};
}

/* Of a phase without steps nothing has ended, but all has. */
static void begin_step(Lifecycle *l, uint64_t now_usec) {
        const ServiceStateInfo *state = &service_states[l->state];
        bool is_main = state->phase == EXEC_START;

        clock_set(l,
                        SERVICE_CLOCK_STATE,
                        now_usec,
                        state->timeout ? state->timeout(l) : USEC_INFINITY);
        if (l->step < l->ops->n_steps(l, state->phase)) {
                if (is_main)
                        l->main_alive = true;
                else
                        l->control_runs = true;
                l->ops->run(l, state->phase, l->step);
        } else if (is_main) {
                l->exit = (ExitInfo) { .code = CLD_EXITED };
                l->queue[l->n_queued++] = SERVICE_EV_ENDED;
        } else {
                l->control_result = SERVICE_SUCCESS;
                l->queue[l->n_queued++] = SERVICE_EV_CONTROL_ENDED;
        }
}

static void leave(Lifecycle *l, ServiceState to, uint64_t now_usec) {
        const ServiceStateInfo *old = &service_states[l->state], *new = &service_states[to];
        bool is_up = to == SERVICE_RUNNING || to == SERVICE_EXITED || to == SERVICE_STOP;

        if (to == SERVICE_FAILED &&
                        (old->active == UNIT_INACTIVE || old->active == UNIT_STATE_FAILED ||
                                        l->state == SERVICE_AUTO_RESTART)) {
                /* Only the limit leads here from a state without processes. */
                l->result = SERVICE_FAILURE_START_LIMIT_HIT;
                l->start_failed = true;
        }
        if (l->state == SERVICE_START_POST && is_up) {
                l->start_failed = false;
                start_clocks(l, now_usec);
        }
        if (!new->runs)
                stop_clocks(l);
        if (l->control_runs && !new->signals) {
                l->ops->signal(l, LIFECYCLE_KILL_CONTROL);
                l->control_runs = false;
        }
        if (l->state == SERVICE_PREPARE && to != SERVICE_START && !l->errored)
                l->ops->release(l);
        if (to == SERVICE_RELOAD)
                l->reload_result = SERVICE_SUCCESS;
}

static void enter(Lifecycle *l, ServiceState to, DualTime now) {
        ServiceState from = l->state;
        const ServiceStateInfo *new = &service_states[to];

        leave(l, to, now.monotonic_usec);
        stamp(l, service_states[from].active, new->active, now);
        l->state = to;
        l->step = 0;
        if (to == SERVICE_CONDITION)
                begin_run(l, from, now.monotonic_usec);
        if (new->phase >= 0) {
                begin_step(l, now.monotonic_usec);
                return;
        }
        clock_set(l,
                        SERVICE_CLOCK_STATE,
                        now.monotonic_usec,
                        new->timeout ? new->timeout(l) : USEC_INFINITY);
        if (new->enter)
                new->enter(l);
}

static bool lifecycle_dispatch(Lifecycle *l, ServiceEvent event, DualTime now) {
        absorb(l, event, now);

        const Transition *t = lifecycle_find_transition(l, event, now.monotonic_usec);
        if (!t)
                return event == SERVICE_EV_RESET_FAILED;
        if (t->to == LIFECYCLE_NEXT_STEP) {
                l->step++;
                begin_step(l, now.monotonic_usec);
        } else if (t->to != LIFECYCLE_STAY)
                enter(l, lifecycle_target(l, t), now);
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
        tell_deadline(l);
        if (changed)
                l->ops->changed(l, old);
}

void lifecycle_post(Lifecycle *l, ServiceEvent event, DualTime now) {
        /* Each source posts at most once per turn of the loop; the queue holds them all. */
        assert(l->n_queued < LIFECYCLE_QUEUE_MAX);
        l->queue[l->n_queued++] = event;
        settle(l, now);
}

void lifecycle_post_started(Lifecycle *l, bool ready, DualTime now) {
        assert(l->n_queued < LIFECYCLE_QUEUE_MAX);
        l->queue[l->n_queued++] = SERVICE_EV_STARTED;
        if (ready)
                lifecycle_post(l, SERVICE_EV_READY, now);
        else
                settle(l, now);
}

void lifecycle_post_ended(Lifecycle *l, ExitInfo exit, DualTime now) {
        /* After ERROR the maker of the container ends too; how, tells nothing about the payload. */
        if (!l->errored)
                l->exit = exit;
        lifecycle_post(l, SERVICE_EV_ENDED, now);
}

void lifecycle_post_control_ended(Lifecycle *l, ServiceResult result, DualTime now) {
        l->control_result = result;
        lifecycle_post(l, SERVICE_EV_CONTROL_ENDED, now);
}

void lifecycle_note_oom(Lifecycle *l) {
        set_result(l, SERVICE_FAILURE_OOM_KILL);
}

void lifecycle_post_error(Lifecycle *l, ServiceResult result, ExitInfo exit, DualTime now) {
        l->error_result = result;
        l->error_exit = exit;
        lifecycle_post(l, SERVICE_EV_ERROR, now);
}

void lifecycle_post_unhealthy(Lifecycle *l, ServiceResult result, bool restart, DualTime now) {
        UnitActiveState active = service_states[l->state].active;

        if (active != UNIT_ACTIVE && active != UNIT_RELOADING && active != UNIT_ACTIVATING)
                return; /* it ends already, for reasons of its own */
        set_result(l, result);
        l->restart_asked = l->restart_asked || restart;
        lifecycle_post(l, SERVICE_EV_UNHEALTHY, now);
}

void lifecycle_post_half_made(Lifecycle *l, DualTime now) {
        l->half_made = true;
        lifecycle_post_error(l, SERVICE_SUCCESS, (ExitInfo) {}, now);
}

void lifecycle_start_by_hand(Lifecycle *l, DualTime now) {
        if (l->state == SERVICE_DEAD || l->state == SERVICE_FAILED ||
                        l->state == SERVICE_AUTO_RESTART)
                forget_counts(l);
        lifecycle_post(l, SERVICE_EV_START, now);
}

void lifecycle_restore(Lifecycle *l, ServiceState state) {
        l->state = state;
        l->deadline_usec = USEC_INFINITY;
        tell_deadline(l);
}
