/* SPDX-License-Identifier: MIT */
#include "kinds/socket.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "kinds/socket-internal.h"

Unit *socket_service(const SocketUnit *s) {
        const DepNode *node = s->unit.node;

        return node && dep_count(node, DEPENDENCY_TRIGGERS) > 0
                               ? node->lists[DEPENDENCY_TRIGGERS]->nodes[0]->unit
                               : NULL;
}

void socket_tell(const SocketUnit *s, int level, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return;
        DiagContext context = { .unit = unit_id(&s->unit) };
        diag_log((DiagLevel) level, &context, "%s", text);
}

/* ---- states -------------------------------------------------------------------------------------- */

static void note_times(SocketUnit *s, SocketState old) {
        UnitActiveState before = socket_state_to_active(old),
                        now = socket_state_to_active(s->state);
        DualTime stamp = clock_dual();

        s->times.state_entered = stamp;
        if (before != UNIT_ACTIVE && now == UNIT_ACTIVE)
                s->times.inactive_exit = s->times.active_enter = stamp;
        if (before == UNIT_ACTIVE && now != UNIT_ACTIVE)
                s->times.active_exit = s->times.inactive_enter = stamp;
}

void socket_enter(SocketUnit *s, SocketState state, SocketResult result) {
        SocketState old = s->state;
        bool open = state == SOCKET_LISTENING || state == SOCKET_RUNNING;

        s->state = state;
        s->result = result;
        note_times(s, old);
        if (!open)
                socket_ports_close(s);
        else if (old == SOCKET_RUNNING && s->unit.spec->socket.flush_pending)
                socket_ports_flush(s);
        socket_save(s);
        socket_watch(s);
        if (old == SOCKET_DEAD && open)
                socket_tell(s, DIAG_INFO, "Listening on %s.", unit_id(&s->unit));
        else if (!open && state == SOCKET_DEAD && old != SOCKET_FAILED)
                socket_tell(s, DIAG_INFO, "Closed %s.", unit_id(&s->unit));
        unit_notify(&s->unit, state == SOCKET_FAILED && old == SOCKET_DEAD);
}

void socket_fail(SocketUnit *s, SocketResult result, const char *reason) {
        (void) str_replace(&s->status_text, reason); /* without memory: no text */
        socket_tell(s, DIAG_ERROR, "Failed: %s", reason);
        socket_enter(s, SOCKET_FAILED, result);
}

/* ---- the unit's verbs ---------------------------------------------------------------------------- */

static bool is_open(const SocketUnit *s) {
        return s->state == SOCKET_LISTENING || s->state == SOCKET_RUNNING;
}

/* A service that runs already would never get to have the sockets. */
static int check_service(const SocketUnit *s, Error *error) {
        const Unit *service = socket_service(s);
        SocketService look = socket_look(s);

        if (!service) {
                _cleanup_free_ char *name =
                                socket_spec_service(&s->unit.spec->socket, unit_id(&s->unit));
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "there is no %s for it to start; name another one by Service=",
                                name ?: "service");
        }
        if (look.active == UNIT_INACTIVE || look.active == UNIT_STATE_FAILED)
                return 0;
        return error_set_plain(error,
                        -EBUSY,
                        ERROR_UNIT_STATE,
                        "%s is active already, and would not get the sockets: stop it first",
                        unit_id(service));
}

static int socket_start(Unit *u, bool by_hand, Error *error) {
        _cleanup_(error_done) Error open_error = {};
        SocketUnit *s = socket_of(u);

        (void) by_hand;
        if (is_open(s))
                return -EALREADY;
        (void) unit_take_next_spec(u);
        int r = check_service(s, error);
        if (r < 0)
                return r;
        (void) str_replace(&s->status_text, NULL); /* frees, which can't fail */
        s->triggers = s->polls = (RateWindow) {};
        s->state = SOCKET_DEAD; /* or failed, which is over now */
        r = socket_ports_open(s, &open_error);
        if (r < 0)
                socket_fail(s, SOCKET_FAILURE_RESOURCES, error_text(&open_error, r));
        else
                socket_enter(s, SOCKET_LISTENING, SOCKET_SUCCESS);
        return 0;
}

static int socket_stop(Unit *u, Error *error) {
        SocketUnit *s = socket_of(u);

        (void) error;
        if (!is_open(s))
                return -EALREADY;
        socket_enter(s, SOCKET_DEAD, SOCKET_SUCCESS);
        return 0;
}

static int refuse(const Unit *u, Error *error) {
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "%s is a socket and has no processes",
                        unit_id(u));
}

static int socket_kill(Unit *u, KillWhom whom, int signal, Error *error) {
        (void) whom, (void) signal;
        return refuse(u, error);
}

static int socket_freeze(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error) {
        (void) freeze, (void) done, (void) userdata;
        return refuse(u, error);
}

static void socket_reset_failed(Unit *u) {
        SocketUnit *s = socket_of(u);

        s->triggers = s->polls = (RateWindow) {};
        if (s->state != SOCKET_FAILED)
                return;
        (void) str_replace(&s->status_text, NULL);
        socket_enter(s, SOCKET_DEAD, SOCKET_SUCCESS);
}

static void socket_status(const Unit *u, UnitStatus *ret) {
        const SocketUnit *s = socket_of(u);

        *ret = (UnitStatus) {
                .active = socket_state_to_active(s->state),
                .sub = socket_state_to_string(s->state),
                .result = socket_result_to_string(s->result),
                .state_entered = s->times.state_entered,
                .inactive_exit = s->times.inactive_exit,
                .active_enter = s->times.active_enter,
                .active_exit = s->times.active_exit,
                .inactive_enter = s->times.inactive_enter,
                .next_restart_monotonic_usec = USEC_INFINITY,
                .status_text = s->status_text,
        };
}

static int socket_usage(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids) {
        (void) u;
        if (ret_usage)
                memset(ret_usage, 0xff, sizeof(*ret_usage)); /* nothing is known: UINT64_MAX each */
        if (ret_pids) {
                *ret_pids = NULL;
                *ret_n_pids = 0;
        }
        return 0;
}

static void socket_triggered_changed(Unit *u, Unit *triggered) {
        SocketUnit *s = socket_of(u);

        (void) triggered;
        if (is_open(s))
                socket_settle_later(s);
}

static Unit *socket_free(Unit *u) {
        SocketUnit *s = socket_of(u);

        socket_watch_done(s);
        socket_ports_done(s);
        free(s->status_text);
        unit_spec_free(s->unit.spec);
        free(s);
        return NULL;
}

static const UnitKindOps socket_ops = {
        .name = "socket",
        .start = socket_start,
        .stop = socket_stop,
        .kill = socket_kill,
        .freeze = socket_freeze,
        .reset_failed = socket_reset_failed,
        .status = socket_status,
        .usage = socket_usage,
        .free = socket_free,
        .triggered_changed = socket_triggered_changed,
};

SocketUnit *socket_unit_of(Unit *u) {
        return u->ops == &socket_ops ? socket_of(u) : NULL;
}

const char *socket_result(const SocketUnit *s) {
        return socket_result_to_string(s->result);
}

int socket_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error) {
        (void) error;

        SocketUnit *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (SocketUnit) {
                .unit = { .ops = &socket_ops, .spec = TAKE_PTR(*spec) },
                .context = context,
        };
        *ret = &s->unit;
        return 0;
}
