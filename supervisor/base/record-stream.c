/* SPDX-License-Identifier: MIT */
#include "base/record-stream.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 4096U

static int reserve(RecordStream *s) {
        if (s->size > RECORD_LINE_MAX)
                return -E2BIG;
        if (s->allocated - s->size > READ_SIZE)
                return 0;

        size_t allocated = MAX(s->allocated * 2, (size_t) 2 * READ_SIZE);
        char *grown = realloc(s->text, allocated);
        if (!grown)
                return -ENOMEM;
        s->text = grown;
        s->allocated = allocated;
        return 0;
}

static int tell_lines(RecordStream *s, RecordTold told, void *userdata) {
        char *line = s->text, *text_end = s->text + s->size, *end;

        while ((end = memchr(line, '\n', (size_t) (text_end - line)))) {
                const char *key, *value;
                *end = '\0';
                if (*line != '\0' && record_split_line(line, &key, &value) < 0)
                        return -EBADMSG;
                if (*line != '\0' && told)
                        told(key, value, userdata);
                line = end + 1;
        }
        s->size = (size_t) (text_end - line);
        memmove(s->text, line, s->size);
        return 0;
}

int record_stream_read(RecordStream *s, int fd, RecordTold told, void *userdata) {
        bool again = fcntl(fd, F_GETFL) & O_NONBLOCK;

        do {
                int r = reserve(s);
                if (r < 0)
                        return r;
                ssize_t n = read(fd, s->text + s->size, READ_SIZE);
                if (n < 0 && errno == EAGAIN)
                        return 1;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                s->size += (size_t) n;
                r = tell_lines(s, told, userdata);
                if (r < 0)
                        return r;
        } while (again);
        return 1;
}

void record_stream_done(RecordStream *s) {
        free(s->text);
        *s = (RecordStream) {};
}
