/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/driver/storage-internal.h"
#include "image/driver/subvolume.h"
#include "image/store/tree.h"
#include "supd/image-store.h"

/* ---- making ----------------------------------------------------------------------------------- */
static int own_lock(const Storage *s, Error *error) {
        int r = neg_errno(flock(s->own_fd, LOCK_EX | LOCK_NB));

        if (r == -EWOULDBLOCK)
                return error_set_plain(error,
                                -EBUSY,
                                ERROR_STORAGE,
                                "another is at work on the root of '%s'",
                                s->id);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot lock container '%s'", s->id) : 0;
}

static bool is_there(int dir_fd, const char *name) {
        struct stat st;

        return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0;
}

static int put_path(const Storage *s, RecordWriter *w, const char *key, const char *name) {
        _cleanup_free_ char *path =
                        str_printf("%s/%s/%s/%s", s->path, SUPD_STORE_CONTAINER_DIR, s->id, name);

        if (!path)
                return -ENOMEM;
        record_put(w, key, path);
        return 0;
}

int storage_root_make(Storage *s,
                const Digest *manifest,
                const ImageConfig *config,
                RecordWriter *w,
                Error *error) {
        bool joined = !s->driver->tree_begin;
        int r;

        r = own_lock(s, error);
        if (r < 0)
                return r;
        if (is_there(s->own_fd, ROOT_DIR) || is_there(s->own_fd, UPPER_DIR))
                return error_set_plain(error,
                                -EEXIST,
                                ERROR_STORAGE,
                                "container '%s' has a root; 'root-remove %s' takes it away",
                                s->id,
                                s->id);
        r = s->driver->root_make(s, digest_hex(manifest), config, error);
        if (r < 0)
                return r == -ENOMEM ? r : error_prefix(error, r, "root of '%s'", s->id);
        if (!joined)
                return put_path(s, w, SUPD_STORE_ROOT, ROOT_DIR);
        r = put_path(s, w, SUPD_STORE_UPPER, UPPER_DIR);
        return r < 0 ? r : put_path(s, w, SUPD_STORE_WORK, WORK_DIR);
}

/* ---- removing --------------------------------------------------------------------------------- */

static int delete_subvolume(const char *path, void *userdata) {
        const Storage *s = userdata;

        return storage_request(s, "delete-trash %s", path);
}

/* Whole subvolumes first: they go at once, where file by file would take long. */
static int trash_remove(Storage *s, const char *name) {
        _cleanup_free_ char *root = str_printf("%s/%s", name, ROOT_DIR);
        int r = 0;

        if (!root)
                return -ENOMEM;
        if (subvolume_is_there(s->trash_fd, name))
                return delete_subvolume(name, s);
        if (subvolume_is_there(s->trash_fd, root))
                r = delete_subvolume(root, s);
        /* A container may have made subvolumes and snapshots of its own. */
        return r < 0 ? r : tree_remove_with(s->trash_fd, name, delete_subvolume, s);
}

/* Two at once would take the files away from below each other. */
static int trash_lock(const Storage *s, Error *error) {
        int r;

        do
                r = neg_errno(flock(s->trash_fd, LOCK_EX));
        while (r == -EINTR);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot lock container/.trash") : 0;
}

static int trash_error(int r, const char *name, Error *error) {
        _cleanup_free_ char *shown = text_escape_controls(name);

        if (r == -ENOMEM || !shown)
                return -ENOMEM;
        return error_set(error, r, ERROR_STORAGE, "cannot remove 'container/.trash/%s'", shown);
}

int storage_empty_trash(Storage *s, Error *error) {
        int r, failure = 0;

        r = trash_lock(s, error);
        if (r < 0)
                return r;
        _cleanup_close_ int fd =
                        neg_errno(openat(s->trash_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d)
                return error_set(error, fd < 0 ? fd : -ENOMEM, ERROR_STORAGE, "container/.trash");
        (void) TAKE_FD(fd); /* readdir's now */
        for (struct dirent *entry; (entry = readdir(d));) {
                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                /* One that can't go must not keep the others. */
                r = trash_remove(s, entry->d_name);
                if (r < 0 && failure == 0)
                        failure = trash_error(r, entry->d_name, error);
        }
        return failure;
}

/* Out of the container's directory at once, so that a new root can be made whatever happens to the old. */
static int move_to_trash(Storage *s, char **ret_name) {
        static const char *const names[] = {
                ROOT_DIR, ROOT_WORK_DIR, UPPER_DIR, UPPER_WORK_DIR, WORK_DIR
        };
        uint64_t random;

        if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
                return -EIO;
        _cleanup_free_ char *name = str_printf("%s.%016llx", s->id, (unsigned long long) random);
        if (!name)
                return -ENOMEM;
        _cleanup_close_ int fd = storage_open_dir(s->trash_fd, name, /* make= */ true);
        if (fd < 0)
                return fd;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (renameat(s->own_fd, names[i], fd, names[i]) < 0 && errno != ENOENT)
                        return -errno;
        *ret_name = TAKE_PTR(name);
        return 0;
}

int storage_root_remove(Storage *s, Error *error) {
        _cleanup_free_ char *name = NULL;
        int r;

        if (s->own_fd < 0)
                return 0;
        r = own_lock(s, error);
        if (r >= 0)
                r = trash_lock(s, error);
        if (r < 0)
                return r;
        r = move_to_trash(s, &name);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot move the root of '%s'", s->id);
        r = trash_remove(s, name);
        return r < 0 ? trash_error(r, name, error) : 0;
}
