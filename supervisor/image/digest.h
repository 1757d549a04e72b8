/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SHA-256 and the names made of it, "sha256:" and 64 lower-case hexadecimal digits: the only algorithm
 * that images in the wild use. OpenSSL's, because it uses the processor's instructions.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX_SIZE 64
#define DIGEST_TEXT_SIZE (sizeof(DIGEST_PREFIX) - 1 + DIGEST_HEX_SIZE)

typedef struct Digest {
        char text[DIGEST_TEXT_SIZE + 1];
} Digest;

/** digest_parse() - Return: 0; -EINVAL if malformed; -EOPNOTSUPP for another algorithm */
int digest_parse(const char *text, Digest *ret, Error *error);

/** digest_hex() - the part behind the colon, borrowed */
static inline const char *digest_hex(const Digest *d) {
        return d->text + sizeof(DIGEST_PREFIX) - 1;
}

bool digest_equal(const Digest *a, const Digest *b);

/** digest_hex_is_valid() - exactly 64 digits of [0-9a-f] */
bool digest_hex_is_valid(const char *hex);

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
