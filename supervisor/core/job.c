/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "core/engine-internal.h"
#include "core/job-compatibility.h"
#include "core/transaction.h"
#include "supd/message-ids.h"

/* clang-format off */
static const char *const job_type_names[] = {
        [JOB_START]       = "start",
        [JOB_STOP]        = "stop",
        [JOB_RESTART]     = "restart",
        [JOB_TRY_RESTART] = "try-restart",
        [JOB_RELOAD]      = "reload",
        [JOB_TRY_RELOAD]  = "try-reload",
        [JOB_RELOAD_OR_START] = "reload-or-start",
};

static const char *const job_result_names[] = {
        [JOB_DONE]       = "done",
        [JOB_CANCELED]   = "canceled",
        [JOB_TIMEOUT]    = "timeout",
        [JOB_FAILED]     = "failed",
        [JOB_DEPENDENCY] = "dependency",
        [JOB_SKIPPED]    = "skipped",
        [JOB_ASSERT]     = "assert",
};
/* clang-format on */
static_assert(ELEMENTSOF(job_type_names) == _JOB_TYPE_MAX, "every job type has a name");
static_assert(ELEMENTSOF(job_result_names) == _JOB_RESULT_MAX, "every job result has a name");

const char *job_type_to_string(JobType t) {
        return t < 0 || t >= _JOB_TYPE_MAX ? NULL : job_type_names[t];
}

const char *job_result_to_string(JobResult r) {
        return r < 0 || r >= _JOB_RESULT_MAX ? NULL : job_result_names[r];
}

/* ---- waiting ------------------------------------------------------------------------------------ */

static void job_requeue(Job *j) {
        list_remove(&j->queue_link);
        list_append(&j->unit->engine->queue, &j->queue_link);
        engine_wake(j->unit->engine);
}

/* Those that wait for it may have to do so no more. */
static void job_release_waiters(Job *j) {
        LIST_FOREACH (link, &j->waiters) {
                job_requeue(CONTAINER_OF(link, Job, queue_link));
        }
}

static unsigned starts_max(const Engine *e) {
        for (size_t i = 0; i < e->n_observers && e->starts_max == 0; i++) {
                if (e->observers[i].ops->starts_max)
                        return e->observers[i].ops->starts_max(e->observers[i].userdata);
        }
        return e->starts_max;
}

void job_release_slot(Job *j) {
        Engine *e = j->unit->engine;

        if (!j->holds_slot)
                return;
        j->holds_slot = false;
        e->n_starting--;
        /* More than one may begin if the limit has risen. */
        unsigned max = starts_max(e);
        for (unsigned n = e->n_starting; !list_is_empty(&e->held) && (max == 0 || n < max); n++)
                job_requeue(CONTAINER_OF(e->held.next, Job, queue_link));
}

static void job_set_running(Job *j, bool running) {
        Engine *e = j->unit->engine;

        if (j->running == running)
                return;
        j->running = running;
        e->n_running += running ? 1 : -1;
        if (!running)
                return;
        uint64_t limit = unit_newest_spec(j->unit)->unit.job_running_timeout_usec;
        j->deadline_usec = MIN(j->deadline_usec, usec_add(engine_now(e), limit));
        engine_arm(e, j->deadline_usec);
}

/* It has to be looked at again, and so have those that wait for it. */
static void job_enqueue(Job *j) {
        job_set_running(j, false);
        job_release_slot(j);
        job_requeue(j);
        job_release_waiters(j);
}

/* The last one that it has to wait for, since the first ones end first; NULL: none. */
static Job *job_find_blocker(const Job *j) {
        const DepNode *node = j->unit->node;

        if (j->ignore_order || !node)
                return NULL;
        for (size_t i = 0; i < ORDERING_TYPES_N; i++) {
                DependencyType relation = ordering_types[i];

                for (uint32_t k = dep_count(node, relation); k > 0; k--) {
                        const Unit *other = node->lists[relation]->nodes[k - 1]->unit;

                        if (other && other->job && !other->job->ignore_order &&
                                        job_waits(j->type, relation, other->job->type))
                                return other->job;
                }
        }
        return NULL;
}

static bool job_needs_slot(const Job *j) {
        return j->type == JOB_START && j->unit->spec->kind == UNIT_KIND_CONTAINER;
}

static bool must_hold(const Job *j) {
        const Engine *e = j->unit->engine;

        if (e->n_starting == 0 || !job_needs_slot(j))
                return false; /* one always may */
        unsigned max = starts_max(e);
        return max > 0 && e->n_starting >= max;
}

bool job_waits_for(const Job *j, const Unit **ret) {
        const Job *blocker = j->running ? NULL : job_find_blocker(j);

        *ret = blocker ? blocker->unit : NULL;
        return blocker || (!j->running && must_hold(j));
}

/* Return: false if it has to wait, and for what is noted. */
static bool job_is_ready(Job *j) {
        Engine *e = j->unit->engine;
        Job *blocker = job_find_blocker(j);

        if (blocker) {
                list_append(&blocker->waiters, &j->queue_link);
                return false;
        }
        if (must_hold(j)) {
                list_append(&e->held, &j->queue_link);
                return false;
        }
        return true;
}

/* ---- coming and going --------------------------------------------------------------------------- */

static int job_new(Engine *e, Unit *u, JobType type, JobFlags flags, Job **ret) {
        _cleanup_free_ Job *j = calloc(1, sizeof(*j));
        if (!j)
                return -ENOMEM;

        *j = (Job) {
                .id = ++e->last_job_id,
                .type = type,
                .unit = u,
                .by_hand = flags.by_hand,
                .irreversible = flags.irreversible,
                .ignore_order = flags.ignore_order,
                .ignore_requirements = flags.ignore_requirements,
                .deadline_usec =
                                usec_add(engine_now(e), unit_newest_spec(u)->unit.job_timeout_usec),
        };
        list_init(&j->queue_link);
        list_init(&j->waiters);
        snprintf(j->id_text, sizeof(j->id_text), "%" PRIu32, j->id);

        int r = map_put(e->jobs, j->id_text, j);
        if (r < 0)
                return r;
        u->job = j;
        *ret = TAKE_PTR(j);
        return 0;
}

/* Return: true if the job that is there does what is asked for now. */
static bool job_join(Job *have, JobType type, JobFlags flags) {
        int merged = job_types_merge(have->type, type);

        if (merged < 0)
                return false;
        if (have->running && (have->type == JOB_RELOAD || merged == JOB_RELOAD_OR_START)) {
                if (merged == JOB_RESTART || merged == JOB_TRY_RESTART)
                        return false;
                have->then_reload = have->then_reload || (type != JOB_START && !have->stopping);
        } else if (have->running && merged != (int) have->type)
                return false;
        if (merged != (int) have->type && !have->running) {
                have->type = (JobType) merged;
                job_requeue(have);
                job_release_waiters(have);
        }
        have->by_hand = have->by_hand || flags.by_hand;
        have->irreversible = have->irreversible || flags.irreversible;
        return true;
}

static void job_note_origin(const Job *j, const JobOrigin *origin) {
        history_asked(&j->unit->history,
                        engine_now_realtime(j->unit->engine),
                        j->id,
                        job_type_to_string(j->type),
                        origin);
}

int job_install(Engine *e, Unit *u, JobType type, JobFlags flags, Job **ret) {
        Job *j = NULL;

        /* Joins: the caller gets the number of the job that is under way. */
        if (u->job && job_join(u->job, type, flags)) {
                job_note_origin(u->job, &flags.origin);
                *ret = u->job;
                return 0;
        }
        if (u->job)
                job_drop(u->job);

        int r = job_new(e, u, type, flags, &j);
        if (r < 0)
                return r;
        job_note_origin(j, &flags.origin);
        ENGINE_TELL(e, job_added, j);
        engine_arm(e, j->deadline_usec);
        job_requeue(j);
        *ret = j;
        return 0;
}

Job *engine_find_job(Engine *e, uint32_t id) {
        char text[12];

        snprintf(text, sizeof(text), "%" PRIu32, id);
        return map_get(e->jobs, text);
}

size_t engine_n_jobs(const Engine *e) {
        return map_size(e->jobs);
}

Job *engine_job_at(const Engine *e, size_t index) {
        return map_at(e->jobs, index);
}

void engine_cancel_job(Engine *e, Job *j) {
        (void) e;
        job_finish(j, JOB_CANCELED);
}

/* Takes @reason over; NULL: there was no memory for it. */
static void job_set_reason(Job *j, char *reason) {
        free(j->reason);
        j->reason = reason;
}

/* ---- the end, and whom it takes along ------------------------------------------------------------ */

static void doom_each(Unit *u, DependencyType type, const char *what) {
        Engine *e = u->engine;

        if (!u->node)
                return;
        DEP_FOREACH(other, u->node, type) {
                Job *j = other->unit ? other->unit->job : NULL;

                if (!j || j->type != JOB_START || j->ignore_requirements)
                        continue;
                DiagContext context = {
                        .unit = unit_id(j->unit),
                        .job = j->id_text,
                        .message_id = SUPD_MESSAGE_START_FAILED,
                };
                job_set_reason(j, str_printf("%s %s", unit_id(u), what));
                diag_log(DIAG_ERROR, &context, "Dependency failed: %s", j->reason ?: unit_id(u));
                list_remove(&j->queue_link);
                list_append(&e->doomed, &j->queue_link);
        }
}

/* Whose start jobs can't succeed now (UNITS.md 4.1, "B fails to start"). */
static void doom_dependants(Unit *u, JobType type, JobResult result) {
        static const DependencyType types[] = {
                DEPENDENCY_REQUIRED_BY, DEPENDENCY_REQUISITE_OF, DEPENDENCY_BOUND_BY
        };

        for (size_t i = 0; i < ELEMENTSOF(types) && result != JOB_DONE && type == JOB_START; i++)
                doom_each(u, types[i], "was not started");
        if (result == JOB_DONE && type == JOB_START && unit_active_state(u) != UNIT_ACTIVE)
                doom_each(u, DEPENDENCY_REQUISITE_OF, "is not active");
}

static void job_end(Job *j, JobResult result, bool alone) {
        Engine *e = j->unit->engine;
        Unit *u = j->unit;

        list_remove(&j->queue_link);
        job_set_running(j, false);
        job_release_slot(j);
        if (u->job == j)
                u->job = NULL;
        job_release_waiters(j);
        (void) map_remove(e->jobs, j->id_text);
        if (result != JOB_DONE || j->reason)
                history_ended(&u->history,
                                engine_now_realtime(e),
                                j->id,
                                job_type_to_string(j->type),
                                job_result_to_string(result),
                                j->reason);
        ENGINE_TELL(e, job_removed, j, result);
        if (!alone)
                doom_dependants(u, j->type, result);
        free(j->reason);
        free(j);
        if (result == JOB_TIMEOUT || result == JOB_DEPENDENCY)
                unit_start_others(u, DEPENDENCY_ON_FAILURE);
        unit_recheck(u);
        unit_tell_triggers(u);
}

void job_drop(Job *j) {
        job_end(j, JOB_CANCELED, /* alone= */ true);
}

void job_finish(Job *j, JobResult result) {
        Engine *e = j->unit->engine;

        job_end(j, result, /* alone= */ false);
        if (e->dooming)
                return;
        e->dooming = true;
        while (!list_is_empty(&e->doomed))
                job_end(CONTAINER_OF(e->doomed.next, Job, queue_link),
                                JOB_DEPENDENCY,
                                /* alone= */ false);
        e->dooming = false;
}

/* ---- running -------------------------------------------------------------------------------------- */

/* The end of an error that the kind, or unit_can_start(), has set. */
static void job_fail(Job *j, int r, const Error *error) {
        const char *verb = j->type == JOB_STOP     ? "stop"
                           : j->type == JOB_RELOAD ? "reload"
                                                   : "start";
        bool starts = j->type != JOB_STOP && j->type != JOB_RELOAD;
        DiagContext context = {
                .unit = unit_id(j->unit),
                .job = j->id_text,
                .message_id = starts ? SUPD_MESSAGE_START_FAILED : NULL,
        };

        diag_log(DIAG_ERROR, &context, "Failed to %s: %s", verb, error_text(error, r));
        job_set_reason(j, strdup(error_text(error, r)));
        job_finish(j, JOB_FAILED);
}

static bool is_active(const Unit *u) {
        UnitActiveState state = u ? unit_active_state(u) : UNIT_INACTIVE;
        return state == UNIT_ACTIVE || state == UNIT_RELOADING;
}

static bool is_after(const DepNode *node, const DepNode *other) {
        DEP_FOREACH(earlier, node, DEPENDENCY_AFTER) {
                if (earlier == other)
                        return true;
        }
        return false;
}

/* What has to be active by now and is not; NULL: none. A bound one may have ended well meanwhile. */
static const DepNode *job_find_missing(const Job *j) {
        const DepNode *node = j->unit->node;

        if (!node || j->ignore_requirements)
                return NULL;
        DEP_FOREACH(other, node, DEPENDENCY_REQUISITE) {
                if (!is_active(other->unit))
                        return other;
        }
        DEP_FOREACH(other, node, DEPENDENCY_BINDS_TO) {
                if (!is_active(other->unit) && is_after(node, other))
                        return other;
        }
        return NULL;
}

/* A conflict that was not stopped after all: its stop was canceled, or could not be done. NULL: none. */
static const DepNode *job_find_conflict(const Job *j) {
        static const DependencyType types[] = { DEPENDENCY_CONFLICTS, DEPENDENCY_CONFLICTED_BY };

        for (size_t i = 0; i < ELEMENTSOF(types) && j->unit->node && !j->ignore_requirements; i++) {
                DEP_FOREACH(other, j->unit->node, types[i]) {
                        if (other->unit && !active_state_is_off(unit_active_state(other->unit)))
                                return other;
                }
        }
        return NULL;
}

/* Return: false if the job has ended, since what it needs is not as it needs it. */
static bool job_check_dependencies(Job *j) {
        const DepNode *missing = job_find_missing(j), *conflict = job_find_conflict(j);

        if (!missing && !conflict)
                return true;
        DiagContext context = {
                .unit = unit_id(j->unit),
                .job = j->id_text,
                .message_id = SUPD_MESSAGE_START_FAILED,
        };
        job_set_reason(j,
                        str_printf("%s is %s",
                                        (missing ?: conflict)->name,
                                        missing ? "not active"
                                                : "in conflict with it and not stopped"));
        diag_log(DIAG_ERROR,
                        &context,
                        "Dependency failed: %s",
                        j->reason ?: (missing ?: conflict)->name);
        job_finish(j, JOB_DEPENDENCY);
        return false;
}

/* As in systemd: before what it is bound to is looked at, so that two with the same condition are both skipped. */
static bool job_check_conditions(Job *j) {
        Unit *u = j->unit;

        if (!active_state_is_off(unit_active_state(u)) || unit_can_start(u, NULL) < 0)
                return true;
        (void) unit_take_next_spec(u); /* what is tested is what would be started */
        if (unit_may_start(u))
                return true;
        job_set_reason(j, unit_blame(u));
        /* Ends as "done" for a condition: whoever requires it goes on. */
        job_finish(j, u->condition.met ? JOB_ASSERT : JOB_DONE);
        return false;
}

/* RequiresMountsFor= and WantsMountsFor=: without mount units what counts is that the paths are there. */
static bool job_check_mounts(Job *j) {
        const UnitSectionSpec *spec = &unit_newest_spec(j->unit)->unit;
        DiagContext context = { .unit = unit_id(j->unit), .job = j->id_text };

        if (!active_state_is_off(unit_active_state(j->unit)))
                return true;
        const char *wanted = unit_find_missing_path(j->unit, spec->wants_mounts_for);
        if (wanted)
                diag_log(DIAG_NOTICE,
                                &context,
                                "WantsMountsFor=%s: there is no such path; going on without it",
                                wanted);
        const char *missing = unit_find_missing_path(j->unit, spec->requires_mounts_for);
        if (!missing)
                return true;
        context.message_id = SUPD_MESSAGE_START_FAILED;
        job_set_reason(j, str_printf("RequiresMountsFor=%s: there is no such path", missing));
        diag_log(DIAG_ERROR, &context, "Dependency failed: %s", j->reason ?: missing);
        job_finish(j, JOB_DEPENDENCY);
        return false;
}

static void job_begin_start(Job *j) {
        _cleanup_(error_done) Error error = {};
        Unit *u = j->unit;

        job_set_running(j, true);
        j->stopping = false;
        if (job_needs_slot(j) && !j->holds_slot) {
                j->holds_slot = true;
                u->engine->n_starting++;
                j->slot_usec = usec_add(engine_now(u->engine), u->engine->start_patience_usec);
                engine_arm(u->engine, j->slot_usec);
        }

        /* The kind may tell of its state from within: whether the job still is, is asked by number. */
        Engine *e = u->engine;
        uint32_t id = j->id;
        /* Asked again: since the job was made, or its unit stopped, the files may have been read anew. */
        int r = unit_can_start(u, &error);
        if (r >= 0)
                r = u->ops->start(u, j->by_hand, &error);
        j = engine_find_job(e, id);
        if (!j || r >= 0)
                return;
        if (r == -EAGAIN)
                j->stopping = true; /* its end is awaited as in a restart */
        else if (r == -EALREADY)
                job_finish(j, JOB_DONE);
        else
                job_fail(j, r, &error);
}

/* The second half of a restart has an order of its own. */
static void job_become_start(Job *j) {
        j->stopping = false;
        j->type = JOB_START;
        job_enqueue(j);
}

static void job_begin_stop(Job *j, bool then_start) {
        _cleanup_(error_done) Error error = {};
        Unit *u = j->unit;
        Engine *e = u->engine;
        uint32_t id = j->id;

        job_set_running(j, true);
        j->stopping = then_start;
        int r = u->ops->stop(u, &error);
        j = engine_find_job(e, id);
        if (!j || r >= 0)
                return;
        if (r == -EALREADY && then_start)
                job_become_start(j);
        else if (r == -EALREADY)
                job_finish(j, JOB_DONE);
        else
                job_fail(j, r, &error);
}

static void job_begin_reload(Job *j) {
        _cleanup_(error_done) Error error = {};
        Unit *u = j->unit;
        Engine *e = u->engine;
        uint32_t id = j->id;
        int r = 0;

        j->type = JOB_RELOAD;
        job_set_running(j, true);
        j->then_reload = unit_active_state(u) == UNIT_RELOADING;
        if (j->then_reload)
                return; /* that one has begun before this was asked for */
        r = unit_check_reload(u, &error);
        if (r >= 0)
                r = u->ops->reload(u, &error);
        j = engine_find_job(e, id);
        if (j && r < 0)
                job_fail(j, r, &error);
}

static void job_run(Job *j) {
        UnitActiveState state = unit_active_state(j->unit);

        switch (j->type) {
        case JOB_START:
                if (job_check_conditions(j) && job_check_dependencies(j) && job_check_mounts(j))
                        job_begin_start(j);
                break;
        case JOB_STOP:
                job_begin_stop(j, /* then_start= */ false);
                break;
        case JOB_TRY_RESTART:
                /* As in systemd: what is on its way down does not run. */
                if (active_state_is_off(state) || state == UNIT_DEACTIVATING) {
                        job_finish(j, JOB_DONE);
                        break;
                }
                job_begin_stop(j, /* then_start= */ true);
                break;
        case JOB_RESTART:
                job_begin_stop(j, /* then_start= */ true);
                break;
        case JOB_TRY_RELOAD:
                if (is_active(j->unit) && unit_can_reload(j->unit))
                        job_begin_reload(j);
                else
                        job_finish(j, JOB_DONE);
                break;
        case JOB_RELOAD_OR_START:
                if (is_active(j->unit))
                        job_begin_reload(j);
                else
                        job_become_start(j);
                break;
        case JOB_RELOAD:
                job_begin_reload(j);
                break;
        default:
                assert(false);
        }
}

/*
 * Nothing runs and yet jobs wait: for each other, in a circle that came about after they were made, by a change of
 * unit files. The oldest one goes first.
 */
static bool break_stall(Engine *e) {
        if (e->n_running > 0 || map_size(e->jobs) == 0)
                return false;
        Job *j = map_at(e->jobs, 0);
        DiagContext context = { .unit = unit_id(j->unit), .job = j->id_text };

        diag_log(DIAG_WARNING,
                        &context,
                        "All jobs wait for each other; its %s goes ahead of its order",
                        job_type_to_string(j->type));
        j->ignore_order = true;
        job_requeue(j);
        job_release_waiters(j);
        return true;
}

static void run_jobs(Engine *e) {
        while (!list_is_empty(&e->queue)) {
                Job *j = CONTAINER_OF(e->queue.next, Job, queue_link);

                list_remove(&j->queue_link);
                if (!j->running && job_is_ready(j))
                        job_run(j);
        }
}

void engine_run_queue(Engine *e) {
        if (e->running_queue)
                return;

        e->running_queue = true;
        do
                run_jobs(e);
        while (engine_run_rechecks(e) || break_stall(e));
        e->running_queue = false;
}

static void job_follow_reload(Job *j, const UnitStatus *now) {
        if (now->active == UNIT_RELOADING)
                return;
        if (now->active == UNIT_ACTIVE && j->then_reload) {
                j->then_reload = false;
                job_enqueue(j);
                return;
        }
        if (now->active == UNIT_ACTIVE && !now->reload_failed) {
                job_finish(j, JOB_DONE);
                return;
        }
        job_set_reason(j,
                        strdup(now->active != UNIT_ACTIVE  ? "it ended before it had reloaded"
                                        : now->status_text ? now->status_text
                                                           : "its reload failed"));
        job_finish(j, JOB_FAILED);
}

void job_follow_unit(Unit *u, const UnitStatus *now, bool start_failed) {
        Job *j = u->job;
        UnitActiveState state = now->active;

        if (!j || !j->running)
                return;
        if (j->type == JOB_RELOAD) {
                job_follow_reload(j, now);
                return;
        }

        if (j->type == JOB_STOP) {
                if (active_state_is_off(state))
                        job_finish(j, JOB_DONE);
                return;
        }
        if (j->stopping) {
                if (active_state_is_off(state)) {
                        /* Not from here: the kind is still within the transition that told us. */
                        job_become_start(j);
                        return;
                }
                if (j->type != JOB_START || state == UNIT_DEACTIVATING)
                        return;
                /* An automatic restart does what was asked; what has failed was the run before. */
                j->stopping = start_failed = false;
        }
        if (start_failed)
                job_finish(j, JOB_FAILED);
        else if (state == UNIT_ACTIVE && j->then_reload) {
                j->type = JOB_RELOAD;
                job_enqueue(j);
        } else if (state == UNIT_ACTIVE || state == UNIT_INACTIVE)
                job_finish(j, JOB_DONE); /* inactive: a oneshot that ended well */
        else if (state == UNIT_STATE_FAILED)
                job_finish(j, JOB_FAILED);
}
