/* SPDX-License-Identifier: MIT */
#include "image/layer/sink.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

typedef struct SinkOps {
        int (*begin)(Sink *s, const char *path, uint64_t size);
        int (*write)(Sink *s, const void *data, size_t size);
        int (*end)(Sink *s);
        int (*finish)(Sink *s);
} SinkOps;

struct Sink {
        const SinkOps *ops;
        int fd; /* borrowed; archive or directory */
        uint64_t bytes;
        struct archive *tar; /* owned; of an archive */
        int write_result;    /* what the archive's callback met with */
        int file_fd;         /* owned; of a directory: the file that is written */
};

/* ---- an archive ------------------------------------------------------------------------------- */
static la_ssize_t tar_write(struct archive *a, void *userdata, const void *data, size_t size) {
        Sink *s = userdata;
        int r = fd_write_all(s->fd, data, size);

        if (r >= 0)
                return (la_ssize_t) size;
        s->write_result = r;
        archive_set_error(a, -r, "write");
        return -1;
}

static int tar_result(const Sink *s, int r) {
        if (r == ARCHIVE_OK)
                return 0;
        return s->write_result < 0 ? s->write_result : -EIO;
}

static int tar_begin(Sink *s, const char *path, uint64_t size) {
        struct archive_entry *entry = archive_entry_new();

        if (!entry)
                return -ENOMEM;
        archive_entry_set_pathname(entry, path);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t) size);
        archive_entry_set_mtime(entry, 0, 0); /* the same archive each time */
        int r = archive_write_header(s->tar, entry);
        archive_entry_free(entry);
        return tar_result(s, r);
}

static int tar_put(Sink *s, const void *data, size_t size) {
        la_ssize_t n = archive_write_data(s->tar, data, size);

        return n == (la_ssize_t) size ? 0 : tar_result(s, ARCHIVE_FATAL);
}

static int tar_end(Sink *s) {
        return tar_result(s, archive_write_finish_entry(s->tar));
}

static int tar_finish(Sink *s) {
        struct stat st;
        int r;

        r = tar_result(s, archive_write_close(s->tar));
        if (r < 0 || fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
                return r;
        return neg_errno(fsync(s->fd));
}

/* ---- a directory ------------------------------------------------------------------------------ */
static int make_parents(int dir_fd, const char *path) {
        for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
                _cleanup_free_ char *parent = strndup(path, (size_t) (slash - path));
                if (!parent)
                        return -ENOMEM;
                if (mkdirat(dir_fd, parent, 0755) < 0 && errno != EEXIST)
                        return -errno;
        }
        return 0;
}

static int directory_begin(Sink *s, const char *path, uint64_t size) {
        int r;

        (void) size; /* the file will have it */
        r = make_parents(s->fd, path);
        if (r < 0)
                return r;
        s->file_fd = neg_errno(openat(
                        s->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
        return MIN(s->file_fd, 0);
}

static int directory_put(Sink *s, const void *data, size_t size) {
        return fd_write_all(s->file_fd, data, size);
}

static int directory_end(Sink *s) {
        s->file_fd = close_fd(s->file_fd);
        return 0;
}

static int directory_finish(Sink *s) {
        return neg_errno(syncfs(s->fd));
}

/* ---- either ----------------------------------------------------------------------------------- */
/* clang-format off */
static const SinkOps tar_ops       = { tar_begin,       tar_put,       tar_end,       tar_finish };
static const SinkOps directory_ops = { directory_begin, directory_put, directory_end, directory_finish };
/* clang-format on */

static int sink_new(const SinkOps *ops, int fd, Sink **ret) {
        Sink *s = malloc(sizeof(*s));

        if (!s)
                return -ENOMEM;
        *s = (Sink) { .ops = ops, .fd = fd, .file_fd = -EBADF };
        *ret = s;
        return 0;
}

int sink_new_archive(int fd, Sink **ret, Error *error) {
        _cleanup_(sink_freep) Sink *s = NULL;
        int r;

        r = sink_new(&tar_ops, fd, &s);
        if (r < 0)
                return r;
        s->tar = archive_write_new();
        if (!s->tar)
                return -ENOMEM;
        /* Without a block size nothing is copied once more, and a pipe's reader waits for nothing. */
        if (archive_write_set_format_pax_restricted(s->tar) != ARCHIVE_OK ||
                        archive_write_set_bytes_per_block(s->tar, 0) != ARCHIVE_OK ||
                        archive_write_open(s->tar, s, NULL, tar_write, NULL) != ARCHIVE_OK)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "this libarchive can't write tar archives");
        *ret = TAKE_PTR(s);
        return 0;
}

int sink_new_directory(int dir_fd, Sink **ret, Error *error) {
        (void) error; /* nothing fails but for want of memory */
        return sink_new(&directory_ops, dir_fd, ret);
}

static int sink_error(int r, Error *error) {
        return r < 0 && r != -ENOMEM
                               ? error_set(error, r, ERROR_STORAGE, "cannot write what is saved")
                               : r;
}

int sink_begin(Sink *s, const char *path, uint64_t size, Error *error) {
        return sink_error(s->ops->begin(s, path, size), error);
}

int sink_write(Sink *s, const void *data, size_t size, Error *error) {
        s->bytes += size;
        return sink_error(s->ops->write(s, data, size), error);
}

int sink_end(Sink *s, Error *error) {
        return sink_error(s->ops->end(s), error);
}

int sink_finish(Sink *s, Error *error) {
        return sink_error(s->ops->finish(s), error);
}

uint64_t sink_bytes(const Sink *s) {
        return s->bytes;
}

Sink *sink_free(Sink *s) {
        if (!s)
                return NULL;

        (void) archive_write_free(s->tar); /* closed by sink_finish(), or of no use */
        (void) close_fd(s->file_fd);
        free(s);
        return NULL;
}
