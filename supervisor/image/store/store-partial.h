/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Blobs whose download was broken off: image/.supd/partial/HEX, kept over restarts and reboots, so that the
 * next attempt goes on where this one ended. Whoever works on one holds its lock, so that no blob is
 * downloaded twice at a time; the lock goes with the process.
 *
 * What a power cut leaves of such a file may be anything, also zeros where data should be. So it is hashed
 * anew whenever it is taken up, and in the end only the digest of the whole counts: a file that does not
 * lead to it is dropped.
 */

#include "image/store/store.h"

#define STORE_PARTIAL_AGE_MAX_USEC (7 * UINT64_C(86400000000))

typedef struct StorePartial {
        int fd; /* owned; locked; -EBADF: none. Its offset is 0 when it is opened */
        Digest digest;
} StorePartial;
#define STORE_PARTIAL_NONE ((StorePartial) { .fd = -EBADF })

/** store_partial_open() - makes it if need be. Return: 0; -EWOULDBLOCK if another process is at it. */
int store_partial_open(Store *s, const Digest *digest, StorePartial *ret, Error *error);

/** store_partial_commit() - it is whole: synced, then a blob of the store's; empties @p */
int store_partial_commit(Store *s, StorePartial *p, Error *error);

/** store_partial_drop() - remove it */
void store_partial_drop(Store *s, StorePartial *p);

/** store_partial_close() - keep it for later */
void store_partial_close(StorePartial *p);

/**
 * store_partial_sweep() - remove those that nobody works on and that are old, or all
 * @bytes: what that frees is added to it
 *
 * Return: 0 or negative errno.
 */
int store_partial_sweep(Store *s, bool all, uint64_t *bytes);
