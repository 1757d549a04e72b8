/* SPDX-License-Identifier: MIT */
#include "image/download.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define READ_SIZE ((size_t) 128 * 1024)

static int storage_error(const Download *d, int r, Error *error) {
        return r == -ENOMEM ? r
                            : error_set(error,
                                              r,
                                              ERROR_STORAGE,
                                              "cannot write blob %s",
                                              d->blob.digest.text);
}

/* ---- what is here ----------------------------------------------------------------------------- */
static int start_over(Download *d) {
        Digest ignored;

        d->bytes = 0;
        if (ftruncate(d->partial.fd, 0) < 0 || lseek(d->partial.fd, 0, SEEK_SET) < 0)
                return -errno;
        return hash_end(d->hash, &ignored);
}

/* A power cut may have damaged it, so that it counts as what it hashes to. */
static int hash_partial(Download *d) {
        _cleanup_free_ char *block = malloc(READ_SIZE);

        while (block) {
                ssize_t n = read(d->partial.fd, block, READ_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                d->bytes += (uint64_t) n;
                int r = d->bytes > d->blob.size ? start_over(d)
                                                : hash_update(d->hash, block, (size_t) n);
                if (r < 0 || d->bytes == 0)
                        return r;
        }
        return -ENOMEM;
}

/* Return: 1 if it has the digest and is a blob now; 0 if not, and it is empty again. */
static int finish(Download *d, Error *error) {
        Digest found;
        int r;

        r = hash_end(d->hash, &found);
        if (r < 0)
                return r;
        if (digest_equal(&found, &d->blob.digest)) {
                r = store_partial_commit(d->store, &d->partial, error);
                return r < 0 ? r : 1;
        }
        r = start_over(d);
        return r < 0 ? storage_error(d, r, error) : 0;
}

/* ---- what comes ------------------------------------------------------------------------------- */
static int
on_begin(void *userdata, bool from_zero, uint64_t *ret_offset, uint64_t *ret_limit, Error *error) {
        Download *d = userdata;
        int r = from_zero ? start_over(d) : 0;

        if (r < 0)
                return storage_error(d, r, error);
        *ret_offset = d->bytes;
        *ret_limit = d->blob.size - d->bytes;
        return 0;
}

static int on_start(void *userdata, uint64_t offset, Error *error) {
        Download *d = userdata;
        int r = offset == d->bytes ? 0 : offset == 0 ? start_over(d) : -EPROTO;

        return r < 0 ? storage_error(d, r, error) : 0;
}

static int on_data(void *userdata, const char *data, size_t size, Error *error) {
        Download *d = userdata;
        int r;

        if (size > d->blob.size - d->bytes)
                return error_set_plain(error,
                                -EFBIG,
                                ERROR_LIMIT_REACHED,
                                "blob %s is longer than the %llu bytes that its manifest says",
                                d->blob.digest.text,
                                (unsigned long long) d->blob.size);
        r = fd_write_all(d->partial.fd, data, size);
        if (r >= 0)
                r = hash_update(d->hash, data, size);
        if (r < 0)
                return storage_error(d, r, error);
        d->bytes += size;
        return 0;
}

static int on_end(void *userdata, const FetchAnswer *answer, Error *error) {
        Download *d = userdata;
        int r;

        (void) answer; /* of a blob all is known beforehand */
        if (d->bytes < d->blob.size)
                return EXCHANGE_SHORT;
        r = finish(d, error);
        if (r != 0)
                return MIN(r, 0);
        /* It may have been the part that was here before. */
        if (!d->was_wrong) {
                d->was_wrong = true;
                return EXCHANGE_AGAIN;
        }
        return error_set_plain(error,
                        -EBADMSG,
                        ERROR_STORAGE,
                        "what comes as blob %s has another digest",
                        d->blob.digest.text);
}

static const ExchangeOps ops = {
        .begin = on_begin,
        .start = on_start,
        .data = on_data,
        .end = on_end,
};

/* ---- life ------------------------------------------------------------------------------------- */
/* Whether it is there by now. */
static bool is_present(Download *d) {
        _cleanup_close_ int fd = store_open_blob(d->store, &d->blob.digest);

        if (fd < 0)
                return false;
        d->was_present = true;
        d->bytes = d->blob.size;
        d->state = DOWNLOAD_DONE;
        return true;
}

int download_init(Download *d,
                Store *s,
                Remote *remote,
                const Digest *digest,
                uint64_t size,
                Error *error) {
        int r;

        *d = (Download) { .store = s,
                .remote = remote,
                .blob = { .digest = *digest, .size = size },
                .exchange = EXCHANGE_NONE,
                .partial = STORE_PARTIAL_NONE };
        /* Claimed before it is looked for, as the store wants it. */
        r = store_claim(s, digest, error);
        if (r >= 0 && !is_present(d))
                r = hash_new(&d->hash);
        return r;
}

void download_done(Download *d, bool keep) {
        if (d->remote)
                remote_drop(d->remote, &d->exchange);
        if (!keep || d->bytes == 0)
                store_partial_drop(d->store, &d->partial);
        else
                store_partial_close(&d->partial);
        d->hash = hash_free(d->hash);
}

int download_start(Download *d, Error *error) {
        int r;

        assert(d->state == DOWNLOAD_WAITING);
        if (is_present(d))
                return 1;
        r = store_partial_open(d->store, &d->blob.digest, &d->partial, error);
        if (r < 0)
                return r == -EWOULDBLOCK ? 0 : r;
        /* Who had it until now may have finished it. */
        if (is_present(d)) {
                store_partial_drop(d->store, &d->partial);
                return 1;
        }
        d->bytes = 0;
        r = hash_partial(d);
        if (r < 0)
                return storage_error(d, r, error);
        if (d->bytes == d->blob.size) {
                r = finish(d, error);
                if (r > 0)
                        d->state = DOWNLOAD_DONE;
                if (r != 0)
                        return r;
        }
        d->exchange.kind = FETCH_BLOB;
        d->exchange.what = d->blob.digest.text;
        d->exchange.ops = &ops;
        d->exchange.userdata = d;
        d->state = DOWNLOAD_RUNNING;
        r = remote_begin(d->remote, &d->exchange);
        return r < 0 ? r : 1;
}

DownloadState download_update(Download *d) {
        if (d->state != DOWNLOAD_RUNNING)
                return d->state;
        if (d->exchange.state == EXCHANGE_DONE)
                d->state = DOWNLOAD_DONE;
        else if (d->exchange.state == EXCHANGE_FAILED) {
                d->result = d->exchange.result;
                d->state = DOWNLOAD_FAILED;
        }
        return d->state;
}
