/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A layer's blob as the tar stream that it stands for: inflated if it is compressed, hashed on the way.
 * Plain, gzip (also many members in a row) and zstd (also many frames); what stands behind the end of the
 * compressed data is ignored, as gzip and libarchive do. The digest decides in the end.
 */

#include "base/digest.h"
#include "base/error.h"
#include "image/layer/blob-input.h"

typedef struct StreamSpec {
        int fd, progress_fd; /* borrowed; see image/layer/blob-input.h */
        uint64_t size_max;   /* bytes of the inflated stream */
        bool hash;           /* false: the diff id is not wanted */
} StreamSpec;

typedef struct StreamResult {
        Digest diff_id; /* of the inflated stream; "" if not wanted */
        uint64_t size;
} StreamResult;

typedef struct Stream Stream;

int stream_open(const StreamSpec *spec, Stream **ret, Error *error);
Stream *stream_free(Stream *s);
DEFINE_CLEANUP(Stream *, stream_free);

/**
 * stream_read() - the next bytes
 *
 * Return: their number, 0 at the end; -EBADMSG for what is damaged, -E2BIG above the limit.
 */
ssize_t stream_read(Stream *s, void *data, size_t size, Error *error);

/** stream_result() - of what was read so far */
int stream_result(Stream *s, StreamResult *ret);

/** stream_is_compressed() - by the first bytes of the blob */
bool stream_is_compressed(const Stream *s);
