/* SPDX-License-Identifier: MIT */
#pragma once

/* One way to inflate. */

#include "base/error.h"
#include "image/layer/blob-input.h"

typedef struct Decoder {
        unsigned char magic[8];
        size_t magic_size;
        int (*open)(BlobInput *in, void **ret, Error *error);
        /* At least one byte, unless it is the end. */
        ssize_t (*read)(void *state, void *data, size_t size, Error *error);
        void (*free)(void *state);
} Decoder;

/* By ISA-L where there is one for the processor, three times as fast as zlib; else by libarchive. */
extern const Decoder decoder_gzip;

/* Of stream.c: any compression that libarchive knows, once told which. */
int decoder_archive_open(BlobInput *in, void **ret, Error *error);
ssize_t decoder_archive_read(void *state, void *data, size_t size, Error *error);
void decoder_archive_free(void *state);

static inline int stream_damaged(Error *error, const char *why) {
        return error_set_plain(
                        error, -EBADMSG, ERROR_STORAGE, "the compressed layer is damaged: %s", why);
}

static inline int stream_unreadable(Error *error, int number) {
        return number == -ENOMEM ? number
                                 : error_set(error, number, ERROR_STORAGE, "cannot read the layer");
}
