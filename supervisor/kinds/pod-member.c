/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "base/diag.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/pod-internal.h"

void pod_member_init(PodMember *m, Unit *u) {
        *m = (PodMember) { .unit = u };
        list_init(&m->link);
}

bool pod_is_empty(const PodUnit *p) {
        return list_is_empty(&p->members);
}

/* For who shows them; without memory some are not shown. */
static void name_members(PodUnit *p) {
        p->member_ids = strv_free(p->member_ids);
        LIST_FOREACH (link, &p->members)
                (void) strv_append(
                                &p->member_ids, unit_id(CONTAINER_OF(link, PodMember, link)->unit));
}

void pod_join(PodUnit *p, PodMember *m) {
        if (m->pod == p)
                return;
        pod_leave(m);
        m->pod = p;
        list_append(&p->members, &m->link);
        p->had_members = true;
        name_members(p);
}

void pod_leave(PodMember *m) {
        PodUnit *p = TAKE_PTR(m->pod);

        if (!p)
                return;
        list_remove(&m->link);
        name_members(p);
        pod_recheck(p);
}

/* ---- the end of the last one ------------------------------------------------------------------- */

/* One that is to start, or to start again, is as good as one that runs. */
static bool awaits_member(const PodUnit *p) {
        const Engine *e = p->unit.engine;

        for (size_t i = 0; i < engine_n_units(e); i++) {
                const Unit *u = engine_unit_at(e, i);

                if (u->spec->kind == UNIT_KIND_CONTAINER && u->spec->container.pod && u->job &&
                                u->job->type != JOB_STOP &&
                                engine_find(p->unit.engine, u->spec->container.pod) == &p->unit)
                        return true;
        }
        return false;
}

static int on_check(sd_event_source *source, void *userdata) {
        PodUnit *p = userdata;
        Lifecycle *l = &p->lifecycle;

        (void) source;
        if (!pod_is_empty(p) || !l->main_alive)
                return 0;
        bool ends = service_state_to_active(l->state) == UNIT_DEACTIVATING;
        if (!ends && (l->state != SERVICE_RUNNING || !p->had_members ||
                                     pod_unit_spec(p)->exit_policy != POD_EXIT_STOP ||
                                     awaits_member(p)))
                return 0;
        lifecycle_post_ended(l, (ExitInfo) { .code = CLD_EXITED }, clock_dual());
        return 0;
}

void pod_recheck(PodUnit *p) {
        int r = p->check_source ? sd_event_source_set_enabled(p->check_source, SD_EVENT_ONESHOT)
                                : sd_event_add_defer(
                                                  p->context->event, &p->check_source, on_check, p);

        if (r < 0)
                diag_warning("%s: cannot look after its containers: %s; it stays until it is "
                             "stopped",
                                unit_id(&p->unit),
                                error_text(NULL, r));
}

void pod_end_members(PodUnit *p, bool kill) {
        LIST_FOREACH (link, &p->members) {
                Unit *u = CONTAINER_OF(link, PodMember, link)->unit;
                _cleanup_(error_done) Error error = {};

                int r = kill ? u->ops->kill(u, KILL_ALL, SIGKILL, &error) : u->ops->stop(u, &error);
                if (r < 0 && r != -EALREADY && r != -ESRCH)
                        diag_warning("%s: %s: %s; waiting for its end",
                                        unit_id(&p->unit),
                                        unit_id(u),
                                        error_text(&error, r));
        }
}

/* ---- signals and pausing: of all containers ---------------------------------------------------- */

int pod_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        PodUnit *p = pod_of(u);
        int result = 0;

        if (pod_is_empty(p))
                return error_set_plain(error,
                                -ESRCH,
                                ERROR_NO_SUCH_PROCESS,
                                "%s has no containers to signal",
                                unit_id(u));
        LIST_FOREACH (link, &p->members) {
                Unit *member = CONTAINER_OF(link, PodMember, link)->unit;

                int r = member->ops->kill(member, whom, signal, result < 0 ? NULL : error);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

static void freeze_one_done(int r, const Error *error, void *userdata);

/* One on its way up or down is not there to be paused yet, or any more. */
static int check_members(const PodUnit *p, Error *error) {
        LIST_FOREACH (link, (List *) &p->members) {
                const Unit *u = CONTAINER_OF(link, PodMember, link)->unit;

                if (unit_active_state(u) != UNIT_ACTIVE)
                        return error_set_plain(error,
                                        -EBUSY,
                                        ERROR_UNIT_STATE,
                                        "%s is %s; try again when it is not",
                                        unit_id(u),
                                        unit_active_state_to_string(unit_active_state(u)));
        }
        return 0;
}

static void freeze_members(PodUnit *p, bool freeze) {
        LIST_FOREACH (link, &p->members) {
                Unit *u = CONTAINER_OF(link, PodMember, link)->unit;
                _cleanup_(error_done) Error error = {};

                if (unit_active_state(u) != UNIT_ACTIVE)
                        continue; /* none of its processes is there to stay */
                p->freeze.n_waiting++;
                int r = u->ops->freeze(u, freeze, freeze_one_done, p, &error);
                if (r < 0)
                        freeze_one_done(r, &error, p);
        }
}

static void nobody_waits(int r, const Error *error, void *userdata) {
        (void) r, (void) error, (void) userdata;
}

/* What was frozen of a pod that could not be frozen as a whole goes on. */
static void thaw_members(PodUnit *p) {
        LIST_FOREACH (link, &p->members) {
                Unit *u = CONTAINER_OF(link, PodMember, link)->unit;

                (void) u->ops->freeze(
                                u, /* freeze= */ false, nobody_waits, NULL, NULL); /* or ends */
        }
}

static void freeze_settle(PodUnit *p) {
        UnitFreezeDone done = TAKE_PTR(p->freeze.done);
        _cleanup_(error_done) Error error = {};
        int r = p->freeze.result;

        error_move(&error, &p->freeze.error);
        p->freeze.result = 0;
        if (r < 0 && p->freeze.freeze)
                thaw_members(p);
        p->freeze.frozen = r >= 0 && p->freeze.freeze;
        lifecycle_set_frozen(&p->lifecycle, p->freeze.frozen, clock_monotonic_usec());
        pod_save(p);
        if (done)
                done(r, &error, p->freeze.userdata);
        unit_notify(&p->unit, /* start_failed= */ false);
}

static void freeze_one_done(int r, const Error *error, void *userdata) {
        PodUnit *p = userdata;

        if (r < 0 && p->freeze.result >= 0)
                p->freeze.result = error_set_plain(&p->freeze.error,
                                r,
                                error ? error->code : ERROR_FAILED,
                                "%s",
                                error_text(error, r));
        p->freeze.n_waiting--;
        if (p->freeze.n_waiting == 0)
                freeze_settle(p);
}

int pod_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        PodUnit *p = pod_of(u);

        if (p->lifecycle.state != SERVICE_RUNNING)
                return error_set_plain(error,
                                -EHOSTDOWN,
                                ERROR_UNIT_STATE,
                                "%s is %s: only a running pod can be %s",
                                unit_id(u),
                                unit_active_state_to_string(unit_active_state(u)),
                                freeze ? "paused" : "unpaused");
        if (p->freeze.done)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_UNIT_STATE,
                                "%s is being %s right now; try again",
                                unit_id(u),
                                p->freeze.freeze ? "paused" : "unpaused");
        int r = freeze ? check_members(p, error) : 0;
        if (r < 0)
                return r;
        error_done(&p->freeze.error);
        p->freeze.done = done;
        p->freeze.userdata = userdata;
        p->freeze.freeze = freeze;
        p->freeze.result = 0;
        /* One more than there are, so that it can't be over before all were asked. */
        p->freeze.n_waiting = 1;
        freeze_members(p, freeze);
        freeze_one_done(0, NULL, p);
        return 0;
}

void pod_freeze_abandon(PodUnit *p) {
        _cleanup_(error_done) Error error = {};
        UnitFreezeDone done = TAKE_PTR(p->freeze.done);

        p->freeze.frozen = false;
        p->lifecycle.frozen = false;
        if (!done)
                return;
        int r = error_set_plain(&error,
                        -ECANCELED,
                        ERROR_UNIT_STATE,
                        "%s is being stopped",
                        unit_id(&p->unit));
        done(r, &error, p->freeze.userdata);
}
