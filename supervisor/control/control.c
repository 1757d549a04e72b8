/* SPDX-License-Identifier: MIT */
#include "control/control.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/text.h"
#include "control/control-internal.h"
#include "control/unit-files.h"
#include "control/verbs.h"

/* Out of descriptors, accept() fails and the socket stays readable: look away for so long. */
#define ACCEPT_PAUSE_USEC (100 * USEC_PER_MSEC)
#define BACKLOG 128

static const ControlLimits default_limits = {
        .connections = 1024,
        .patience_usec = 10 * USEC_PER_SEC,
        .unread = 4096,
        .unanswered = 256,
        .image_runs = 16,
        .secret_changes = 16,
        .image_patience_usec = 10 * USEC_PER_SEC,
};

typedef struct Listener {
        List link;
        Control *control;        /* borrowed */
        sd_event_source *source; /* owned */
        sd_event_source *pause;  /* owned; NULL: none */
        int fd;                  /* owned */
        gid_t gid;
        char *path; /* owned; NULL: not ours to remove */
} Listener;

static Listener *listener_free(Listener *l) {
        if (!l)
                return NULL;

        list_remove(&l->link);
        sd_event_source_disable_unref(l->source);
        sd_event_source_disable_unref(l->pause);
        close_fd(l->fd);
        if (l->path && !l->control->keep_sockets)
                (void) unlink(l->path); /* somebody may have removed it */
        free(l->path);
        free(l);
        return NULL;
}
DEFINE_CLEANUP(Listener *, listener_free);

static int listener_on_pause_end(sd_event_source *source, uint64_t usec, void *userdata) {
        Listener *l = ASSERT_PTR(userdata);

        (void) source, (void) usec;
        return sd_event_source_set_enabled(l->source, SD_EVENT_ON);
}

static int listener_pause(Listener *l) {
        l->pause = sd_event_source_disable_unref(l->pause);
        int r = sd_event_add_time_relative(l->control->event,
                        &l->pause,
                        CLOCK_MONOTONIC,
                        ACCEPT_PAUSE_USEC,
                        /* accuracy= */ 0,
                        listener_on_pause_end,
                        l);
        return r < 0 ? r : sd_event_source_set_enabled(l->source, SD_EVENT_OFF);
}

static int listener_on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Listener *l = ASSERT_PTR(userdata);

        (void) source, (void) events;
        /* cppcheck-suppress nullPointer ; where it comes from does not matter */
        int client = neg_errno(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (client >= 0) {
                connection_accept(l->control, client, l->gid);
                return 0;
        }
        if (client == -EAGAIN || client == -EINTR || client == -ECONNABORTED)
                return 0;
        diag_warning("cannot accept a client, trying again: %s", strerror(-client));
        (void) listener_pause(l); /* without it we try again at once */
        return 0;
}

int control_listen_fd(Control *c, int *fd, const char *path, gid_t gid, Error *error) {
        _cleanup_free_ char *copy = path ? strdup(path) : NULL;
        _cleanup_(listener_freep) Listener *l = malloc(sizeof(*l));
        if (!l || (path && !copy))
                return -ENOMEM;
        *l = (Listener) { .control = c, .fd = -EBADF, .gid = gid };
        list_init(&l->link);

        int r = fd_set_nonblock(*fd, /* nonblock= */ 1);
        if (r >= 0)
                r = sd_event_add_io(c->event, &l->source, *fd, EPOLLIN, listener_on_readable, l);
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot serve on the control socket");

        l->fd = TAKE_FD(*fd);
        l->path = TAKE_PTR(copy);
        list_append(&c->listeners, &l->link);
        l = NULL; /* it is in the list, which owns it */
        return 0;
}

static int socket_new(void) {
        return neg_errno(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

/* A container that a killed supd was just making holds a copy of its sockets until it executes: what counts
 * is who called listen(). */
static bool listener_lives(int connection) {
        struct ucred listener;
        socklen_t size = sizeof(listener);

        if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &listener, &size) < 0)
                return true;
        return kill(listener.pid, 0) >= 0 || errno != ESRCH;
}

/* A socket file outlives a supd that was killed. Return: 0 if the name is free now. */
static int remove_dead_socket(const struct sockaddr_un *address) {
        struct stat st;

        int r = neg_errno(lstat(address->sun_path, &st));
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;

        _cleanup_close_ int probe = socket_new();
        if (probe < 0)
                return probe;
        r = neg_errno(connect(probe, (const struct sockaddr *) address, sizeof(*address)));
        if (r == -EAGAIN || (r >= 0 && listener_lives(probe))) /* perhaps with a full backlog */
                return -EADDRINUSE;
        if (r < 0 && r != -ECONNREFUSED)
                return r;
        return neg_errno(unlink(address->sun_path));
}

static int socket_bind(int fd, const struct sockaddr_un *address, mode_t mode, gid_t gid) {
        /* Nobody may connect between bind() and the right mode; supd has one thread. */
        mode_t old = umask(0777);
        int r = neg_errno(bind(fd, (const struct sockaddr *) address, sizeof(*address)));
        (void) umask(old);
        if (r < 0)
                return r;

        if (gid != (gid_t) -1)
                r = neg_errno(lchown(address->sun_path, (uid_t) -1, gid));
        if (r >= 0)
                r = neg_errno(chmod(address->sun_path, mode));
        if (r >= 0)
                r = neg_errno(listen(fd, BACKLOG));
        if (r < 0)
                (void) unlink(address->sun_path);
        return r;
}

int control_listen(Control *c, const char *path, mode_t mode, gid_t gid, Error *error) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return error_set_plain(error,
                                -ENAMETOOLONG,
                                ERROR_INVALID_ARGUMENT,
                                "the path of the socket '%s' is longer than %zu bytes",
                                path,
                                sizeof(address.sun_path) - 1);
        strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);

        _cleanup_close_ int fd = socket_new();
        if (fd < 0)
                return error_set(error, fd, ERROR_FAILED, "cannot make a socket");

        r = remove_dead_socket(&address);
        if (r == -EADDRINUSE)
                return error_set_plain(error,
                                r,
                                ERROR_FAILED,
                                "'%s' is served already: another supd runs here",
                                path);
        if (r >= 0)
                r = socket_bind(fd, &address, mode, gid);
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot listen on '%s'", path);

        r = control_listen_fd(c, &fd, path, gid, error);
        if (r < 0)
                (void) unlink(path);
        return r;
}

/* Whether clients that connect to @path come to @fd. */
static bool socket_serves(int fd, const char *path) {
        struct sockaddr_un address = {};
        socklen_t size = sizeof(address), flag_size = sizeof(int);
        struct stat st;
        int listens = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag_size) < 0 || !listens ||
                        getsockname(fd, (struct sockaddr *) &address, &size) < 0)
                return false;
        return address.sun_family == AF_UNIX && size < sizeof(address) &&
               str_equal(address.sun_path, path) && lstat(path, &st) >= 0 && S_ISSOCK(st.st_mode);
}

int control_listen_again(
                Control *c, int *fd, const char *path, mode_t mode, gid_t gid, Error *error) {
        if (!socket_serves(*fd, path))
                return error_set_plain(error,
                                -ESTALE,
                                ERROR_FAILED,
                                "the descriptor kept for '%s' does not serve it",
                                path);

        int r = gid == (gid_t) -1 ? 0 : neg_errno(lchown(path, (uid_t) -1, gid));
        if (r >= 0)
                r = neg_errno(chmod(path, mode));
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot set the mode of '%s'", path);
        return control_listen_fd(c, fd, path, gid, error);
}

int control_listener_fd(const Control *c, const char *path) {
        LIST_FOREACH (link, &c->listeners) {
                const Listener *l = CONTAINER_OF(link, Listener, link);

                if (str_equal(l->path, path))
                        return l->fd;
        }
        return -ENOENT;
}

void control_keep_sockets(Control *c) {
        c->keep_sockets = true;
}

/* A unit that is not found has every setting at its default. */
static UnitSpec *blank_spec_new(void) {
        UnitSpec *spec = calloc(1, sizeof(*spec));

        if (!spec)
                return NULL;
        service_spec_init(&spec->service);
        container_spec_init(&spec->container);
        spec->load_state = UNIT_NOT_FOUND;
        return spec;
}

int control_new(sd_event *event,
                Engine *engine,
                const ControlOps *ops,
                void *userdata,
                Control **ret,
                Error *error) {
        _cleanup_(control_freep) Control *c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;

        *c = (Control) {
                .event = sd_event_ref(event),
                .engine = engine,
                .ops = ops,
                .userdata = userdata,
                .limits = default_limits,
        };
        list_init(&c->listeners);
        list_init(&c->connections);
        list_init(&c->freezes);
        list_init(&c->image_runs);
        list_init(&c->secret_changes);

        c->blank = blank_spec_new();
        if (!c->blank)
                return -ENOMEM;
        int r = control_observe(c);
        if (r < 0)
                return error_set(error, r, ERROR_FAILED, "cannot set up the control bus");

        *ret = TAKE_PTR(c);
        return 0;
}

Control *control_free(Control *c) {
        if (!c)
                return NULL;

        LIST_FOREACH (link, &c->listeners) {
                listener_free(CONTAINER_OF(link, Listener, link));
        }
        LIST_FOREACH (connection, &c->connections) {
                connection_free(CONTAINER_OF(connection, Connection, link));
        }
        verbs_abandon(c);
        image_runs_kill(c);
        secret_changes_abandon(c);
        sd_bus_message_unref(c->reexecute_call);
        sd_event_source_disable_unref(c->reexecute_source);
        control_unobserve(c);
        unit_view_done(&c->view);
        free(c->view_path);
        unit_files_forget(c);
        unit_spec_free(c->blank);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}
