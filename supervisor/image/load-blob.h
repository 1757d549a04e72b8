/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A layer's blob on its way into the store: copied and hashed in one go, while what is there of it is
 * unpacked already. Where the file is our own it is not copied, only hashed.
 */

#include "image/layer.h"
#include "image/load-source.h"

typedef struct LoadBlobRequest {
        const SourceFile *file;   /* borrowed, as all of these */
        const BlobInfo *expected; /* claimed by the caller; NULL: whatever it has */
        LayerSet *set;            /* to unpack it meanwhile, if that is due; NULL: nobody does */
        size_t index;             /* as this layer */
} LoadBlobRequest;

/**
 * load_blob() - the whole file as a blob
 * @ret: what it has; claimed
 *
 * Return: 0; -EBADMSG if it has another digest or size than is expected; errno.
 */
int load_blob(Store *s, const LoadBlobRequest *request, BlobInfo *ret, Error *error);
