/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The bytes of a blob, block by block: from a file, from a pipe, or from a file that is still being
 * written by somebody who tells how far it is.
 *
 * Who writes tells by numbers (uint64_t: so many bytes are there) in a pipe. Its end means that all is
 * there, so that one that can't be told of every step (the pipe is full) loses nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

typedef struct BlobInput {
        unsigned char *buffer; /* owned */
        size_t begin, end;     /* what of it is not taken yet */
        int fd;                /* borrowed */
        int progress_fd;       /* borrowed; -EBADF: all is there */
        uint64_t offset;       /* of the next read */
        uint64_t available;    /* told so far */
        bool is_pipe;
} BlobInput;

/**
 * blob_input_init() - a file is read from its start, a pipe from where it is
 * @progress_fd: -EBADF if nobody writes any more
 */
int blob_input_init(BlobInput *in, int fd, int progress_fd);
void blob_input_done(BlobInput *in);

/**
 * blob_input_fill() - wait for bytes, if none are left in the buffer
 *
 * Return: how many are there from buffer + begin on; 0 at the end; negative errno.
 */
ssize_t blob_input_fill(BlobInput *in);

/** blob_input_peek() - the first bytes, up to @size of them. Return: how many there are. */
ssize_t blob_input_peek(BlobInput *in, void *data, size_t size);

/** blob_input_take() - a block as it comes; it stays until the next call. Return: as of fill. */
ssize_t blob_input_take(BlobInput *in, const void **ret);
