/* SPDX-License-Identifier: MIT */
#include "image/layer/blob-input.h"

#include <string.h>
#include <unistd.h>

/* Large enough that files of a layer are mostly written at once, small enough for the processor's cache. */
#define BUFFER_SIZE ((size_t) 256 * 1024)

int blob_input_init(BlobInput *in, int fd, int progress_fd) {
        *in = (BlobInput) { .fd = fd, .progress_fd = progress_fd };
        in->is_pipe = lseek(fd, 0, SEEK_CUR) < 0;
        if (in->is_pipe && errno != ESPIPE)
                return -errno;
        in->buffer = malloc(BUFFER_SIZE);
        return in->buffer ? 0 : -ENOMEM;
}

void blob_input_done(BlobInput *in) {
        free(in->buffer);
        in->buffer = NULL;
}

/* Return: how many bytes may be asked for now. */
static int await(BlobInput *in, size_t *size) {
        while (in->progress_fd >= 0 && in->offset >= in->available) {
                uint64_t told;
                ssize_t n = read(in->progress_fd, &told, sizeof(told));
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        in->progress_fd = -EBADF;
                else if (n == (ssize_t) sizeof(told))
                        in->available = told;
                else if (n > 0)
                        return -EPROTO;
        }
        if (in->progress_fd >= 0)
                *size = (size_t) MIN((uint64_t) *size, in->available - in->offset);
        return 0;
}

static ssize_t read_more(BlobInput *in) {
        size_t size = BUFFER_SIZE - in->end;
        ssize_t n;
        int r;

        r = await(in, &size);
        if (r < 0)
                return r;
        do
                n = in->is_pipe ? read(in->fd, in->buffer + in->end, size)
                                : pread(in->fd, in->buffer + in->end, size, (off_t) in->offset);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        in->offset += (size_t) n;
        in->end += (size_t) n;
        return n;
}

ssize_t blob_input_fill(BlobInput *in) {
        if (in->begin == in->end) {
                in->begin = in->end = 0;
                ssize_t n = read_more(in);
                if (n < 0)
                        return n;
        }
        return (ssize_t) (in->end - in->begin);
}

ssize_t blob_input_peek(BlobInput *in, void *data, size_t size) {
        ssize_t n = 1;

        while (n > 0 && in->end < size)
                n = read_more(in);
        if (n < 0)
                return n;
        size = MIN(size, in->end);
        memcpy(data, in->buffer, size);
        return (ssize_t) size;
}

ssize_t blob_input_take(BlobInput *in, const void **ret) {
        ssize_t n = blob_input_fill(in);

        *ret = in->buffer + in->begin;
        in->begin = in->end;
        return n;
}
