/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The unit kind "socket": a .socket file listens, starts its service when there is something to be served, and
 * hands over what it listens on. The descriptors are kept over restarts of the service, and of supd.
 */

#include "kinds/context.h"

/** socket_new() - a unit for a spec, dead. Takes *spec over on success. */
int socket_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
/** socket_restore() - take the unit's stored record, if there is one, and go on from there */
int socket_restore(Unit *u, Error *error);

/** socket_held_back() - see kind_unit_held_back() */
void socket_held_back(Unit *u);

/** socket_unit_of() - the unit if it is a socket; NULL if it is of another kind */
struct SocketUnit *socket_unit_of(Unit *u);

/* What a service is given when it starts. */
typedef struct PassedSockets {
        int *fds; /* owned; the descriptors are borrowed from their units */
        size_t n_fds;
        char *names; /* owned; one for each, ':' between; NULL: there are none */
} PassedSockets;

/** passed_sockets_add() - one more; @fd is borrowed. Return: 0 or -ENOMEM. */
int passed_sockets_add(PassedSockets *p, int fd, const char *name);
/** sockets_collect() - of all units that listen for @service, in the order of their names and files */
int sockets_collect(const Unit *service, bool non_blocking, PassedSockets *ret, Error *error);
/** sockets_any_connected() - is somebody connected to @service, or waits to be? Return: 1; 0; -ENOENT: no unit
 * listens for it; another negative errno: it can't be told. */
int sockets_any_connected(const Unit *service);
void passed_sockets_done(PassedSockets *p);

/* What is listened on, as people are told. */
typedef struct SocketListen {
        const char *type, *address; /* borrowed until the unit changes: "Stream", "/run/web.sock" */
} SocketListen;

/** socket_listen_at() - of a unit that does not listen: what it would. Return: false behind the last. */
bool socket_listen_at(const struct SocketUnit *s, size_t index, SocketListen *ret);
/** socket_result() - "success", "trigger-limit-hit", …; static */
const char *socket_result(const struct SocketUnit *s);
