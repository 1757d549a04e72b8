/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SHA-256, as digests of content. OpenSSL's, because it uses the processor's instructions.
 */

#include <stddef.h>

#include "base/digest.h"
#include "base/error.h"

/** digest_of() - of a whole buffer. Return: 0 or -ENOMEM. */
int digest_of(const void *data, size_t size, Digest *ret);

typedef struct Hash Hash;

/* Return: 0 or -ENOMEM. */
int hash_new(Hash **ret);
int hash_update(Hash *h, const void *data, size_t size);
/** hash_end() - what was hashed so far; @h starts anew */
int hash_end(Hash *h, Digest *ret);
Hash *hash_free(Hash *h);
DEFINE_CLEANUP(Hash *, hash_free);
