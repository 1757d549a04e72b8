/* SPDX-License-Identifier: MIT */
#include "base/diag.h"
#include "base/text.h"
#include "kinds/lifecycle-record.h"
#include "kinds/socket-internal.h"

void socket_save(SocketUnit *s) {
        UnitStore *store = s->context->store;
        const char *id = unit_id(&s->unit);
        _cleanup_(record_writer_done) RecordWriter w = {};
        _cleanup_(error_done) Error error = {};

        if (s->state == SOCKET_DEAD && !unit_is_held_back(&s->unit)) {
                store->ops->forget(store, id);
                return;
        }
        lifecycle_put(&w, &s->times);
        checks_put(&w, &s->unit);
        record_put(&w, "Socket", socket_state_to_string(s->state));
        record_put(&w, "SocketResult", socket_result_to_string(s->result));
        record_put(&w, "StatusText", s->status_text);
        socket_ports_put(s, &w);
        int r = w.result < 0 ? w.result : store->ops->save(store, id, w.text, &error);
        if (r < 0)
                socket_tell(s,
                                DIAG_WARNING,
                                "%s; a restart of supd would open its sockets anew",
                                error_text(&error, r));
}

void socket_held_back(Unit *u) {
        socket_save(socket_of(u));
}

/* Nobody kept them, so who waited to be served has lost; who comes now need not. */
static void reopen(SocketUnit *s) {
        _cleanup_(error_done) Error error = {};

        int r = socket_ports_open(s, &error);
        if (r < 0) {
                socket_fail(s, SOCKET_FAILURE_RESOURCES, error_text(&error, r));
                return;
        }
        socket_tell(s, DIAG_NOTICE, "Nobody kept its sockets while supd was away; opened anew.");
        socket_save(s);
}

int socket_restore(Unit *u, Error *error) {
        SocketUnit *s = socket_of(u);
        UnitStore *store = s->context->store;

        _cleanup_(record_freep) Record *record = store->ops->take_record(store, unit_id(u));
        if (!record)
                return 0;
        SocketState state = socket_state_from_string(record_get(record, "Socket"));
        if (state < 0) {
                store->ops->forget(store, unit_id(u));
                return error_set_plain(
                                error, -EBADMSG, ERROR_STORAGE, "its record names no known state");
        }
        lifecycle_get(record, &s->times);
        checks_get(record, u);
        SocketResult result = socket_result_from_string(record_get(record, "SocketResult"));
        s->result = result < 0 ? SOCKET_SUCCESS : result;
        int r = str_replace(&s->status_text, record_get(record, "StatusText"));
        if (r < 0)
                return r;
        s->state = state;
        if (state != SOCKET_LISTENING && state != SOCKET_RUNNING)
                return 0;
        r = socket_ports_take(s, record);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                reopen(s);
        socket_settle_later(s); /* its service may not be restored yet */
        return 0;
}
