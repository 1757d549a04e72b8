/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A layer's blob on its way into the store: copied and hashed in one go, while what is there of it is
 * unpacked already. Where the file is our own it is not copied, only hashed.
 */

#include "image/layer/layer.h"
#include "image/load-progress.h"
#include "image/load-source.h"

/* Who is served while it comes. All borrowed. */
typedef struct BlobFollower {
        LayerSet *set;          /* unpacks it, if that is due */
        LoadProgress *progress; /* tells how far it is */
        size_t index;           /* of the layer in both */
} BlobFollower;

/**
 * load_blob() - the whole file as a blob; the caller has claimed @expected
 * @follower: NULL: nobody
 * @expected: -EBADMSG if it has another digest or size; NULL: whatever it has, which is claimed
 */
int load_blob(Store *s,
                const SourceFile *file,
                const BlobInfo *expected,
                const BlobFollower *follower,
                BlobInfo *ret,
                Error *error);
