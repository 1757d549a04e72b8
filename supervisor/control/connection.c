/* SPDX-License-Identifier: MIT */
#include "control/control-internal.h"

#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/text.h"
#include "supd/bus.h"

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;

        Control *c = connection->control;
        list_remove(&connection->link);
        c->n_connections--;
        if (connection->subscribed)
                c->n_subscribers--;
        sd_event_source_disable_unref(connection->patience);
        image_runs_abandon(connection);
        sd_bus_close_unref(connection->bus);
        free(connection);
        return NULL;
}
DEFINE_CLEANUP(Connection *, connection_free);

static int connection_on_disconnect(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        (void) m, (void) ret_error;
        connection_free(userdata);
        return 0;
}

static int connection_on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        Connection *connection = ASSERT_PTR(userdata);

        (void) source, (void) usec;
        connection->patience = sd_event_source_disable_unref(connection->patience);
        /* One that has introduced itself may be silent for as long as it likes. */
        if (sd_bus_is_ready(connection->bus) <= 0)
                connection_free(connection);
        return 0;
}

static bool connection_has_unread(Connection *connection, uint64_t limit) {
        uint64_t n = 0;

        return sd_bus_get_n_queued_write(connection->bus, &n) >= 0 && n > limit;
}

static void connection_drop_unread(Connection *connection) {
        diag_warning("client %d does not read what it is sent; disconnecting it",
                        (int) connection->peer.pid);
        connection_free(connection);
}

bool connection_is_listening(Connection *connection) {
        /* Before it has introduced itself it hears of nothing. */
        if (sd_bus_is_ready(connection->bus) <= 0)
                return false;
        if (!connection_has_unread(connection, connection->control->limits.unread))
                return true;
        connection_drop_unread(connection);
        return false;
}

/* Every call of every client comes by here first: the one place where access is decided. */
static int connection_on_message(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Connection *connection = ASSERT_PTR(userdata);
        Control *c = connection->control;
        uint8_t type;

        if (sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
                return 0;

        connection->patience = sd_event_source_disable_unref(connection->patience);
        c->stamp++;
        c->caller = &connection->peer;

        Privilege privilege = access_privilege_of(
                        sd_bus_message_get_interface(m), sd_bus_message_get_member(m));
        if (!access_is_granted(&connection->peer, privilege, geteuid())) {
                diag_warning("client %d (uid %u) may not call %s",
                                (int) connection->peer.pid,
                                connection->peer.uid,
                                sd_bus_message_get_member(m));
                return sd_bus_error_setf(ret_error,
                                SD_BUS_ERROR_ACCESS_DENIED,
                                "Access denied: only root and members of the socket's group may "
                                "control supd");
        }

        if (connection_has_unread(connection, c->limits.unanswered)) {
                connection_drop_unread(connection);
                return 1;
        }

        int r = connection_need(connection, object_groups_of(sd_bus_message_get_path(m)));
        return r < 0 ? sd_bus_error_set_errno(ret_error, r) : 0;
}

/* ---- a new one --------------------------------------------------------------------------------- */

static bool creds_have_group(sd_bus_creds *creds, gid_t gid) {
        const gid_t *groups = NULL;
        gid_t egid;

        if (gid == (gid_t) -1)
                return false;
        if (sd_bus_creds_get_egid(creds, &egid) >= 0 && egid == gid)
                return true;
        int n = sd_bus_creds_get_supplementary_gids(creds, &groups);
        for (int i = 0; i < n; i++) {
                if (groups[i] == gid)
                        return true;
        }
        return false;
}

/* As they were when it connected: what a process becomes later, or hands the socket on to, changes nothing. */
static int connection_read_peer(Connection *connection, gid_t gid) {
        sd_bus_creds *creds = NULL;

        int r = sd_bus_get_owner_creds(connection->bus,
                        SD_BUS_CREDS_PID | SD_BUS_CREDS_EUID | SD_BUS_CREDS_EGID |
                                        SD_BUS_CREDS_SUPPLEMENTARY_GIDS,
                        &creds);
        if (r < 0)
                return r;

        /* A client in a pid namespace out of our sight has no pid; it has a uid. */
        (void) sd_bus_creds_get_pid(creds, &connection->peer.pid);
        r = sd_bus_creds_get_euid(creds, &connection->peer.uid);
        connection->peer.in_group = creds_have_group(creds, gid);
        sd_bus_creds_unref(creds);
        return r;
}

static int connection_set_up_bus(Connection *connection, int *fd) {
        sd_bus *bus = connection->bus;
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_set_description(bus, "control");
        if (r >= 0)
                r = sd_bus_set_fd(bus, *fd, *fd);
        if (r < 0)
                return r;
        *fd = -EBADF; /* the bus closes it */

        r = sd_bus_set_server(bus, /* b= */ 1, id);
        /* Access is decided by connection_on_message() alone, not by sd-bus' idea of capabilities. */
        if (r >= 0)
                r = sd_bus_set_trusted(bus, /* b= */ 1);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, /* b= */ 1);
        /* Clients match signals by this name. */
        if (r >= 0)
                r = sd_bus_set_sender(bus, SUPD_SYSTEMD_DESTINATION);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, connection_on_message, connection);
        if (r >= 0)
                r = sd_bus_match_signal(bus,
                                NULL,
                                "org.freedesktop.DBus.Local",
                                "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local",
                                "Disconnected",
                                connection_on_disconnect,
                                connection);
        return r;
}

static int connection_start(Connection *connection, gid_t gid) {
        Control *c = connection->control;
        int r;

        r = sd_bus_start(connection->bus);
        if (r >= 0)
                r = connection_read_peer(connection, gid);
        if (r >= 0)
                r = sd_bus_attach_event(connection->bus, c->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_add_time_relative(c->event,
                                &connection->patience,
                                CLOCK_MONOTONIC,
                                c->limits.patience_usec,
                                /* accuracy= */ USEC_PER_SEC,
                                connection_on_patience,
                                connection);
        return r;
}

void connection_accept(Control *c, int fd_, gid_t gid) {
        _cleanup_close_ int fd = fd_;

        if (c->n_connections >= c->limits.connections) {
                diag_warning("%zu clients are connected; refusing another one", c->n_connections);
                return;
        }

        _cleanup_(connection_freep) Connection *connection = malloc(sizeof(*connection));
        if (!connection)
                return;
        *connection = (Connection) { .control = c, .number = ++c->n_accepted };
        list_append(&c->connections, &connection->link);
        c->n_connections++;

        int r = sd_bus_new(&connection->bus);
        if (r >= 0)
                r = connection_set_up_bus(connection, &fd);
        if (r >= 0)
                r = connection_start(connection, gid);
        if (r < 0) {
                _cleanup_(error_done) Error error = {};
                (void) error_set(&error, r, ERROR_FAILED, "cannot serve a client");
                diag_warning("%s", error_text(&error, r));
                return;
        }
        connection = NULL; /* it is in the list, which owns it */
}
