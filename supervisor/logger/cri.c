/* SPDX-License-Identifier: MIT */
#include "logger/cri.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"

#define TAG_OFFSET (CRI_PREFIX_LENGTH - 2)

static char *put_number(char *p, unsigned value, int digits) {
        for (int i = digits - 1; i >= 0; i--, value /= 10)
                p[i] = (char) ('0' + value % 10);

        return p + digits;
}

void cri_prefix_now(const char *stream_name, CriPrefix *ret) {
        struct timespec now = {};
        struct tm tm = {};
        static const char tag[] = { ' ', 'F', ' ' };
        char *p = ret->text;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        (void) gmtime_r(&now.tv_sec, &tm);

        const struct {
                int value, digits;
                char after;
        } parts[] = {
                { tm.tm_year + 1900, 4, '-' },
                { tm.tm_mon + 1, 2, '-' },
                { tm.tm_mday, 2, 'T' },
                { tm.tm_hour, 2, ':' },
                { tm.tm_min, 2, ':' },
                { tm.tm_sec, 2, '.' },
                { (int) now.tv_nsec, 9, 'Z' },
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                p = put_number(p, (unsigned) parts[i].value, parts[i].digits);
                *p++ = parts[i].after;
        }

        *p++ = ' ';
        memcpy(p, stream_name, CRI_STREAM_LENGTH);
        p += CRI_STREAM_LENGTH;
        memcpy(p, tag, sizeof(tag));
}

void cri_prefix_mark(CriPrefix *prefix, bool is_partial) {
        prefix->text[TAG_OFFSET] = is_partial ? 'P' : 'F';
}

int cri_stream_read(CriStream *s) {
        ssize_t n = read(s->fd, s->data + s->filled, CRI_READ_MAX);

        if (n < 0)
                return -errno;

        s->filled += (size_t) n;
        return (int) n;
}

bool cri_stream_next(CriStream *s, size_t *offset, bool at_end, CriPiece *ret) {
        const char *text = s->data + *offset;
        size_t left = s->filled - *offset;
        /* One byte more than fits, to tell a line that just fits from one that goes on. */
        size_t window = MIN(left, (size_t) CRI_TEXT_MAX + 1);
        size_t skip = *offset == 0 ? s->scanned : 0;
        const char *newline = memchr(text + skip, '\n', window - skip);

        if (!newline && window <= CRI_TEXT_MAX && (!at_end || left == 0))
                return false;

        *ret = (CriPiece) {
                .text = text,
                .length = newline ? (size_t) (newline - text) : MIN(left, (size_t) CRI_TEXT_MAX),
                .is_partial = !newline && window > CRI_TEXT_MAX,
        };
        *offset += ret->length + (newline ? 1 : 0);
        return true;
}

void cri_stream_keep(CriStream *s, size_t offset) {
        s->filled -= offset;
        s->scanned = s->filled;
        if (offset > 0)
                memmove(s->data, s->data + offset, s->filled);
}
