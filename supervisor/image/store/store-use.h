/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which container is made of which image, as supd notes it in image/.supd/use (supd/image-store.h). We only
 * read it, and remove what a killed supd left of a note that it was about to write.
 */

#include "image/store/store.h"

typedef struct StoreUse {
        char *container; /* owned */
        Digest manifest;
} StoreUse;

typedef struct StoreUses {
        StoreUse *items; /* owned */
        size_t n_items;
} StoreUses;

/**
 * store_uses() - all of them, also those of stores that are not there yet: none
 *
 * Return: 0; -EBADMSG for a note that says no image: then nothing may be taken away.
 */
int store_uses(const Store *s, StoreUses *ret, Error *error);
void store_uses_done(StoreUses *uses);

/** store_uses_of() - the containers of an image, ", " between them; owned; *ret is NULL: there are none */
int store_uses_of(const StoreUses *uses, const Digest *manifest, char **ret);
