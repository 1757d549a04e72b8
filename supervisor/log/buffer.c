/* SPDX-License-Identifier: MIT */
#include "log/buffer.h"

#include <string.h>

#include "base/macro.h"

#define BUFFER_SIZE_MIN 256U

int buffer_reserve(Buffer *b, size_t size) {
        size_t needed, allocated;

        if (__builtin_add_overflow(b->size + 1, size, &needed))
                return -ENOMEM;
        if (needed <= b->allocated)
                return 0;

        allocated = MAX(b->allocated * 2, (size_t) BUFFER_SIZE_MIN);
        allocated = MAX(allocated, needed);
        char *data = realloc(b->data, allocated);
        if (!data)
                return -ENOMEM;
        data[b->size] = '\0';
        b->data = data;
        b->allocated = allocated;
        return 0;
}

int buffer_add(Buffer *b, const void *data, size_t size) {
        int r = buffer_reserve(b, size);
        if (r < 0)
                return r;

        if (size > 0)
                memcpy(b->data + b->size, data, size);
        b->size += size;
        b->data[b->size] = '\0';
        return 0;
}

void buffer_drop(Buffer *b, size_t size) {
        assert(size <= b->size);

        if (size == 0)
                return;
        b->size -= size;
        memmove(b->data, b->data + size, b->size + 1);
}

void buffer_clear(Buffer *b) {
        b->size = 0;
        if (b->data)
                b->data[0] = '\0';
}

void buffer_done(Buffer *b) {
        free(b->data);
        *b = (Buffer) {};
}
