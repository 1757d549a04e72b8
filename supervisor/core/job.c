/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "core/engine-internal.h"
#include "supd/message-ids.h"

/* clang-format off */
static const char *const job_type_names[] = {
        [JOB_START]       = "start",
        [JOB_STOP]        = "stop",
        [JOB_RESTART]     = "restart",
        [JOB_TRY_RESTART] = "try-restart",
};

static const char *const job_result_names[] = {
        [JOB_DONE]       = "done",
        [JOB_CANCELED]   = "canceled",
        [JOB_TIMEOUT]    = "timeout",
        [JOB_FAILED]     = "failed",
        [JOB_DEPENDENCY] = "dependency",
        [JOB_SKIPPED]    = "skipped",
};

static const char *const job_mode_names[] = {
        [JOB_MODE_REPLACE] = "replace",
        [JOB_MODE_FAIL]    = "fail",
};
/* clang-format on */
static_assert(ELEMENTSOF(job_type_names) == _JOB_TYPE_MAX, "every job type has a name");
static_assert(ELEMENTSOF(job_result_names) == _JOB_RESULT_MAX, "every job result has a name");
static_assert(ELEMENTSOF(job_mode_names) == _JOB_MODE_MAX, "every job mode has a name");

const char *job_type_to_string(JobType t) {
        return t < 0 || t >= _JOB_TYPE_MAX ? NULL : job_type_names[t];
}

const char *job_result_to_string(JobResult r) {
        return r < 0 || r >= _JOB_RESULT_MAX ? NULL : job_result_names[r];
}

JobMode job_mode_from_string(const char *s) {
        for (JobMode m = 0; m < _JOB_MODE_MAX; m++) {
                if (str_equal(s, job_mode_names[m]))
                        return m;
        }
        return _JOB_MODE_INVALID;
}

static bool state_is_off(UnitActiveState s) {
        return s == UNIT_INACTIVE || s == UNIT_STATE_FAILED;
}

/* What a second request for the same unit makes of the two; -EEXIST: they contradict. */
static int job_type_merge(JobType have, JobType want) {
        if (have == want)
                return (int) have;
        if (have == JOB_STOP || want == JOB_STOP)
                return -EEXIST;
        return JOB_RESTART; /* start, restart and try-restart in any pair: it is to be started anew */
}

static void job_enqueue(Job *j) {
        Engine *e = j->unit->engine;

        j->running = false;
        if (list_is_empty(&j->queue_link))
                list_append(&e->queue, &j->queue_link);
        engine_wake(e);
}

static int job_new(Engine *e, Unit *u, JobType type, bool by_hand, Job **ret) {
        _cleanup_free_ Job *j = calloc(1, sizeof(*j));
        if (!j)
                return -ENOMEM;

        j->id = ++e->last_job_id;
        j->type = type;
        j->unit = u;
        j->by_hand = by_hand;
        list_init(&j->queue_link);
        snprintf(j->id_text, sizeof(j->id_text), "%" PRIu32, j->id);

        int r = map_put(e->jobs, j->id_text, j);
        if (r < 0)
                return r;
        u->job = j;
        *ret = TAKE_PTR(j);
        return 0;
}

int engine_add_job(Engine *e,
                Unit *u,
                JobType type,
                JobMode mode,
                bool by_hand,
                Job **ret,
                Error *error) {
        int r;

        if (type != JOB_STOP) {
                r = unit_can_start(u, error);
                if (r < 0)
                        return r;
                if (e->stopping)
                        return error_set_plain(error,
                                        -ESHUTDOWN,
                                        ERROR_UNIT_STATE,
                                        "%s: supd is stopping all units to end",
                                        unit_id(u));
        }
        if (u->job) {
                Job *have = u->job;
                int merged = job_type_merge(have->type, type);

                if (merged >= 0 && !(have->running && merged != (int) have->type)) {
                        /* Joins: the caller gets the number of the job that is under way. */
                        have->type = (JobType) merged;
                        have->by_hand = have->by_hand || by_hand;
                        *ret = have;
                        return 0;
                }
                if (mode == JOB_MODE_FAIL)
                        return error_set_plain(error,
                                        -EEXIST,
                                        ERROR_JOB_CONFLICT,
                                        "%s: a %s job is under way; wait for it, or use mode "
                                        "replace",
                                        unit_id(u),
                                        job_type_to_string(have->type));
                job_finish(have, JOB_CANCELED);
        }

        Job *j;
        r = job_new(e, u, type, by_hand, &j);
        if (r < 0)
                return r;
        ENGINE_TELL(e, job_added, j);
        job_enqueue(j);
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

void job_finish(Job *j, JobResult result) {
        Engine *e = j->unit->engine;

        list_remove(&j->queue_link);
        if (j->unit->job == j)
                j->unit->job = NULL;
        (void) map_remove(e->jobs, j->id_text);
        ENGINE_TELL(e, job_removed, j, result);
        free(j);
}

/* The end of an error that the kind, or unit_can_start(), has set. */
static void job_fail(Job *j, int r, const Error *error) {
        DiagContext context = {
                .unit = unit_id(j->unit),
                .job = j->id_text,
                .message_id = j->type == JOB_STOP ? NULL : SUPD_MESSAGE_START_FAILED,
        };

        diag_log(DIAG_ERROR,
                        &context,
                        "Failed to %s: %s",
                        j->type == JOB_STOP ? "stop" : "start",
                        error_text(error, r));
        job_finish(j, JOB_FAILED);
}

static void job_begin_start(Job *j) {
        _cleanup_(error_done) Error error = {};
        Unit *u = j->unit;

        j->running = true;
        j->stopping = false;

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

static void job_begin_stop(Job *j, bool then_start) {
        _cleanup_(error_done) Error error = {};
        Unit *u = j->unit;
        Engine *e = u->engine;
        uint32_t id = j->id;

        j->running = true;
        j->stopping = then_start;
        int r = u->ops->stop(u, &error);
        j = engine_find_job(e, id);
        if (!j || r >= 0)
                return;
        if (r == -EALREADY && then_start)
                job_begin_start(j);
        else if (r == -EALREADY)
                job_finish(j, JOB_DONE);
        else
                job_fail(j, r, &error);
}

static void job_run(Job *j) {
        UnitActiveState state = unit_active_state(j->unit);

        switch (j->type) {
        case JOB_START:
                job_begin_start(j);
                break;
        case JOB_STOP:
                job_begin_stop(j, /* then_start= */ false);
                break;
        case JOB_TRY_RESTART:
                /* As in systemd: what is on its way down does not run. */
                if (state_is_off(state) || state == UNIT_DEACTIVATING) {
                        job_finish(j, JOB_DONE);
                        break;
                }
                job_begin_stop(j, /* then_start= */ true);
                break;
        case JOB_RESTART:
                job_begin_stop(j, /* then_start= */ true);
                break;
        default:
                assert(false);
        }
}

void engine_run_queue(Engine *e) {
        if (e->running_queue)
                return;

        e->running_queue = true;
        while (!list_is_empty(&e->queue)) {
                Job *j = CONTAINER_OF(e->queue.next, Job, queue_link);

                list_remove(&j->queue_link);
                job_run(j);
        }
        e->running_queue = false;
}

void job_follow_unit(Unit *u, bool start_failed) {
        Job *j = u->job;
        UnitActiveState state = unit_active_state(u);

        if (!j || !j->running)
                return;

        if (j->type == JOB_STOP) {
                if (state_is_off(state))
                        job_finish(j, JOB_DONE);
                return;
        }
        if (j->stopping) {
                if (state_is_off(state)) {
                        /* Not from here: the kind is still within the transition that told us. */
                        j->stopping = false;
                        j->type = JOB_START;
                        job_enqueue(j);
                        return;
                }
                if (j->type != JOB_START || state == UNIT_DEACTIVATING)
                        return;
                /* An automatic restart does what was asked; what has failed was the run before. */
                j->stopping = start_failed = false;
        }
        if (start_failed)
                job_finish(j, JOB_FAILED);
        else if (state == UNIT_ACTIVE || state == UNIT_INACTIVE)
                job_finish(j, JOB_DONE); /* inactive: a oneshot that ended well */
        else if (state == UNIT_STATE_FAILED)
                job_finish(j, JOB_FAILED);
}
