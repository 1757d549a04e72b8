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

static int check_manual(const Unit *u, JobType type, Error *error) {
        const UnitSectionSpec *spec = &unit_newest_spec(u)->unit;
        bool refused = (type != JOB_STOP && spec->refuse_manual_start) ||
                       (type != JOB_START && spec->refuse_manual_stop);

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
        int r = type == JOB_STOP ? 0 : check_start(e, u, error);

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

static int apply(Engine *e, const Transaction *t, JobMode mode, bool by_hand, Job **ret) {
        Job *request = NULL;
        size_t position = 0;
        JobType type;
        Unit *u;

        if (mode == JOB_MODE_ISOLATE || mode == JOB_MODE_FLUSH)
                cancel_others(e, t);
        while (transaction_next(t, &position, &u, &type)) {
                JobFlags flags = {
                        .by_hand = by_hand && !request,
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

int engine_add_job(Engine *e,
                Unit *u,
                JobType type,
                JobMode mode,
                bool by_hand,
                Job **ret,
                Error *error) {
        _cleanup_(transaction_freep) Transaction *t = NULL;

        int r = check_request(e, u, type, mode, by_hand, error);
        if (r >= 0 && !u->node)
                r = -ENOMEM; /* there was none for its dependencies */
        if (r >= 0)
                r = transaction_new(e->graph, mode, &t);
        if (r >= 0)
                r = transaction_request(t, u, type);
        if (r >= 0 && mode == JOB_MODE_ISOLATE)
                r = transaction_stop_others(t);
        if (r >= 0)
                r = transaction_settle(t, error);
        return r < 0 ? r : apply(e, t, mode, by_hand, ret);
}

/* ---- all units ------------------------------------------------------------------------------------- */

int engine_start_wanted(Engine *e) {
        _cleanup_(error_done) Error error = {};
        Unit *u = engine_find(e, "default.target");
        Job *j;

        int r = u ? engine_add_job(e,
                                    u,
                                    JOB_START,
                                    JOB_MODE_REPLACE,
                                    /* by_hand= */ false,
                                    &j,
                                    &error)
                  : -ENOMEM;
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
                if (job_install(e, u, JOB_STOP, (JobFlags) { .by_hand = true }, &j) >= 0 &&
                                u->spec->kind != UNIT_KIND_TARGET)
                        n++;
        }
        return n;
}
