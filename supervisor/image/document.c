/* SPDX-License-Identifier: MIT */
#include "image/document.h"

#include <string.h>

#include "base/clock.h"
#include "image/oci/hash.h"
#include "image/oci/manifest.h"

typedef struct Fetch {
        Exchange exchange;
        Document document;
        const Digest *expected; /* borrowed; NULL: none */
        Digest said;            /* by the server; empty: nothing */
        bool was_wrong;
} Fetch;

static int
on_begin(void *userdata, bool from_zero, uint64_t *ret_offset, uint64_t *ret_limit, Error *error) {
        (void) userdata; /* it begins anew each time */
        (void) from_zero;
        (void) error;
        *ret_offset = 0;
        *ret_limit = MANIFEST_SIZE_MAX;
        return 0;
}

static int on_start(void *userdata, uint64_t offset, Error *error) {
        Fetch *f = userdata;

        (void) offset; /* nothing else than 0 was asked for, and nothing else comes of it */
        (void) error;
        f->document.size = 0;
        return 0;
}

static int on_data(void *userdata, const char *data, size_t size, Error *error) {
        Document *d = &((Fetch *) userdata)->document;

        if (size > MANIFEST_SIZE_MAX - d->size)
                return error_set_plain(error,
                                -EFBIG,
                                ERROR_LIMIT_REACHED,
                                "the manifest is longer than %u bytes",
                                MANIFEST_SIZE_MAX);
        char *grown = realloc(d->text, d->size + size + 1);
        if (!grown)
                return -ENOMEM;
        memcpy(grown + d->size, data, size);
        d->text = grown;
        d->size += size;
        d->text[d->size] = '\0';
        return 0;
}

static int on_end(void *userdata, const FetchAnswer *answer, Error *error) {
        Fetch *f = userdata;
        int r;

        if (answer->digest)
                (void) digest_parse(
                                answer->digest, &f->said, NULL); /* checked by who received it */
        if (f->exchange.kind == FETCH_DIGEST)
                return 0;
        if (f->document.size == 0)
                return EXCHANGE_SHORT;
        r = digest_of(f->document.text, f->document.size, &f->document.digest);
        if (r < 0 || !f->expected || digest_equal(&f->document.digest, f->expected))
                return r;
        if (!f->was_wrong) {
                f->was_wrong = true;
                return EXCHANGE_AGAIN;
        }
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "what comes as manifest %s has digest %s",
                        f->expected->text,
                        f->document.digest.text);
}

static const ExchangeOps ops = {
        .begin = on_begin,
        .start = on_start,
        .data = on_data,
        .end = on_end,
};

static int fetch(Remote *remote, Fetch *f, bool *ret_is_transient, Error *error) {
        Exchange *x = &f->exchange;
        int r;

        x->ops = &ops;
        x->userdata = f;
        r = remote_begin(remote, x);
        while (r >= 0 && x->state != EXCHANGE_DONE && x->state != EXCHANGE_FAILED)
                r = remote_turn(remote, -EBADF, USEC_INFINITY, error);
        if (r >= 0 && x->state == EXCHANGE_FAILED) {
                r = x->result;
                *ret_is_transient = x->is_transient;
                error_move(error, &x->error);
        }
        remote_drop(remote, x);
        return r;
}

int document_fetch(Remote *remote,
                const char *what,
                const Digest *expected,
                Document *ret,
                bool *ret_is_transient,
                Error *error) {
        Fetch f = { .exchange = EXCHANGE_NONE, .expected = expected };
        int r;

        f.exchange.kind = FETCH_MANIFEST;
        f.exchange.what = what;
        r = fetch(remote, &f, ret_is_transient, error);
        if (r < 0)
                document_done(&f.document);
        else
                *ret = f.document;
        return r;
}

void document_done(Document *d) {
        free(d->text);
        *d = (Document) {};
}

int document_digest(Remote *remote,
                const char *what,
                Digest *ret,
                bool *ret_is_transient,
                Error *error) {
        Fetch f = { .exchange = EXCHANGE_NONE };
        int r;

        f.exchange.kind = FETCH_DIGEST;
        f.exchange.what = what;
        r = fetch(remote, &f, ret_is_transient, error);
        document_done(&f.document);
        if (r < 0 || f.said.text[0] == '\0')
                return MIN(r, 0);
        *ret = f.said;
        return 1;
}
