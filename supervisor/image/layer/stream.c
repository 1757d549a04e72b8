/* SPDX-License-Identifier: MIT */
#include "image/layer/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "image/oci/hash.h"
#include "image/layer/stream-internal.h"

struct Stream {
        BlobInput input;
        const Decoder *decoder; /* borrowed */
        void *state;            /* owned; the decoder's */
        Hash *hash;             /* owned; NULL: not wanted */
        uint64_t size, size_max;
};

/* ---- by libarchive ---------------------------------------------------------------------------- */
typedef struct ArchiveDecoder {
        struct archive *archive; /* owned */
        BlobInput *input;        /* borrowed */
        int failure;             /* of reading it */
        bool is_empty;           /* then the library has no entry to read */
} ArchiveDecoder;

static la_ssize_t archive_take(struct archive *a, void *userdata, const void **ret) {
        ArchiveDecoder *d = userdata;
        ssize_t n = blob_input_take(d->input, ret);

        if (n >= 0)
                return n;
        d->failure = (int) n;
        archive_set_error(a, (int) -n, "cannot be read");
        return ARCHIVE_FATAL;
}

static int archive_failed(ArchiveDecoder *d, Error *error) {
        if (d->failure < 0)
                return stream_unreadable(error, d->failure);
        if (archive_errno(d->archive) == ENOMEM)
                return -ENOMEM;
        return stream_damaged(error, archive_error_string(d->archive) ?: "unexpected end");
}

static int archive_start(ArchiveDecoder *d, Error *error) {
        struct archive *a = d->archive;
        struct archive_entry *entry;
        int r;

        if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
                        archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
                        archive_read_support_format_raw(a) != ARCHIVE_OK ||
                        archive_read_support_format_empty(a) != ARCHIVE_OK)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "this libarchive was built without gzip or zstd");
        r = archive_read_open(a, d, NULL, archive_take, NULL);
        if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
                r = archive_read_next_header(a, &entry);
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN && r != ARCHIVE_EOF)
                return archive_failed(d, error);
        d->is_empty = r == ARCHIVE_EOF;
        return 0;
}

int decoder_archive_open(BlobInput *in, void **ret, Error *error) {
        ArchiveDecoder *d = malloc(sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        *d = (ArchiveDecoder) { .archive = archive_read_new(), .input = in };
        r = d->archive ? archive_start(d, error) : -ENOMEM;
        if (r < 0)
                decoder_archive_free(d);
        else
                *ret = d;
        return r;
}

ssize_t decoder_archive_read(void *state, void *data, size_t size, Error *error) {
        ArchiveDecoder *d = state;
        la_ssize_t n = d->is_empty ? 0 : archive_read_data(d->archive, data, size);

        return n < 0 ? archive_failed(d, error) : n;
}

void decoder_archive_free(void *state) {
        ArchiveDecoder *d = state;

        (void) archive_read_free(d->archive); /* only read from */
        free(d);
}

/* ---- not at all ------------------------------------------------------------------------------- */
static int plain_open(BlobInput *in, void **ret, Error *error) {
        (void) error; /* can't fail */
        *ret = in;
        return 0;
}

static ssize_t plain_read(void *state, void *data, size_t size, Error *error) {
        BlobInput *in = state;
        ssize_t n = blob_input_fill(in);

        if (n < 0)
                return stream_unreadable(error, (int) n);
        size = MIN(size, (size_t) n);
        memcpy(data, in->buffer + in->begin, size);
        in->begin += size;
        return (ssize_t) size;
}

static void plain_free(void *state) {
        (void) state; /* the stream's own */
}

/* ---- the whole -------------------------------------------------------------------------------- */
static const Decoder decoder_zstd = {
        .magic = { 0x28, 0xb5, 0x2f, 0xfd },
        .magic_size = 4,
        .open = decoder_archive_open,
        .read = decoder_archive_read,
        .free = decoder_archive_free,
};

/* Known only to be refused by name. */
static int xz_open(BlobInput *in, void **ret, Error *error) {
        (void) in;
        (void) ret;
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "it is compressed with xz, and gzip and zstd alone are read; unpack it by "
                        "'xz -d'");
}

static int bzip2_open(BlobInput *in, void **ret, Error *error) {
        (void) in;
        (void) ret;
        return error_set_plain(error,
                        -EOPNOTSUPP,
                        ERROR_NOT_SUPPORTED,
                        "it is compressed with bzip2, and gzip and zstd alone are read; unpack it "
                        "by 'bzip2 -d'");
}

static const Decoder decoder_xz = {
        .magic = { 0xfd, '7', 'z', 'X', 'Z' },
        .magic_size = 5,
        .open = xz_open,
};

/* The whole start of a file with its usual size of block: a tar archive may begin with "BZh". */
static const Decoder decoder_bzip2 = {
        .magic = { 'B', 'Z', 'h', '9', 0x31, 0x41, 0x59, 0x26 },
        .magic_size = 8,
        .open = bzip2_open,
};

static const Decoder decoder_plain = {
        .open = plain_open,
        .read = plain_read,
        .free = plain_free,
};

/* The first whose magic fits; no magic fits all. */
static const Decoder *const decoders[] = {
        &decoder_gzip, &decoder_zstd, &decoder_xz, &decoder_bzip2, &decoder_plain
};

static int decoder_find(BlobInput *in, const Decoder **ret) {
        unsigned char start[sizeof((*decoders)->magic)];
        ssize_t n = blob_input_peek(in, start, sizeof(start));

        if (n < 0)
                return (int) n;
        for (size_t i = 0; i < ELEMENTSOF(decoders); i++)
                if ((size_t) n >= decoders[i]->magic_size &&
                                memcmp(start, decoders[i]->magic, decoders[i]->magic_size) == 0) {
                        *ret = decoders[i];
                        break;
                }
        return 0;
}

int stream_open(const StreamSpec *spec, Stream **ret, Error *error) {
        _cleanup_(stream_freep) Stream *s = malloc(sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        *s = (Stream) { .size_max = spec->size_max };
        r = blob_input_init(&s->input, spec->fd, spec->progress_fd);
        if (r >= 0)
                r = decoder_find(&s->input, &s->decoder);
        if (r < 0)
                return stream_unreadable(error, r);
        r = spec->hash ? hash_new(&s->hash) : 0;
        if (r >= 0)
                r = s->decoder->open(&s->input, &s->state, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}

Stream *stream_free(Stream *s) {
        if (!s)
                return NULL;

        if (s->state)
                s->decoder->free(s->state);
        (void) hash_free(s->hash);
        blob_input_done(&s->input);
        free(s);
        return NULL;
}

ssize_t stream_read(Stream *s, void *data, size_t size, Error *error) {
        ssize_t n = s->decoder->read(s->state, data, size, error);
        int r;

        if (n <= 0)
                return n;
        s->size += (size_t) n;
        if (s->size > s->size_max)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "the layer unpacks to more than the limit of %llu bytes",
                                (unsigned long long) s->size_max);
        r = s->hash ? hash_update(s->hash, data, (size_t) n) : 0;
        return r < 0 ? r : n;
}

int stream_result(Stream *s, StreamResult *ret) {
        *ret = (StreamResult) { .size = s->size };
        return s->hash ? hash_end(s->hash, &ret->diff_id) : 0;
}

bool stream_is_compressed(const Stream *s) {
        return s->decoder != &decoder_plain;
}
