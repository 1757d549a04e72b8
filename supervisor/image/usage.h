/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What images take on disk, blobs, unpacked layers and trees together, and how much of it is theirs alone.
 * Measures the whole writable store, which takes as long as a `du` of it; what additional stores have is
 * not ours to win back and does not count.
 */

#include "image/store/store.h"

typedef struct Usage Usage;

typedef struct UsageTotal {
        uint64_t blobs, blob_bytes, layers, layer_bytes;
        uint64_t trees, tree_bytes; /* of storage drivers that need them */
} UsageTotal;

typedef struct ImageUsage {
        uint64_t size, unique; /* bytes */
} ImageUsage;

/** usage_new() - @images are borrowed for as long as the usage lives */
int usage_new(const Store *s, const StoreImages *images, Usage **ret, Error *error);
Usage *usage_free(Usage *u);
DEFINE_CLEANUP(Usage *, usage_free);

void usage_total(const Usage *u, UsageTotal *ret);

/** usage_is_repeated() - an earlier one of the images is the same by another name: it counts once */
bool usage_is_repeated(const StoreImages *images, size_t index);

/** usage_of() - of the image with this index; all 0 for one whose documents are damaged */
void usage_of(Usage *u, size_t index, ImageUsage *ret);
