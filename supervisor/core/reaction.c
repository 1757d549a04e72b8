/* SPDX-License-Identifier: MIT */
#include "base/diag.h"
#include "core/engine-internal.h"

/*
 * What a change of a unit's state means for others (UNITS.md 4.1, the columns that are not about requests):
 * at once where somebody is bound to it; once the queue has settled where it is about who needs whom.
 */

/* A unit that can't stay up, or fails because of one whose failure it handles, is not started for others more often
 * than that: the start limit of its own is not for starts that never come to be. */
#define STARTS_BURST 16U
#define STARTS_INTERVAL_USEC (10 * USEC_PER_SEC)

static bool is_going_or_off(UnitActiveState s) {
        return active_state_is_off(s) || s == UNIT_DEACTIVATING;
}

static void request(Unit *u, JobType type, JobMode mode, const Unit *because_of, const char *why) {
        _cleanup_(error_done) Error error = {};
        Job *j;

        if (u->engine->stopping && type != JOB_STOP)
                return;
        JobRequest wanted = {
                .unit = u,
                .type = type,
                .mode = mode,
                .origin = { .unit = unit_id(because_of), .why = why },
        };
        int r = engine_request(u->engine, &wanted, &j, &error);
        if (r >= 0)
                return;
        DiagContext context = { .unit = unit_id(u) };
        diag_log(DIAG_WARNING,
                        &context,
                        "cannot %s it, as %s %s: %s",
                        job_type_to_string(type),
                        unit_id(because_of),
                        why,
                        error_text(&error, r));
}

static void request_each(Unit *u, DependencyType type, JobType job, const char *why) {
        DEP_FOREACH(other, u->node, type) {
                if (other->unit && !is_going_or_off(unit_active_state(other->unit)))
                        request(other->unit, job, JOB_MODE_REPLACE, u, why);
        }
}

static bool may_start_for_others(Unit *u) {
        uint64_t now = engine_now(u->engine);

        if (u->n_starts == 0 || now >= usec_add(u->starts_begin_usec, STARTS_INTERVAL_USEC)) {
                u->starts_begin_usec = now;
                u->n_starts = 0;
        }
        if (u->n_starts >= STARTS_BURST)
                return false;
        u->n_starts++;
        return true;
}

void unit_start_others(Unit *u, DependencyType type) {
        const UnitSectionSpec *spec = &unit_newest_spec(u)->unit;
        bool failed = type == DEPENDENCY_ON_FAILURE;

        if (!u->node)
                return;
        DEP_FOREACH(other, u->node, type) {
                if (other->unit && may_start_for_others(other->unit))
                        request(other->unit,
                                        JOB_START,
                                        failed ? spec->on_failure_job_mode
                                               : spec->on_success_job_mode,
                                        u,
                                        failed ? "has failed" : "has ended well");
        }
}

/* An automatic restart: a start of it, and a restart for those that run by it (UNITS.md 4.1). */
static void pass_on_restart(Unit *u) {
        static const DependencyType types[] = {
                DEPENDENCY_REQUIRED_BY, DEPENDENCY_BOUND_BY, DEPENDENCY_CONSISTS_OF
        };
        bool concerns = false;

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                concerns = concerns || dep_count(u->node, types[i]) > 0;
        if (!concerns)
                return;
        request(u, JOB_START, JOB_MODE_REPLACE, u, "starts again");
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                request_each(u, types[i], JOB_TRY_RESTART, "starts again");
}

void unit_react(Unit *u, UnitActiveState old, const UnitStatus *now, bool by_job) {
        bool restarted = now->n_restarts > u->last_restarts && !u->job;

        u->last_restarts = now->n_restarts;
        if (!u->node)
                return;
        if (!is_going_or_off(old) && is_going_or_off(now->active) && !by_job) {
                request_each(u, DEPENDENCY_BOUND_BY, JOB_STOP, "has stopped");
                request_each(u, DEPENDENCY_PROPAGATES_STOP_TO, JOB_STOP, "has stopped");
        }
        if (restarted && now->active == UNIT_ACTIVATING)
                pass_on_restart(u);
        if (old == now->active)
                return;
        if (now->active == UNIT_STATE_FAILED)
                unit_start_others(u, DEPENDENCY_ON_FAILURE);
        else if (now->active == UNIT_INACTIVE && !active_state_is_off(old))
                unit_start_others(u, DEPENDENCY_ON_SUCCESS);
        unit_recheck(u);
}

void unit_tell_triggers(Unit *u) {
        if (!u->node)
                return;
        DEP_FOREACH(other, u->node, DEPENDENCY_TRIGGERED_BY) {
                if (other->unit && other->unit->ops->triggered_changed)
                        other->unit->ops->triggered_changed(other->unit, u);
        }
}

/* ---- who is needed, and who has to be there -------------------------------------------------------- */

static void recheck_later(Unit *u) {
        if (!list_is_empty(&u->recheck_link))
                return;
        list_append(&u->engine->rechecks, &u->recheck_link);
        engine_wake(u->engine);
}

static bool may_be_unneeded(const Unit *u) {
        return unit_newest_spec(u)->unit.stop_when_unneeded;
}

void unit_recheck(Unit *u) {
        static const DependencyType needs[] = { DEPENDENCY_REQUIRES,
                DEPENDENCY_REQUISITE,
                DEPENDENCY_WANTS,
                DEPENDENCY_BINDS_TO,
                DEPENDENCY_UPHOLDS };

        if (!u->node)
                return;
        if (may_be_unneeded(u) || dep_count(u->node, DEPENDENCY_UPHELD_BY) > 0)
                recheck_later(u);
        for (size_t i = 0; i < ELEMENTSOF(needs); i++) {
                DEP_FOREACH(other, u->node, needs[i]) {
                        if (other->unit && (needs[i] == DEPENDENCY_UPHOLDS ||
                                                           may_be_unneeded(other->unit)))
                                recheck_later(other->unit);
                }
        }
}

static const Unit *find_upholder(const Unit *u) {
        DEP_FOREACH(other, u->node, DEPENDENCY_UPHELD_BY) {
                UnitActiveState state =
                                other->unit ? unit_active_state(other->unit) : UNIT_INACTIVE;

                if ((state == UNIT_ACTIVE || state == UNIT_RELOADING) &&
                                !(other->unit->job && other->unit->job->type == JOB_STOP))
                        return other->unit;
        }
        return NULL;
}

static bool is_needed(const Unit *u) {
        static const DependencyType types[] = { DEPENDENCY_REQUIRED_BY,
                DEPENDENCY_REQUISITE_OF,
                DEPENDENCY_WANTED_BY,
                DEPENDENCY_BOUND_BY,
                DEPENDENCY_UPHELD_BY };

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                DEP_FOREACH(other, u->node, types[i]) {
                        if (other->unit &&
                                        (!is_going_or_off(unit_active_state(other->unit)) ||
                                                        (other->unit->job &&
                                                                        other->unit->job->type !=
                                                                                        JOB_STOP)))
                                return true;
                }
        }
        return false;
}

/* It is looked at again when the time has passed. */
static bool uphold_allowed(Unit *u) {
        u->uphold_waits = !may_start_for_others(u);
        if (u->uphold_waits)
                engine_arm(u->engine, usec_add(u->starts_begin_usec, STARTS_INTERVAL_USEC));
        return !u->uphold_waits;
}

static void recheck(Unit *u) {
        UnitActiveState state = unit_active_state(u);

        if (u->job || !u->node || u->engine->stopping)
                return; /* looked at again when the job ends */
        if (active_state_is_off(state)) {
                const Unit *upholder = find_upholder(u);
                if (upholder && uphold_allowed(u))
                        request(u, JOB_START, JOB_MODE_REPLACE, upholder, "upholds it");
        } else if (state == UNIT_ACTIVE && may_be_unneeded(u) && !is_needed(u))
                request(u, JOB_STOP, JOB_MODE_REPLACE, u, "is not needed any more");
}

bool engine_run_rechecks(Engine *e) {
        bool any = !list_is_empty(&e->rechecks);

        while (!list_is_empty(&e->rechecks)) {
                Unit *u = CONTAINER_OF(e->rechecks.next, Unit, recheck_link);

                list_remove(&u->recheck_link);
                recheck(u);
        }
        return any;
}

/* ---- time ------------------------------------------------------------------------------------------ */

void engine_arm(Engine *e, uint64_t usec) {
        if (usec >= e->deadline_usec)
                return;
        e->deadline_usec = usec;
        ENGINE_TELL(e, set_deadline, usec);
}

static void expire_jobs(Engine *e, uint64_t now) {
        for (size_t i = map_size(e->jobs); i > 0; i--) {
                if (i > map_size(e->jobs))
                        continue; /* others have ended with the last one */
                Job *j = map_at(e->jobs, i - 1);
                if (j->holds_slot && j->slot_usec <= now)
                        job_release_slot(j);
                else if (j->holds_slot)
                        engine_arm(e, j->slot_usec);
                if (j->deadline_usec > now) {
                        engine_arm(e, j->deadline_usec);
                        continue;
                }
                DiagContext context = { .unit = unit_id(j->unit), .job = j->id_text };
                diag_log(DIAG_ERROR,
                                &context,
                                "Its %s job has taken longer than JobTimeoutSec= allows; given up",
                                job_type_to_string(j->type));
                job_finish(j, JOB_TIMEOUT);
        }
}

void engine_on_deadline(Engine *e) {
        uint64_t now = engine_now(e);

        e->deadline_usec = USEC_INFINITY;
        expire_jobs(e, now);
        MAP_FOREACH (Unit, u, e->units) {
                if (u->uphold_waits)
                        recheck_later(u);
        }
}
