/* SPDX-License-Identifier: MIT */
#include "image/layer/stream-internal.h"

#define GZIP_MAGIC \
        { 0x1f, 0x8b }
#define GZIP_MAGIC_SIZE 2U

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

typedef struct Gzip {
        struct inflate_state inflate;
        BlobInput *input; /* borrowed */
        bool at_end;
} Gzip;

static void member_begin(Gzip *z) {
        isal_inflate_reset(&z->inflate);
        /* With its header read, and with its checksum compared. */
        z->inflate.crc_flag = ISAL_GZIP;
}

static int gzip_open(BlobInput *in, void **ret, Error *error) {
        Gzip *z = malloc(sizeof(*z));

        (void) error;
        if (!z)
                return -ENOMEM;
        z->input = in;
        z->at_end = false;
        isal_inflate_init(&z->inflate);
        member_begin(z);
        *ret = z;
        return 0;
}

static const char *why_damaged(int result) {
        switch (result) {
        case ISAL_INVALID_WRAPPER:
                return "bad gzip header";
        case ISAL_INCORRECT_CHECKSUM:
                return "bad checksum";
        default:
                return "bad deflate data";
        }
}

/* Another member may follow; anything else is ignored. Return: 1 if one does, 0 if not. */
static int member_next(Gzip *z, Error *error) {
        static const unsigned char magic[] = GZIP_MAGIC;
        BlobInput *in = z->input;

        for (size_t i = 0; i < sizeof(magic); i++) {
                ssize_t n = blob_input_fill(in);
                if (n < 0)
                        return stream_unreadable(error, (int) n);
                if (n == 0 || in->buffer[in->begin] != magic[i])
                        return 0;
                in->begin++;
        }
        member_begin(z);
        /* The magic may have been the end of one block, the rest is the next: it goes in by itself. */
        z->inflate.next_in = (uint8_t *) magic;
        z->inflate.avail_in = sizeof(magic);
        z->inflate.avail_out = 0;
        int r = isal_inflate(&z->inflate);
        return r == ISAL_DECOMP_OK || r == ISAL_END_INPUT ? 1
                                                          : stream_damaged(error, why_damaged(r));
}

/* One call of the library. Return: how many bytes came out; negative errno. */
static ssize_t inflate_some(Gzip *z, void *data, size_t size, Error *error) {
        BlobInput *in = z->input;
        ssize_t n = blob_input_fill(in);

        if (n < 0)
                return stream_unreadable(error, (int) n);
        z->inflate.next_in = in->buffer + in->begin;
        z->inflate.avail_in = (uint32_t) n;
        z->inflate.next_out = data;
        z->inflate.avail_out = (uint32_t) size;
        int r = isal_inflate(&z->inflate);
        in->begin = in->end - z->inflate.avail_in;
        if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
                return stream_damaged(error, why_damaged(r));

        size_t got = size - z->inflate.avail_out;
        if (n == 0 && got == 0 && z->inflate.block_state != ISAL_BLOCK_FINISH)
                return stream_damaged(error, "unexpected end");
        return (ssize_t) got;
}

static ssize_t gzip_read(void *state, void *data, size_t size, Error *error) {
        Gzip *z = state;

        /* A header, a trailer or an empty member make no bytes. */
        while (!z->at_end) {
                ssize_t n = inflate_some(z, data, size, error);
                if (n != 0)
                        return n;
                if (z->inflate.block_state != ISAL_BLOCK_FINISH)
                        continue;
                int r = member_next(z, error);
                if (r < 0)
                        return r;
                z->at_end = r == 0;
        }
        return 0;
}

const Decoder decoder_gzip = {
        .magic = GZIP_MAGIC,
        .magic_size = GZIP_MAGIC_SIZE,
        .open = gzip_open,
        .read = gzip_read,
        .free = free,
};

#else

const Decoder decoder_gzip = {
        .magic = GZIP_MAGIC,
        .magic_size = GZIP_MAGIC_SIZE,
        .open = decoder_archive_open,
        .read = decoder_archive_read,
        .free = decoder_archive_free,
};

#endif
