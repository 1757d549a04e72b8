/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The connection as the files of client/ share it, and how a bus error becomes an Error.
 */

#include <systemd/sd-bus.h>

#include "client/client.h"

struct Client {
        sd_bus *bus;       /* owned */
        char *socket_path; /* owned; for messages */
};

/** client_error() - the Error for a failed call: the supervisor's words, or what became of the
 * connection. Return: the negative errno. */
int client_error(const Client *c, int r, const sd_bus_error *bus_error, Error *error);

/** client_call() - a method of the manager's objects; @types and what follows as sd_bus_message_append()
 * @ret_reply: to be sd_bus_message_unref()'ed; may be NULL
 */
int client_call(Client *c,
                const char *path,
                const char *interface,
                const char *method,
                sd_bus_message **ret_reply,
                Error *error,
                const char *types,
                ...);

/**
 * client_turn() - work on what is there, else wait for more
 * @interrupt_fd:  -EBADF: none
 * @deadline_usec: monotonic; USEC_INFINITY: none beside those of the calls under way
 *
 * Return: 0; -EINTR if @interrupt_fd became readable; -ETIMEDOUT; another negative errno if the
 * connection broke.
 */
int client_turn(Client *c, int interrupt_fd, uint64_t deadline_usec);

/** client_turn_beside() - the same, with @other_fd looked at, too; Return: 1 if it became readable */
int client_turn_beside(Client *c, int interrupt_fd, int other_fd, uint64_t deadline_usec);

static inline void slot_unrefp(sd_bus_slot **slot) {
        *slot = sd_bus_slot_unref(*slot);
}
#define _cleanup_slot_ _cleanup_(slot_unrefp)

static inline void message_unrefp(sd_bus_message **m) {
        *m = sd_bus_message_unref(*m);
}
#define _cleanup_message_ _cleanup_(message_unrefp)
#define _cleanup_bus_error_ _cleanup_(sd_bus_error_free)
