/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names of content: "sha256:" and 64 lower-case hexadecimal digits, the only algorithm that images in the
 * wild use. Text only; what computes them is image/oci/hash.h.
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
