/* SPDX-License-Identifier: MIT */
#include "log/log-files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"

/* Whoever keeps more files than this has them read by another tool. */
#define LOG_FILES_MAX 1000U

static int log_file_open(int dir_fd, unsigned number, LogFile *ret) {
        _cleanup_free_ char *name = number == 0 ? strdup(LOG_FILES_CURRENT)
                                                : str_printf(LOG_FILES_CURRENT ".%u", number);
        struct stat st;

        if (!name)
                return -ENOMEM;

        _cleanup_close_ int fd = neg_errno(openat(
                        dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;

        *ret = (LogFile) {
                .device = st.st_dev,
                .inode = st.st_ino,
                .size = (uint64_t) st.st_size,
                .changed_realtime_usec = (uint64_t) st.st_mtim.tv_sec * USEC_PER_SEC +
                                         (uint64_t) st.st_mtim.tv_nsec / 1000,
        };
        ret->fd = TAKE_FD(fd);
        return 0;
}

static bool log_files_have(const LogFiles *f, const LogFile *file) {
        for (size_t i = 0; i < f->n_files; i++) {
                if (f->files[i].device == file->device && f->files[i].inode == file->inode)
                        return true;
        }
        return false;
}

static int log_files_append(LogFiles *f, const LogFile *file) {
        LogFile *grown = reallocarray(f->files, f->n_files + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        f->files = grown;
        f->files[f->n_files++] = *file;
        return 0;
}

static void log_files_reverse(LogFiles *f) {
        for (size_t i = 0; i < f->n_files / 2; i++) {
                LogFile other = f->files[f->n_files - 1 - i];
                f->files[f->n_files - 1 - i] = f->files[i];
                f->files[i] = other;
        }
}

/*
 * From the newest to the oldest. A rotation meanwhile moves every file one number up: one that was
 * opened comes again under the next number, and while it is under way one number is not there. Both
 * are passed over; nothing is missed, for files only move in the direction of the walk.
 */
static int log_files_collect(const LogFiles *known, int dir_fd, LogFiles *newer) {
        unsigned n_missing = 0;

        for (unsigned number = 0; number < LOG_FILES_MAX && n_missing < 2; number++) {
                LogFile file;

                int r = log_file_open(dir_fd, number, &file);
                if (r == -ENOENT) {
                        n_missing++;
                        continue;
                }
                if (r < 0)
                        return r;

                n_missing = 0;
                if (log_files_have(known, &file)) {
                        close_fd(file.fd);
                        return 0;
                }
                if (log_files_have(newer, &file)) {
                        close_fd(file.fd);
                        continue;
                }
                r = log_files_append(newer, &file);
                if (r < 0) {
                        close_fd(file.fd);
                        return r;
                }
        }
        return 0;
}

int log_files_update(LogFiles *f, int dir_fd) {
        _cleanup_(log_files_done) LogFiles newer = {};

        int r = log_files_collect(f, dir_fd, &newer);
        if (r < 0)
                return r;
        if (newer.n_files == 0)
                return 0;

        log_files_reverse(&newer);
        LogFile *grown = reallocarray(f->files, f->n_files + newer.n_files, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        memcpy(grown + f->n_files, newer.files, newer.n_files * sizeof(*grown));
        f->files = grown;
        f->n_files += newer.n_files;
        newer.n_files = 0; /* the descriptors have moved */
        return 1;
}

void log_files_drop(LogFiles *f) {
        assert(f->n_files > 0);

        close_fd(f->files[0].fd);
        f->n_files--;
        memmove(f->files, f->files + 1, f->n_files * sizeof(f->files[0]));
}

uint64_t log_files_size(const LogFiles *f) {
        uint64_t size = 0;

        for (size_t i = 0; i < f->n_files; i++)
                size += f->files[i].size;
        return size;
}

ssize_t log_files_read(const LogFiles *f, void *data, size_t size, uint64_t offset) {
        for (size_t i = 0; i < f->n_files; i++) {
                const LogFile *file = &f->files[i];

                /* The sizes of the opening count for offsets even where a file has grown since. */
                if (offset >= file->size && i + 1 < f->n_files) {
                        offset -= file->size;
                        continue;
                }
                if (i + 1 < f->n_files)
                        size = MIN(size, file->size - offset);
                return neg_errno(pread(file->fd, data, size, (off_t) offset));
        }
        return 0;
}

void log_files_done(LogFiles *f) {
        for (size_t i = 0; i < f->n_files; i++)
                close_fd(f->files[i].fd);
        free(f->files);
        *f = (LogFiles) {};
}
