/* SPDX-License-Identifier: MIT */
#include "logger/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"

#define CURRENT "0.log"
#define NEXT ".0.log.next"
#define FILE_NAME_MAX sizeof("0.log.1000")

#define NOTICE_MAX 160

static char *put_number(char *p, uint64_t value) {
        char digits[20];
        size_t n = 0;

        do
                digits[n++] = (char) ('0' + value % 10);
        while (value /= 10);
        while (n > 0)
                *p++ = digits[--n];
        return p;
}

static void file_name(unsigned number, char *ret_name) {
        char *p = stpcpy(ret_name, CURRENT);

        if (number > 0) {
                *p++ = '.';
                p = put_number(p, number);
        }
        *p = '\0';
}

static int file_open(int dir_fd, const char *name, int flags) {
        return neg_errno(openat(dir_fd,
                        name,
                        O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags,
                        0640));
}

/* The end of the last whole line; @buffer holds the file's last @length bytes. */
static size_t whole_lines(const char *buffer, size_t length) {
        const char *newline = memrchr(buffer, '\n', length);

        return newline ? (size_t) (newline - buffer) + 1 : 0;
}

static int cut_torn_line(LogFile *f) {
        size_t tail = (size_t) MIN(f->size, (uint64_t) CRI_LINE_MAX);
        ssize_t n = neg_errno(pread(f->fd, f->buffer, tail, (off_t) (f->size - tail)));

        if (n < 0)
                return (int) n;

        size_t whole = whole_lines(f->buffer, (size_t) n);
        if (whole == tail)
                return 0;

        f->size -= tail - whole;
        return neg_errno(ftruncate(f->fd, (off_t) f->size));
}

int log_file_open(LogFile *f) {
        struct stat st;

        f->rotate_above = f->size_max;
        f->fd = file_open(f->dir_fd, CURRENT, 0);
        if (f->fd < 0)
                return f->fd;
        if (fstat(f->fd, &st) < 0)
                return -errno;

        f->size = (uint64_t) st.st_size;
        return cut_torn_line(f);
}

/*
 * Moves 0.log to 0.log.1 and so on up to the first number that is free, or over the oldest. The last
 * rename first: whenever we are killed, there is a gap at worst, which the next rotation fills.
 */
static int shift_files(LogFile *f) {
        char from[FILE_NAME_MAX], to[FILE_NAME_MAX];
        unsigned free_number = 1;

        for (; free_number + 1 < f->count; free_number++) {
                file_name(free_number, to);
                if (faccessat(f->dir_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                        break;
        }

        for (unsigned i = MIN(free_number, f->count - 1); i > 0; i--) {
                file_name(i - 1, from);
                file_name(i, to);
                if (renameat(f->dir_fd, from, f->dir_fd, to) < 0 && errno != ENOENT)
                        return -errno;
        }

        return neg_errno(renameat(f->dir_fd, NEXT, f->dir_fd, CURRENT));
}

/* The new file is there before anything moves: if the disk is too full for it, the old one goes on. */
static int rotate(LogFile *f) {
        int fd = file_open(f->dir_fd, NEXT, O_TRUNC);
        if (fd < 0)
                return fd;

        int r = shift_files(f);
        if (r < 0) {
                (void) close(fd);
                (void) unlinkat(f->dir_fd, NEXT, 0);
                return r;
        }

        (void) close(f->fd);
        f->fd = fd;
        f->size = 0;
        return 0;
}

static void rotate_or_grow(LogFile *f) {
        int r = rotate(f);

        if (r < 0)
                f->rotation_error = r;

        /* A failed rotation is not tried again for every line. */
        f->rotate_above = f->size + f->size_max;
}

static uint64_t count_lines(const char *text, size_t length) {
        uint64_t n = 0;

        for (const char *end = text + length;
                        (text = memchr(text, '\n', (size_t) (end - text))) != NULL;
                        text++)
                n++;

        return n;
}

/* Return: how many bytes are written; with an error if not all. */
static size_t write_all(int fd, const char *text, size_t length, int *ret_error) {
        size_t done = 0;

        *ret_error = 0;
        while (done < length && *ret_error == 0) {
                ssize_t n = write(fd, text + done, length - done);

                if (n > 0)
                        done += (size_t) n;
                else
                        *ret_error = n < 0 ? errno : ENOSPC;
        }

        return done;
}

/* Writes whole lines. Return: how many bytes of them are in the file; with an error if not all. */
static size_t write_lines(LogFile *f, const char *text, size_t length, int *ret_error) {
        size_t done = write_all(f->fd, text, length, ret_error);

        if (done < length) {
                done = whole_lines(text, done);
                /* If even that fails, a torn line is what remains to be said. */
                (void) ftruncate(f->fd, (off_t) (f->size + done));
        }

        f->size += done;
        return done;
}

/* Return: whether the log may go on, nothing being lost that isn't told. */
static bool tell_losses(LogFile *f) {
        char notice[NOTICE_MAX];
        CriPrefix prefix;
        int error;

        if (f->lost_lines == 0)
                return true;

        cri_prefix_now("stderr", &prefix);
        /* Not later than the line that it goes before. */
        if (f->pending > 0)
                memcpy(prefix.text, f->buffer, CRI_TIME_LENGTH);
        memcpy(notice, prefix.text, CRI_PREFIX_LENGTH);

        char *p = stpcpy(notice + CRI_PREFIX_LENGTH, "supd-log: ");
        p = put_number(p, f->lost_lines);
        p = stpcpy(p, f->lost_lines == 1 ? " line lost: " : " lines lost: ");
        p = stpcpy(p, strerror(f->lost_error));
        *p++ = '\n';

        (void) write_lines(f, notice, (size_t) (p - notice), &error);
        if (error != 0)
                return false;

        f->lost_lines = 0;
        return true;
}

void log_file_flush(LogFile *f) {
        size_t done = 0;
        int error = f->lost_error;

        if (tell_losses(f))
                done = write_lines(f, f->buffer, f->pending, &error);

        if (done < f->pending) {
                f->lost_lines += count_lines(f->buffer + done, f->pending - done);
                f->lost_error = error;
        }

        f->pending = 0;
}

void log_file_append(LogFile *f, CriPrefix *prefix, const CriPiece *piece) {
        size_t length = CRI_PREFIX_LENGTH + piece->length + 1;
        uint64_t size = f->size + f->pending + length;

        /* The pieces of a line stay together, unless it is so long that the limit would be void. */
        if (size > length && size > f->rotate_above &&
                        (!f->in_split || size > 2 * f->rotate_above)) {
                log_file_flush(f);
                rotate_or_grow(f);
        } else if (f->pending + length > sizeof(f->buffer)) {
                log_file_flush(f);
        }

        char *p = f->buffer + f->pending;
        cri_prefix_mark(prefix, piece->is_partial);
        memcpy(p, prefix->text, CRI_PREFIX_LENGTH);
        memcpy(p + CRI_PREFIX_LENGTH, piece->text, piece->length);
        p[length - 1] = '\n';

        f->pending += length;
        f->in_split = piece->is_partial;
}
