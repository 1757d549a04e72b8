/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One blob from a registry into the store: taken up where an earlier attempt was broken off, hashed while
 * it comes, named only when its digest is right. Another process that is at the same blob is waited for.
 */

#include "image/oci/hash.h"
#include "image/remote.h"
#include "image/store/store-partial.h"

typedef enum DownloadState {
        DOWNLOAD_WAITING, /* not begun, or another process is at it */
        DOWNLOAD_RUNNING,
        DOWNLOAD_DONE, /* the blob is in the store */
        DOWNLOAD_FAILED,
} DownloadState;

typedef struct Download {
        Store *store;   /* borrowed */
        Remote *remote; /* borrowed */
        BlobInfo blob;
        DownloadState state;
        bool was_present; /* DOWNLOAD_DONE without having been downloaded by us */
        uint64_t bytes;   /* that are here */
        int result;       /* of DOWNLOAD_FAILED; the error is the exchange's */
        /* Not the user's. */
        Exchange exchange;
        StorePartial partial;
        Hash *hash; /* owned; of those bytes */
        bool was_wrong;
} Download;

/** download_init() - claims the blob, and sees whether it is there; download_done() it in any case */
int download_init(Download *d,
                Store *s,
                Remote *remote,
                const Digest *digest,
                uint64_t size,
                Error *error);
/** download_done() - @keep: what has come is left for the next time */
void download_done(Download *d, bool keep);

/**
 * download_start() - of one that is waiting; it goes on in remote_turn()
 *
 * Return: 1 if it was started or is done; 0 if another process is at it: try later; negative errno.
 */
int download_start(Download *d, Error *error);

/** download_update() - see what remote_turn() made of it. Return: its state. */
DownloadState download_update(Download *d);
