/* SPDX-License-Identifier: MIT */
#include "kinds/inert.h"

#include <string.h>

static int inert_refuse(Unit *u, Error *error) {
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s: units of this type are not supported yet",
                        u->spec->file_name);
}

static int inert_start(Unit *u, bool by_hand, Error *error) {
        (void) by_hand;
        return inert_refuse(u, error);
}

static int inert_stop(Unit *u, Error *error) {
        (void) u, (void) error;
        return -EALREADY;
}

static int inert_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        (void) whom, (void) signal;
        return inert_refuse(u, error);
}

static int inert_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        (void) freeze, (void) done, (void) userdata;
        return inert_refuse(u, error);
}

static void inert_reset_failed(Unit *u) {
        (void) u;
}

static void inert_status(const Unit *u, UnitStatus *ret) {
        (void) u;
        *ret = (UnitStatus) {
                .active = UNIT_INACTIVE,
                .sub = "dead",
                .next_restart_monotonic_usec = USEC_INFINITY,
        };
}

static int inert_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage)
                memset(ret_usage, 0xff, sizeof(*ret_usage)); /* nothing is known: UINT64_MAX each */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static Unit *inert_free(Unit *u) {
        unit_spec_free(u->spec);
        free(u);
        return NULL;
}

static const UnitKindOps inert_ops = {
        .name = "inert",
        .start = inert_start,
        .stop = inert_stop,
        .kill = inert_kill,
        .freeze = inert_freeze,
        .reset_failed = inert_reset_failed,
        .status = inert_status,
        .usage = inert_usage,
        .free = inert_free,
};

int inert_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) context, (void) error;

        Unit *u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        *u = (Unit) { .ops = &inert_ops, .spec = TAKE_PTR(*spec) };
        *ret = u;
        return 0;
}
