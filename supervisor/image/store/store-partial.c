/* SPDX-License-Identifier: MIT */
#include "image/store/store-partial.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/store/store-internal.h"

#define PARTIAL_DIR "partial"

/* Return: an fd. */
static int open_dir(const Store *s, bool make) {
        if (make && mkdirat(s->private_fd, PARTIAL_DIR, 0700) < 0 && errno != EEXIST)
                return -errno;
        return neg_errno(openat(s->private_fd,
                        PARTIAL_DIR,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

static int open_locked(int dir_fd, const char *hex) {
        _cleanup_close_ int fd = neg_errno(
                        openat(dir_fd, hex, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));

        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Whether @fd is still what has the name: who had the lock before us may have moved or removed it. */
static bool has_name(int dir_fd, const char *hex, int fd) {
        struct stat own, named;

        return fstat(fd, &own) >= 0 && fstatat(dir_fd, hex, &named, AT_SYMLINK_NOFOLLOW) >= 0 &&
               own.st_ino == named.st_ino && own.st_dev == named.st_dev;
}

int store_partial_open(Store *s, const Digest *digest, StorePartial *ret, Error *error) {
        const char *hex = digest_hex(digest);

        _cleanup_close_ int dir_fd = open_dir(s, /* make= */ true);
        if (dir_fd < 0)
                return store_error(error, dir_fd, "cannot open the partial downloads");
        for (;;) {
                _cleanup_close_ int fd = open_locked(dir_fd, hex);
                if (fd == -EWOULDBLOCK)
                        return fd;
                if (fd < 0)
                        return error_set(error,
                                        fd,
                                        ERROR_STORAGE,
                                        "cannot open the partial download of %s",
                                        digest->text);
                if (!has_name(dir_fd, hex, fd))
                        continue;
                *ret = (StorePartial) { .fd = TAKE_FD(fd), .digest = *digest };
                return 0;
        }
}

int store_partial_commit(Store *s, StorePartial *p, Error *error) {
        const char *hex = digest_hex(&p->digest);
        int r;

        _cleanup_close_ int dir_fd = open_dir(s, /* make= */ false);
        r = dir_fd < 0 ? dir_fd : neg_errno(fsync(p->fd));
        if (r >= 0)
                r = neg_errno(renameat2(dir_fd, hex, s->root.blobs_fd, hex, RENAME_NOREPLACE));
        if (r >= 0)
                r = strv_append(&s->made, hex);
        else if (r == -EEXIST) /* loaded from a file meanwhile, and the same */
                r = neg_errno(unlinkat(dir_fd, hex, 0));
        if (r >= 0)
                r = neg_errno(fsync(s->root.blobs_fd));
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "cannot store blob %s", p->digest.text);
        p->fd = close_fd(p->fd);
        return 0;
}

void store_partial_drop(Store *s, StorePartial *p) {
        if (p->fd < 0)
                return;

        _cleanup_close_ int dir_fd = open_dir(s, /* make= */ false);
        if (dir_fd >= 0)
                (void) unlinkat(dir_fd, digest_hex(&p->digest), 0); /* else a sweep removes it */
        p->fd = close_fd(p->fd);
}

void store_partial_close(StorePartial *p) {
        p->fd = close_fd(p->fd);
}

static int sweep_one(int dir_fd, const char *hex, uint64_t older_than_usec, uint64_t *bytes) {
        struct stat st;

        _cleanup_close_ int fd = open_locked(dir_fd, hex);
        if (fd == -EWOULDBLOCK)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return fd < 0 ? fd : -errno;
        if ((uint64_t) st.st_mtime * USEC_PER_SEC > older_than_usec || !has_name(dir_fd, hex, fd))
                return 0;
        if (unlinkat(dir_fd, hex, 0) < 0)
                return -errno;
        *bytes += (uint64_t) st.st_blocks * 512;
        return 0;
}

int store_partial_sweep(Store *s, bool all, uint64_t *bytes) {
        uint64_t now_usec = clock_realtime_usec();
        uint64_t older_than_usec =
                        all ? USEC_INFINITY : usec_sub(now_usec, STORE_PARTIAL_AGE_MAX_USEC);
        int r = 0;

        int dir_fd = open_dir(s, /* make= */ false);
        if (dir_fd == -ENOENT)
                return 0; /* nothing was ever pulled */
        _cleanup_(closedirp) DIR *d = dir_fd < 0 ? NULL : fdopendir(dir_fd);
        if (!d) {
                (void) close_fd(dir_fd);
                return dir_fd < 0 ? dir_fd : -ENOMEM;
        }
        for (struct dirent *entry; r >= 0 && (entry = readdir(d));)
                if (digest_hex_is_valid(entry->d_name))
                        r = sweep_one(dirfd(d), entry->d_name, older_than_usec, bytes);
        return r;
}
