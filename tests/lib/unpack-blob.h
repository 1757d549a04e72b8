/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A blob unpacked in one process, where supd-image has two: for tests and fuzzers.
 */

#include "image/layer/stream.h"
#include "image/layer/unpack.h"

typedef struct BlobReader {
        Stream *stream; /* owned */
        unsigned char block[4096];
} BlobReader;

static ssize_t blob_reader_read(void *userdata, const void **ret, Error *error) {
        BlobReader *reader = userdata;

        *ret = reader->block;
        return stream_read(reader->stream, reader->block, sizeof(reader->block), error);
}

/** unpack_blob() - @request without its reading side */
static inline int unpack_blob(
                const StreamSpec *spec, UnpackRequest request, StreamResult *ret, Error *error) {
        BlobReader reader = {};
        uint64_t entries;
        int r;

        r = stream_open(spec, &reader.stream, error);
        request.read = blob_reader_read;
        request.read_userdata = &reader;
        if (r >= 0)
                r = unpack_layer(&request, &entries, error);
        if (r >= 0)
                r = stream_result(reader.stream, ret);
        (void) stream_free(reader.stream);
        return r;
}
