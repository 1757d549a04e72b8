/* SPDX-License-Identifier: MIT */
#include "image/driver/storage.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/driver/storage-internal.h"
#include "supd/image-store.h"

int storage_open_dir(int dir_fd, const char *name, bool make) {
        if (make && mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        return neg_errno(openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

static bool id_is_valid(const char *id) {
        const char *allowed =
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:@\\";
        size_t size = strlen(id);

        return size > 0 && size <= STORAGE_ID_MAX && *id != '.' && id[strspn(id, allowed)] == '\0';
}

/* ---- opening ---------------------------------------------------------------------------------- */
static int spec_check(const StorageSpec *spec, Storage *s, Error *error) {
        int r;

        r = storage_driver_find(spec->driver, &s->driver, error);
        if (r < 0)
                return r;
        if (spec->id && !id_is_valid(spec->id))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_NAME,
                                "bad container id: up to %u of letters, digits and ':-_.\\@', with "
                                "no '.' at its start",
                                STORAGE_ID_MAX);
        if (spec->size_max_root != UINT64_MAX && !s->driver->limits_size)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "--size-max-root: storage driver '%s' can't limit a root's size; "
                                "btrfs can",
                                s->driver->name);
        s->size_max_root = spec->size_max_root;
        r = str_replace(&s->path, spec->state_dir);
        return r < 0 ? r : str_replace(&s->id, spec->id);
}

/* A missing one that nothing is to be put into is none. */
static int open_optional(int dir_fd, const char *name, bool make, int *ret_fd) {
        *ret_fd = storage_open_dir(dir_fd, name, make);
        return *ret_fd == -ENOENT && !make ? 0 : MIN(*ret_fd, 0);
}

static int open_trees(Storage *s, int state_fd, unsigned use) {
        bool make = (use & STORAGE_PREPARES) && s->driver->tree_begin;
        int r;

        r = open_optional(state_fd, SUPD_STORE_TREE_DIR, make, &s->tree_fd);
        if (r < 0 || s->tree_fd < 0)
                return r;
        return open_optional(s->tree_fd, ".work", true, &s->tree_work_fd);
}

static int open_containers(Storage *s, int state_fd, unsigned use) {
        int r;

        s->container_fd = storage_open_dir(state_fd, SUPD_STORE_CONTAINER_DIR, true);
        if (s->container_fd < 0)
                return s->container_fd;
        if (use & STORAGE_REMOVES) {
                r = open_optional(s->container_fd, ".trash", true, &s->trash_fd);
                if (r < 0)
                        return r;
        }
        if (!s->id)
                return 0;
        return open_optional(s->container_fd, s->id, use & STORAGE_MAKES_ROOT, &s->own_fd);
}

static int open_all(Storage *s, unsigned use) {
        _cleanup_free_ char *private =
                        str_printf("%s/%s", SUPD_STORE_IMAGE_DIR, SUPD_STORE_PRIVATE_DIR);
        int r;

        if (!private)
                return -ENOMEM;
        _cleanup_close_ int fd = neg_errno(open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        s->private_fd = storage_open_dir(fd, private, /* make= */ false);
        if (s->private_fd < 0)
                return s->private_fd;
        r = open_containers(s, fd, use);
        return r < 0 ? r : open_trees(s, fd, use);
}

int storage_open(const StorageSpec *spec, Storage **ret, Error *error) {
        int r;

        _cleanup_(storage_freep) Storage *s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (Storage) {
                .private_fd = -EBADF,
                .tree_fd = -EBADF,
                .tree_work_fd = -EBADF,
                .container_fd = -EBADF,
                .trash_fd = -EBADF,
                .own_fd = -EBADF,
                .mark_fd = -EBADF,
                .request_fd = -EBADF,
        };

        r = spec_check(spec, s, error);
        if (r < 0)
                return r;
        r = open_all(s, spec->use);
        if (r < 0)
                return r == -ENOMEM ? r : error_set(error, r, ERROR_STORAGE, "store '%s'", s->path);
        r = spec->use & STORAGE_PREPARES ? storage_driver_check(s, error) : 0;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

Storage *storage_free(Storage *s) {
        if (!s)
                return NULL;

        free(s->path);
        free(s->id);
        (void) strv_free(s->made);
        (void) close_fd(s->private_fd);
        (void) close_fd(s->tree_fd);
        (void) close_fd(s->tree_work_fd);
        (void) close_fd(s->container_fd);
        (void) close_fd(s->trash_fd);
        (void) close_fd(s->own_fd);
        free(s);
        return NULL;
}

size_t storage_fds(const Storage *s, int ret_fds[STORAGE_FDS_MAX]) {
        const int fds[] = { s->tree_fd, s->own_fd, s->trash_fd };
        size_t n = 0;

        static_assert(ELEMENTSOF(fds) <= STORAGE_FDS_MAX, "all of them");
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (fds[i] >= 0)
                        ret_fds[n++] = fds[i];
        return n;
}

bool storage_copies(const Storage *s) {
        return s->driver->tree_begin != NULL;
}

/* ---- in the confined process ------------------------------------------------------------------ */
static int on_record(void *userdata, const Digest *manifest, Error *error) {
        return storage_prepare(userdata, manifest, error);
}

void storage_attach(Storage *s, Store *store, const BrokerSockets *sockets) {
        s->store = store;
        s->mark_fd = sockets->mark_fd;
        s->request_fd = sockets->request_fd;
        if (s->tree_fd >= 0)
                store_follow(store,
                                &(StoreFollower) {
                                                .userdata = s,
                                                .work_fd = s->tree_work_fd,
                                                .on_record = on_record,
                                                .set_aside = storage_set_aside,
                                });
}

int storage_request(const Storage *s, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL; /* vasprintf() leaves it undefined */
                return -ENOMEM;
        }
        return broker_ask(s->request_fd, text);
}
