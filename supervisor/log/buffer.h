/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bytes that grow. A NUL always follows the last one, so that text can be lent out as a string.
 */

#include <stddef.h>

typedef struct Buffer {
        char *data; /* owned; NULL until something was added */
        size_t size, allocated;
} Buffer;

/** buffer_reserve() - room for @size more bytes and the NUL at data + size. Return: 0 or -ENOMEM. */
int buffer_reserve(Buffer *b, size_t size);

/** buffer_add() - Return: 0 or -ENOMEM, the content untouched then */
int buffer_add(Buffer *b, const void *data, size_t size);

/** buffer_drop() - take away the first @size bytes */
void buffer_drop(Buffer *b, size_t size);

void buffer_clear(Buffer *b); /* keeps the memory */
void buffer_done(Buffer *b);
