/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <string.h>

#include "base/text.h"

bool digest_hex_is_valid(const char *hex) {
        return strlen(hex) == DIGEST_HEX_SIZE && strspn(hex, "0123456789abcdef") == DIGEST_HEX_SIZE;
}

int digest_parse(const char *text, Digest *ret, Error *error) {
        const char *colon = strchr(text, ':');

        if (!colon)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_NAME,
                                "'%s' is no digest: sha256:HEX is wanted",
                                text);
        if (!str_has_prefix(text, DIGEST_PREFIX))
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "digest '%s': only sha256 is supported",
                                text);
        if (!digest_hex_is_valid(colon + 1))
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_NAME,
                                "digest '%s' does not have 64 lower-case hexadecimal digits",
                                text);

        memcpy(ret->text, text, DIGEST_TEXT_SIZE + 1);
        return 0;
}

bool digest_equal(const Digest *a, const Digest *b) {
        return memcmp(a->text, b->text, DIGEST_TEXT_SIZE) == 0;
}
