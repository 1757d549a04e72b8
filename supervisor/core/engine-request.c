/* SPDX-License-Identifier: MIT */
#include "base/diag.h"
#include "core/engine-internal.h"
#include "core/transaction.h"

/* ---- what may be asked for ------------------------------------------------------------------------ */

static int check_start(Engine *e, const Unit *u, Error *error) {
        int r = unit_can_start(u, error);

        if (r < 0 || !e->stopping)
                return r;
        return error_set_plain(error,
                        -ESHUTDOWN,
                        ERROR_UNIT_STATE,
                        "%s: supd is stopping all units to end",
                        unit_id(u));
}

static bool is_reload(JobType type) {
        return type == JOB_RELOAD || type == JOB_TRY_RELOAD;
}

static bool has_start(const Unit *u) {
        return u->job && u->job->type != JOB_STOP && !is_reload(u->job->type);
}

/* What a person asks for has to be possible now; one that starts reloads as soon as it can. */
static int check_reload(const Engine *e, const Unit *u, JobType type, Error *error) {
        if (e->stopping)
                return error_set_plain(error,
                                -ESHUTDOWN,
                                ERROR_UNIT_STATE,
                                "%s: supd is stopping all units to end",
                                unit_id(u));
        return type == JOB_TRY_RELOAD || (unit_can_reload(u) && has_start(u))
                               ? 0
                               : unit_check_reload(u, error);
}

/* As it is now, of what depends on whether the unit runs. */
static JobType collapse(const Unit *u, JobType type) {
        UnitActiveState state = unit_active_state(u);

        if (type != JOB_RELOAD_OR_START)
                return type;
        return state == UNIT_ACTIVE || state == UNIT_RELOADING || has_start(u) ? JOB_RELOAD
                                                                               : JOB_START;
}

static int check_manual(const Unit *u, JobType type, Error *error) {
        const UnitSectionSpec *spec = &unit_newest_spec(u)->unit;
        bool refused = (type != JOB_STOP && !is_reload(type) && spec->refuse_manual_start) ||
                       (type != JOB_START && !is_reload(type) && spec->refuse_manual_stop);

        if (!refused)
                return 0;
        return error_set_plain(error,
                        -EPERM,
                        ERROR_ONLY_BY_DEPENDENCY,
                        "Operation refused, unit %s may be requested by dependency only (it is "
                        "configured to refuse manual start/stop).",
                        unit_id(u));
}

static int check_isolate(const Unit *u, JobType type, Error *error) {
        if (type != JOB_START)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "Isolate is only valid for start.");
        if (unit_newest_spec(u)->unit.allow_isolate)
                return 0;
        return error_set_plain(error,
                        -EPERM,
                        ERROR_NO_ISOLATION,
                        "Operation refused, unit %s may not be isolated: it has no "
                        "AllowIsolate=yes.",
                        unit_id(u));
}

static int check_request(
                Engine *e, const Unit *u, JobType type, JobMode mode, bool by_hand, Error *error) {
        int r = type == JOB_STOP  ? 0
                : is_reload(type) ? check_reload(e, u, type, error)
                                  : check_start(e, u, error);

        if (r >= 0 && by_hand)
                r = check_manual(u, type, error);
        if (r >= 0 && mode == JOB_MODE_ISOLATE)
                r = check_isolate(u, type, error);
        return r;
}

/* ---- from a transaction to jobs -------------------------------------------------------------------- */

/* Modes isolate and flush: what is under way and not part of it ends. */
static void cancel_others(Engine *e, const Transaction *t) {
        for (size_t i = map_size(e->jobs); i > 0; i--) {
                Job *j = map_at(e->jobs, i - 1);

                if (!transaction_has(t, j->unit) && !j->irreversible)
                        job_drop(j);
        }
}

/* What a job comes from: the request, over the unit that pulled it in. */
static JobOrigin origin_of(const JobRequest *asked, const Unit *subject, DependencyType why) {
        JobOrigin origin = asked->origin;

        if (subject) {
                origin.unit = unit_id(subject);
                origin.why = dependency_type_to_string(why);
        }
        return origin;
}

static int apply(Engine *e, const Transaction *t, const JobRequest *asked, Job **ret) {
        JobMode mode = asked->mode;
        DependencyType why = _DEPENDENCY_TYPE_INVALID;
        const Unit *subject;
        Job *request = NULL;
        size_t position = 0;
        JobType type;
        Unit *u;

        if (mode == JOB_MODE_ISOLATE || mode == JOB_MODE_FLUSH)
                cancel_others(e, t);
        while (transaction_next(t, &position, &u, &type, &subject, &why)) {
                JobFlags flags = {
                        .by_hand = asked->by_hand && !request,
                        .origin = origin_of(asked, subject, why),
                        .irreversible = mode == JOB_MODE_REPLACE_IRREVERSIBLY,
                        .ignore_order = mode == JOB_MODE_IGNORE_DEPENDENCIES,
                        .ignore_requirements = mode == JOB_MODE_IGNORE_DEPENDENCIES ||
                                               mode == JOB_MODE_IGNORE_REQUIREMENTS,
                };
                Job *j = NULL;

                int r = job_install(e, u, type, flags, &j);
                if (r < 0)
                        return r;
                if (!request)
                        request = j;
        }
        *ret = request;
        return 0;
}

int engine_request(Engine *e, const JobRequest *asked, Job **ret, Error *error) {
        _cleanup_(transaction_freep) Transaction *t = NULL;
        Unit *u = asked->unit;
        JobType type = collapse(u, asked->type);

        int r = check_request(e, u, type, asked->mode, asked->by_hand, error);
        if (r >= 0 && !u->node)
                r = -ENOMEM; /* there was none for its dependencies */
        if (r >= 0)
                r = transaction_new(e->graph, asked->mode, &t);
        if (r >= 0)
                r = transaction_request(t, u, type);
        if (r >= 0 && asked->mode == JOB_MODE_ISOLATE)
                r = transaction_stop_others(t);
        if (r >= 0)
                r = transaction_settle(t, error);
        return r < 0 ? r : apply(e, t, asked, ret);
}

int engine_add_job(Engine *e,
                Unit *u,
                JobType type,
                JobMode mode,
                bool by_hand,
                Job **ret,
                Error *error) {
        JobRequest asked = { .unit = u, .type = type, .mode = mode, .by_hand = by_hand };

        return engine_request(e, &asked, ret, error);
}

/* ---- all units ------------------------------------------------------------------------------------- */

int engine_start_wanted(Engine *e) {
        _cleanup_(error_done) Error error = {};
        Unit *u = engine_find(e, "default.target");
        Job *j;

        JobRequest asked = {
                .unit = u,
                .type = JOB_START,
                .mode = JOB_MODE_REPLACE,
                .origin = { .why = "supd starts" },
        };
        int r = u ? engine_request(e, &asked, &j, &error) : -ENOMEM;
        if (r >= 0 || r == -ENOMEM)
                return r;
        diag_error("Cannot start %s: %s; no unit is started", unit_id(u), error_text(&error, r));
        return 0;
}

/* Each for itself: what can't be ordered is stopped in any order, but stopped. */
size_t engine_stop_all(Engine *e) {
        size_t n = 0;

        e->stopping = true;
        for (size_t i = 0; i < map_size(e->units); i++) {
                Unit *u = map_at(e->units, i);
                Job *j;

                if (active_state_is_off(unit_active_state(u))) {
                        if (u->job)
                                job_drop(u->job); /* a start that has not begun */
                        continue;
                }
                JobFlags flags = { .by_hand = true, .origin = { .why = "supd ends" } };
                if (job_install(e, u, JOB_STOP, flags, &j) >= 0 &&
                                u->spec->kind != UNIT_KIND_TARGET)
                        n++;
        }
        return n;
}
