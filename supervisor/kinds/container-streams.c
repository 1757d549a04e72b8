/* SPDX-License-Identifier: MIT */
#include "kinds/container-streams.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/macro.h"

#define FILE_MODE 0644

/* A pipe that nobody reads is an error here, and no reason to wait. */
static int open_path(const char *path, int flags) {
        _cleanup_close_ int fd =
                        neg_errno(open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE));
        if (fd < 0)
                return fd;
        int r = fd_set_nonblock(fd, /* nonblock= */ false);
        return r < 0 ? r : TAKE_FD(fd);
}

static int open_output(const StreamSpec *s, const char *key, Error *error) {
        int flags = O_WRONLY | O_CREAT | (s->kind == STREAM_APPEND ? O_APPEND : 0) |
                    (s->kind == STREAM_TRUNCATE ? O_TRUNC : 0);
        const char *path = s->kind == STREAM_NULL ? "/dev/null" : s->path;

        int fd = open_path(path, flags);
        if (fd < 0)
                return error_set(error, fd, ERROR_LOG, "%s: cannot open %s", key, path);
        return fd;
}

static bool is_log(StreamKind kind) {
        return kind == STREAM_INHERIT || kind == STREAM_LOG;
}

static void replace_fd(int *fd, int other) {
        (void) close_fd(*fd);
        *fd = other;
}

static bool same_file(const StreamSpec *a, const StreamSpec *b) {
        struct stat x, y;

        return a->path && b->path && stat(a->path, &x) >= 0 && stat(b->path, &y) >= 0 &&
               x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int container_streams_open(
                const LogSettings *settings, int *stdout_fd, int *stderr_fd, Error *error) {
        const StreamSpec *out = &settings->output, *err = &settings->error;
        int fd;

        if (!is_log(out->kind)) {
                fd = open_output(out, "StandardOutput", error);
                if (fd < 0)
                        return fd;
                replace_fd(stdout_fd, fd);
        }
        if (err->kind == STREAM_LOG || (err->kind == STREAM_INHERIT && is_log(out->kind)))
                return 0;

        /* Of one file both have the same place in it, or the one would overwrite the other. */
        if (err->kind == STREAM_INHERIT || (!is_log(out->kind) && same_file(out, err))) {
                fd = neg_errno(fcntl(*stdout_fd, F_DUPFD_CLOEXEC, 3));
                if (fd < 0)
                        return error_set(error, fd, ERROR_LOG, "cannot duplicate a descriptor");
        } else {
                fd = open_output(err, "StandardError", error);
                if (fd < 0)
                        return fd;
        }
        replace_fd(stderr_fd, fd);
        return 0;
}

int container_streams_open_input(const LogSettings *settings, Error *error) {
        const StreamSpec *in = &settings->input;

        if (in->kind != STREAM_FILE)
                return -EBADF;
        int fd = open_path(in->path, O_RDONLY);
        if (fd < 0)
                return error_set(error,
                                fd == -EBADF ? -EIO : fd,
                                ERROR_LOG,
                                "StandardInput: cannot open %s",
                                in->path);
        return fd;
}
