/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The socket unit's own struct and what its files ask of each other:
 *
 *   socket.c         the unit: verbs, states, what the engine is told
 *   socket-ports.c   opening, keeping and closing what is listened on; handing it over
 *   socket-watch.c   noticing traffic, and what follows from it
 *   socket-record.c  saving and restoring
 */

#include "base/record.h"
#include "core/socket-state.h"
#include "kinds/socket.h"

typedef struct SocketPort {
        ListenType type;
        char *text;              /* owned; the address */
        char *stored;            /* owned; its name in the store */
        int fd;                  /* owned */
        sd_event_source *source; /* owned; NULL: not watched */
} SocketPort;

typedef struct SocketUnit {
        Unit unit;                  /* first */
        const KindContext *context; /* borrowed */
        Lifecycle times;            /* of a lifecycle only the stamps */
        SocketState state;
        SocketResult result;
        char *status_text; /* owned; why it failed; NULL: nothing to say */
        char *fd_name;     /* owned; what LISTEN_FDNAMES calls them; NULL: not open */
        SocketPort *ports; /* owned */
        size_t n_ports;
        RateWindow triggers, polls;
        sd_event_source *settle_source, *poll_timer; /* owned */
} SocketUnit;

static inline SocketUnit *socket_of(const Unit *u) {
        return CONTAINER_OF(u, SocketUnit, unit);
}

/* socket.c */
/** socket_service() - whom it starts; borrowed; NULL: there is no such unit */
Unit *socket_service(const SocketUnit *s);
/** socket_enter() - another state: save, watch, tell */
void socket_enter(SocketUnit *s, SocketState state, SocketResult result);
/** socket_fail() - the same for SOCKET_FAILED, with a reason */
void socket_fail(SocketUnit *s, SocketResult result, const char *reason);
void socket_tell(const SocketUnit *s, int level, const char *format, ...) _printf_(3, 4);

/* socket-ports.c */
/** socket_ports_open() - all of the definition, or none */
int socket_ports_open(SocketUnit *s, Error *error);
/** socket_ports_take() - from the store, as the record names them. Return: 0; -ENOENT: not all are there. */
int socket_ports_take(SocketUnit *s, const Record *record);
void socket_ports_put(const SocketUnit *s, RecordWriter *w);
/** socket_ports_close() - for good: the store drops them, too; paths go if the definition says so */
void socket_ports_close(SocketUnit *s);
/** socket_ports_done() - for freeing: closes, drops nothing from the store */
void socket_ports_done(SocketUnit *s);
void socket_ports_flush(SocketUnit *s);

/* socket-watch.c */
/** socket_watch() - begin or end to notice traffic, as state and service have it */
void socket_watch(SocketUnit *s);
/** socket_settle_later() - have a look at the service in the next turn of the loop */
void socket_settle_later(SocketUnit *s);
void socket_watch_done(SocketUnit *s);
/** socket_look() - how the service is; of one that does not exist: off */
SocketService socket_look(const SocketUnit *s);

/* socket-record.c */
void socket_save(SocketUnit *s);
