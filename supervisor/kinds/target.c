/* SPDX-License-Identifier: MIT */
#include "kinds/target.h"

#include <string.h>

#include "base/diag.h"
#include "kinds/lifecycle-record.h"
#include "unitfile/target.h"

typedef struct Target {
        Unit unit;                  /* first */
        const KindContext *context; /* borrowed */
        Lifecycle times; /* of a lifecycle only state and stamps: dead or active, nothing in between */
} Target;

static Target *target_of(const Unit *u) {
        return CONTAINER_OF(u, Target, unit);
}

static bool target_is_active(const Target *t) {
        return t->times.state == SERVICE_RUNNING;
}

/* Only what differs from what the target is without a record is worth one. */
static void target_save(Target *t) {
        UnitStore *store = t->context->store;
        const char *id = unit_id(&t->unit);
        _cleanup_(record_writer_done) RecordWriter w = {};
        _cleanup_(error_done) Error error = {};

        if (target_is_active(t) == target_is_born_active(id) && !unit_is_held_back(&t->unit)) {
                store->ops->forget(store, id);
                return;
        }
        lifecycle_put(&w, &t->times);
        checks_put(&w, &t->unit);
        int r = w.result < 0 ? w.result : store->ops->save(store, id, w.text, &error);
        if (r < 0)
                diag_warning("%s: %s; the next supd will not know its state",
                                id,
                                error_text(&error, r));
}

static void target_enter(Target *t, bool active) {
        Lifecycle *l = &t->times;
        DualTime now = clock_dual();

        l->state = active ? SERVICE_RUNNING : SERVICE_DEAD;
        l->state_entered = now;
        *(active ? &l->inactive_exit : &l->active_exit) = now;
        *(active ? &l->active_enter : &l->inactive_enter) = now;
        target_save(t);
        unit_notify(&t->unit, /* start_failed= */ false);
}

static int target_start(Unit *u, bool by_hand, Error *error) {
        Target *t = target_of(u);

        (void) by_hand, (void) error;
        if (target_is_active(t))
                return -EALREADY;
        (void) unit_take_next_spec(u);
        target_enter(t, true);
        return 0;
}

static int target_stop(Unit *u, Error *error) {
        Target *t = target_of(u);

        (void) error;
        if (!target_is_active(t))
                return -EALREADY;
        target_enter(t, false);
        return 0;
}

static int refuse(const Unit *u, Error *error) {
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s is a target and has no processes",
                        unit_id(u));
}

static int target_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        (void) whom, (void) signal;
        return refuse(u, error);
}

static int target_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        (void) freeze, (void) done, (void) userdata;
        return refuse(u, error);
}

static void target_reset_failed(Unit *u) {
        (void) u; /* they do not fail */
}

static void target_status(const Unit *u, UnitStatus *ret) {
        const Target *t = target_of(u);

        *ret = (UnitStatus) {
                .active = target_is_active(t) ? UNIT_ACTIVE : UNIT_INACTIVE,
                .sub = target_is_active(t) ? "active" : "dead",
                .state_entered = t->times.state_entered,
                .inactive_exit = t->times.inactive_exit,
                .active_enter = t->times.active_enter,
                .active_exit = t->times.active_exit,
                .inactive_enter = t->times.inactive_enter,
                .next_restart_monotonic_usec = USEC_INFINITY,
        };
}

static int target_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage)
                memset(ret_usage, 0xff, sizeof(*ret_usage)); /* nothing is known: UINT64_MAX each */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static Unit *target_free(Unit *u) {
        Target *t = target_of(u);

        unit_spec_free(u->spec);
        free(t);
        return NULL;
}

static const UnitKindOps target_ops = {
        .name = "target",
        .start = target_start,
        .stop = target_stop,
        .kill = target_kill,
        .freeze = target_freeze,
        .reset_failed = target_reset_failed,
        .status = target_status,
        .usage = target_usage,
        .free = target_free,
};

int target_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) error;

        Target *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (Target) {
                .unit = { .ops = &target_ops, .spec = TAKE_PTR(*spec) },
                .context = context,
                .times.state = SERVICE_DEAD,
        };
        if (target_is_born_active(t->unit.spec->id))
                t->times.state = SERVICE_RUNNING;
        *ret = &t->unit;
        return 0;
}

void target_held_back(Unit *u) {
        target_save(target_of(u));
}

int target_restore(Unit *u, Error *error) {
        Target *t = target_of(u);
        UnitStore *store = t->context->store;

        (void) error;
        _cleanup_(record_freep) Record *record = store->ops->take_record(store, unit_id(u));
        if (!record)
                return 0;
        ServiceState state = service_state_from_string(record_get(record, "State"));
        lifecycle_get(record, &t->times);
        checks_get(record, u);
        if (state == SERVICE_RUNNING || state == SERVICE_DEAD)
                t->times.state = state;
        return 0;
}
