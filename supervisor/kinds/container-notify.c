/* SPDX-License-Identifier: MIT */
#include "kinds/container-notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "kinds/control-command.h"
#include "kinds/notify-socket.h"

#define DATAGRAMS_MAX 16U /* in one turn: who writes for ever holds nobody up */
#define NOTIFY_TURNS_AT_END 64U
#define CGROUP_FILE_SIZE_MAX (64U * 1024U)

bool container_notify_wanted(const Container *c) {
        return container_spec(c)->notify == NOTIFY_PAYLOAD &&
               c->unit.spec->service.type != SERVICE_ONESHOT;
}

char *container_notify_path(const Container *c) {
        return notify_socket_path(c->context->runtime_dir, c->fd_name);
}

/* ---- who sends ----------------------------------------------------------------------------------- */

/* Below the unit's group, whatever namespaces it is in. Return: 1; 0; -errno if it can't be told. */
static int is_below(const Container *c, pid_t pid) {
        _cleanup_free_ char *path = str_printf("/proc/%d/cgroup", pid), *text = NULL;
        const char *own = cgroup_path(c->run.cgroup), *line;

        if (!path)
                return -ENOMEM;
        int r = file_read(AT_FDCWD, path, CGROUP_FILE_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;
        line = str_has_prefix(text, "0::") ? text : strstr(text, "\n0::");
        if (!line)
                return 0;
        line = strchr(line, ':') + 2;
        return str_has_prefix(line, own) && strchr("/\n ", line[strlen(own)]) != NULL;
}

/*
 * A sender that has ended since can't be asked what group it was in: systemd-notify is such a one. It was root, or
 * in the container, or it could not have found the socket: where everybody may notify, it is believed.
 */
static bool may_notify(const Container *c, pid_t pid) {
        NotifyAccess access = c->unit.spec->service.notify_access;

        switch (access) {
        case NOTIFY_ACCESS_NONE:
                return false;
        case NOTIFY_ACCESS_EXEC:
                if (c->command && pid == control_command_pid(c->command))
                        return true;
                /* fall through */
        case NOTIFY_ACCESS_MAIN:
                return pid > 0 &&
                       (pid == c->run.payload_pid || (!c->run.init && pid == c->run.child.pid));
        default: {
                int r = pid > 0 && c->run.cgroup ? is_below(c, pid) : -ESRCH;
                return r > 0 || r == -ENOENT || r == -ESRCH;
        }
        }
}

/* ---- what it says -------------------------------------------------------------------------------- */

static void tell_state(Container *c, const Notification *n) {
        Lifecycle *l = &c->lifecycle;

        /* STOPPING goes before READY, and that before RELOADING. */
        if (n->stopping)
                lifecycle_post(l, SERVICE_EV_STOPPING, clock_dual());
        else if (n->ready && service_state_to_active(l->state) == UNIT_RELOADING)
                lifecycle_post(l, SERVICE_EV_RELOADED, clock_dual());
        else if (n->ready) {
                /* Word of the exec comes another way, and may come later. */
                container_executes(c);
                container_ready(c);
        } else if (n->reloading)
                lifecycle_post(l, SERVICE_EV_RELOADING, clock_dual());
}

static void tell_watchdog(Container *c, const Notification *n) {
        uint64_t now = clock_monotonic_usec();
        Lifecycle *l = &c->lifecycle;

        if (n->watchdog_usec != UINT64_MAX)
                lifecycle_set_watchdog(l, n->watchdog_usec ?: USEC_INFINITY, now);
        else if (n->ping)
                lifecycle_ping(l, now);
        if (n->extend_usec != UINT64_MAX)
                lifecycle_extend_timeout(l, n->extend_usec, now);
        if (n->trigger)
                lifecycle_post(l, SERVICE_EV_WATCHDOG, clock_dual());
}

/* Return: whether there is something new to show. */
static bool tell_text(Container *c, const Notification *n) {
        bool changed = n->error >= 0 && n->error != c->notify.error;

        if (n->error >= 0)
                c->notify.error = n->error;
        if (n->status && !str_equal(n->status, c->notify.text ?: "")) {
                (void) str_replace(&c->notify.text,
                                *n->status ? n->status : NULL); /* or the old one */
                changed = true;
        }
        return changed;
}

/* ---- descriptors that it wants kept ---------------------------------------------------------------- */

static void store_fds(Container *c, const Notification *n, NotifyDatagram *d) {
        size_t max = MIN(c->unit.spec->service.fd_store_max, RUNTIME_LISTEN_FDS_MAX);
        char prefix[33];

        if (!c->notify.kept.prefix) {
                snprintf(prefix, sizeof(prefix), "%s", c->container_id);
                if (kept_fds_set_prefix(&c->notify.kept, prefix) < 0)
                        return;
        }
        for (size_t i = 0; i < d->n_fds; i++) {
                int r = kept_fds_add(&c->notify.kept, &d->fds[i], n->fd_name, !n->no_poll, max);
                if (r >= 0)
                        continue;
                /* Once a run: who hands them over for ever does not fill the journal. */
                container_tell(c,
                                max > 0 && !c->notify.told_full ? DIAG_WARNING : DIAG_DEBUG,
                                NULL,
                                "A descriptor is not kept: %s.",
                                r == -E2BIG ? "FileDescriptorStoreMax= are" : strerrordesc_np(-r));
                c->notify.told_full = true;
                return;
        }
}

/* Return: as tell_text(). */
static bool take_fds(Container *c, const Notification *n, NotifyDatagram *d) {
        size_t before = c->notify.kept.n_items;

        if (n->remove && n->fd_name)
                (void) kept_fds_remove(&c->notify.kept, n->fd_name);
        else if (n->store)
                store_fds(c, n, d);
        return c->notify.kept.n_items != before;
}

static void on_kept_gone(void *userdata) {
        Container *c = userdata;

        unit_notify(&c->unit, /* start_failed= */ false);
        container_save(c);
}

/* Return: as tell_text(). */
static bool take_datagram(Container *c, NotifyDatagram *d) {
        Notification n;

        if (!may_notify(c, d->pid)) {
                container_tell(c,
                                DIAG_DEBUG,
                                NULL,
                                "A notification of process %d does not count: NotifyAccess=%s.",
                                d->pid,
                                notify_access_to_string(c->unit.spec->service.notify_access));
                return false;
        }
        if (d->truncated || notification_parse(d->text, d->size, &n) < 0) {
                container_tell(c,
                                DIAG_DEBUG,
                                NULL,
                                "A notification of process %d is too long, or no text; ignored.",
                                d->pid);
                return false;
        }
        /* BARRIER=1 asks for no more than that its descriptor be closed, in order: as all are. */
        bool changed = tell_text(c, &n);
        changed = take_fds(c, &n, d) || changed;
        tell_watchdog(c, &n);
        tell_state(c, &n);
        return changed;
}

/* Return: whether there may be more. */
static bool read_some(Container *c) {
        bool changed = false, more = true;

        for (unsigned i = 0; i < DATAGRAMS_MAX && more && c->notify.fd >= 0; i++) {
                NotifyDatagram d = {};

                more = notify_socket_receive(c->notify.fd, &d) > 0;
                if (!more)
                        break;
                changed |= take_datagram(c, &d);
                notify_datagram_done(&d, c->context->event);
        }
        if (changed) {
                unit_notify(&c->unit, /* start_failed= */ false);
                container_save(c);
        }
        return more && c->notify.fd >= 0;
}

void container_notify_read(Container *c) {
        /* What was sent before an end is all there is; nobody is left to write for ever. */
        for (unsigned i = 0; i < NOTIFY_TURNS_AT_END && read_some(c); i++)
                ;
}

static int on_datagram(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Container *c = userdata;

        (void) source, (void) fd, (void) events;
        container_read_status(c);
        (void) read_some(c);
        return 0;
}

/* ---- the socket ---------------------------------------------------------------------------------- */

static int watch(Container *c) {
        return sd_event_add_io(c->context->event,
                        &c->notify.source,
                        c->notify.fd,
                        EPOLLIN,
                        on_datagram,
                        c);
}

static void store_name(const Container *c, char *ret, size_t size) {
        snprintf(ret, size, "%s-notify", c->fd_name);
}

int container_notify_open(Container *c, Error *error) {
        UnitStore *store = c->context->store;
        _cleanup_free_ char *path = NULL;
        char name[80];

        container_notify_close(c);
        c->lifecycle.watchdog_usec = USEC_INFINITY;
        c->notify.told_full = false;
        if (!container_notify_wanted(c))
                return 0;
        path = container_notify_path(c);
        if (!path)
                return -ENOMEM;
        c->notify.fd = notify_socket_open(path, error);
        if (c->notify.fd < 0)
                return c->notify.fd;
        int r = watch(c);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot watch the socket %s", path);
        /* Kept where it can be; where not, a crash of supd leaves the container without one. */
        store_name(c, name, sizeof(name));
        (void) store->ops->put_fd(store, name, c->notify.fd);
        return 0;
}

void container_notify_executes(Container *c) {
        uint64_t usec = c->unit.spec->service.watchdog_usec;

        if (c->notify.fd >= 0 && usec > 0)
                lifecycle_set_watchdog(&c->lifecycle, usec, clock_monotonic_usec());
}

void container_notify_release(Container *c) {
        FdStorePreserve preserve = c->unit.spec->service.fd_store_preserve;
        bool restarts = c->unit.job && c->unit.job->stopping;

        if (preserve == FD_STORE_NO || (preserve == FD_STORE_RESTART && !restarts))
                kept_fds_clear(&c->notify.kept);
}

static void close_socket(ContainerNotify *n) {
        n->source = sd_event_source_disable_unref(n->source);
        n->fd = close_fd(n->fd);
        n->error = 0;
        (void) str_replace(&n->text, NULL); /* NULL needs no memory */
}

void container_notify_close(Container *c) {
        if (c->unit.spec->service.fd_store_preserve == FD_STORE_NO)
                kept_fds_clear(&c->notify.kept);
        UnitStore *store = c->context->store;
        _cleanup_free_ char *path = NULL;
        char name[80];

        (void) str_replace(&c->notify.text, NULL); /* NULL needs no memory */
        if (c->notify.fd < 0)
                return;
        store_name(c, name, sizeof(name));
        store->ops->drop_fd(store, name);
        path = container_notify_path(c);
        if (path)
                notify_socket_remove(path);
        close_socket(&c->notify);
}

/* ---- over a restart of supd ------------------------------------------------------------------------ */

void container_notify_put(const Container *c, RecordWriter *w) {
        record_put_bool(w, "Notifies", c->notify.fd >= 0);
        record_put(w, "NotifyText", c->notify.text);
        record_put_i64(w, "NotifyErrno", c->notify.error);
        kept_fds_put(&c->notify.kept, w);
}

int container_notify_restore(Container *c, const Record *record) {
        UnitStore *store = c->context->store;
        char name[80];

        if (!c->fd_name || !record_bool_or(record, "Notifies", false))
                return 0;
        c->notify.error = (int) record_i64_or(record, "NotifyErrno", 0);
        if (str_replace(&c->notify.text, record_get(record, "NotifyText")) < 0)
                return -ENOMEM;
        store_name(c, name, sizeof(name));
        c->notify.fd = store->ops->take_fd(store, name);
        if (c->notify.fd >= 0)
                return watch(c);
        c->notify.fd = -EBADF;
        /* The container holds the other end of what is gone: it can't be made anew. */
        lifecycle_set_watchdog(&c->lifecycle, USEC_INFINITY, clock_monotonic_usec());
        container_tell(c,
                        DIAG_WARNING,
                        NULL,
                        "Its notification socket ended with the former supd; it runs on unheard, "
                        "and without "
                        "watchdog, until it is restarted.");
        return 0;
}

void container_notify_init(Container *c) {
        c->notify.fd = -EBADF;
        kept_fds_init(&c->notify.kept, c->context->event, c->context->store, on_kept_gone, c);
}

void container_notify_done(ContainerNotify *n) {
        close_socket(n);
        kept_fds_done(&n->kept);
}
