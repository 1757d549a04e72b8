/* SPDX-License-Identifier: MIT */
#include "kinds/kept-fds.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "core/notification.h"
#include "kinds/foreign-fds.h"
#include "runtime/container.h"

#define NAME_DEFAULT "stored"

void kept_fds_init(KeptFds *k,
                sd_event *event,
                UnitStore *store,
                void (*changed)(void *userdata),
                void *userdata) {
        *k = (KeptFds) { .event = event, .store = store, .changed = changed, .userdata = userdata };
}

int kept_fds_set_prefix(KeptFds *k, const char *prefix) {
        return str_replace(&k->prefix, prefix);
}

static void store_name(const KeptFd *f, char *ret, size_t size) {
        snprintf(ret, size, "%s-kept-%u", f->all->prefix, f->number);
}

static KeptFd *kept_fd_free(KeptFd *f) {
        if (!f)
                return NULL;
        f->source = sd_event_source_disable_unref(f->source);
        foreign_fds_close(f->all->event, &f->fd, 1);
        free(f->name);
        free(f);
        return NULL;
}
DEFINE_CLEANUP(KeptFd *, kept_fd_free);

void kept_fds_done(KeptFds *k) {
        for (size_t i = 0; i < k->n_items; i++)
                (void) kept_fd_free(k->items[i]);
        free(k->items);
        free(k->prefix);
        k->items = NULL;
        k->n_items = 0;
        k->prefix = NULL;
}

static void drop_at(KeptFds *k, size_t i) {
        char name[80];

        store_name(k->items[i], name, sizeof(name));
        /* Supd's store may be kept by supinit, which has no time to wait for a peer either. */
        foreign_fd_stop_linger(k->items[i]->fd);
        k->store->ops->drop_fd(k->store, name);
        (void) kept_fd_free(k->items[i]);
        memmove(&k->items[i], &k->items[i + 1], (k->n_items - i - 1) * sizeof(KeptFd *));
        k->n_items--;
}

static int on_gone(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        KeptFd *f = userdata;
        KeptFds *k = f->all;

        (void) source, (void) fd, (void) events;
        for (size_t i = 0; i < k->n_items; i++) {
                if (k->items[i] != f)
                        continue;
                drop_at(k, i);
                break;
        }
        k->changed(k->userdata);
        return 0;
}

static bool is_same_file(int a, int b) {
        pid_t self = getpid();

        /* Without CONFIG_KCMP it is kept twice. */
        return syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

/* Takes *fd over on success. */
static int append(KeptFds *k, int *fd, const char *name, bool polls, unsigned number) {
        KeptFd **grown = realloc(k->items, (k->n_items + 1) * sizeof(KeptFd *));
        if (!grown)
                return -ENOMEM;
        k->items = grown;
        _cleanup_(kept_fd_freep) KeptFd *f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (KeptFd) { .all = k, .fd = -EBADF, .number = number, .polls = polls };
        f->name = strdup(name);
        if (!f->name)
                return -ENOMEM;
        f->fd = TAKE_FD(*fd);
        /* What can't be polled, a plain file, say, has no other end. */
        if (polls)
                (void) sd_event_add_io(
                                k->event, &f->source, f->fd, EPOLLHUP | EPOLLERR, on_gone, f);
        k->items[k->n_items++] = TAKE_PTR(f);
        return 0;
}

int kept_fds_add(KeptFds *k, int *fd, const char *name, bool polls, size_t max) {
        char in_store[80];

        for (size_t i = 0; i < k->n_items; i++) {
                if (is_same_file(k->items[i]->fd, *fd))
                        return 0;
        }
        if (k->n_items >= max)
                return -E2BIG;
        int r = append(k, fd, name ?: NAME_DEFAULT, polls, k->next);
        if (r < 0)
                return r;
        k->next++;
        store_name(k->items[k->n_items - 1], in_store, sizeof(in_store));
        /* Where supd has nobody who keeps it, it ends with supd. */
        (void) k->store->ops->put_fd(k->store, in_store, k->items[k->n_items - 1]->fd);
        return 1;
}

size_t kept_fds_remove(KeptFds *k, const char *name) {
        size_t n = 0;

        for (size_t i = k->n_items; i-- > 0;) {
                if (!str_equal(k->items[i]->name, name))
                        continue;
                drop_at(k, i);
                n++;
        }
        return n;
}

void kept_fds_clear(KeptFds *k) {
        while (k->n_items > 0)
                drop_at(k, k->n_items - 1);
}

int kept_fds_pass(const KeptFds *k, PassedSockets *passed) {
        for (size_t i = 0; i < k->n_items && passed->n_fds < RUNTIME_LISTEN_FDS_MAX; i++) {
                int r = passed_sockets_add(passed, k->items[i]->fd, k->items[i]->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- records: "NUMBER POLLS NAME" ------------------------------------------------------------------ */

void kept_fds_put(const KeptFds *k, RecordWriter *w) {
        if (k->n_items == 0)
                return;
        record_put(w, "KeptPrefix", k->prefix);
        for (size_t i = 0; i < k->n_items; i++) {
                const KeptFd *f = k->items[i];
                _cleanup_free_ char *text = str_printf("%u %d %s", f->number, f->polls, f->name);

                if (text)
                        record_put(w, "KeptFd", text);
                else if (w->result >= 0)
                        w->result = -ENOMEM;
        }
}

static int get_one(KeptFds *k, const char *text) {
        char in_store[80];
        unsigned number;
        int polls, at = 0;

        if (sscanf(text, "%u %d %n", &number, &polls, &at) != 2 || at == 0 ||
                        !notification_fd_name_is_valid(text + at))
                return 0;
        k->next = MAX(k->next, number + 1);
        store_name(&(KeptFd) { .all = k, .number = number }, in_store, sizeof(in_store));
        _cleanup_close_ int fd = k->store->ops->take_fd(k->store, in_store);
        return fd < 0 ? 0 : append(k, &fd, text + at, polls != 0, number);
}

int kept_fds_get(KeptFds *k, const Record *record) {
        const char *prefix = record_get(record, "KeptPrefix"), *text;
        int r;

        if (!prefix)
                return 0;
        r = kept_fds_set_prefix(k, prefix);
        for (size_t i = 0; r >= 0 && (text = record_get_nth(record, "KeptFd", i)); i++)
                r = get_one(k, text);
        return r;
}
