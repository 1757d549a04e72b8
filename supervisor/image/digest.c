/* SPDX-License-Identifier: MIT */
#include "image/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/text.h"

struct Hash {
        EVP_MD_CTX *context; /* owned */
};

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

int hash_new(Hash **ret) {
        _cleanup_(hash_freep) Hash *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        h->context = EVP_MD_CTX_new();
        if (!h->context || EVP_DigestInit_ex(h->context, EVP_sha256(), NULL) != 1)
                return -ENOMEM;

        *ret = TAKE_PTR(h);
        return 0;
}

int hash_update(Hash *h, const void *data, size_t size) {
        return EVP_DigestUpdate(h->context, data, size) == 1 ? 0 : -ENOMEM;
}

int hash_end(Hash *h, Digest *ret) {
        static const char digits[] = "0123456789abcdef";
        unsigned char raw[EVP_MAX_MD_SIZE];
        unsigned size = 0;

        if (EVP_DigestFinal_ex(h->context, raw, &size) != 1 || size * 2 != DIGEST_HEX_SIZE)
                return -ENOMEM;
        if (EVP_DigestInit_ex(h->context, EVP_sha256(), NULL) != 1)
                return -ENOMEM;

        char *p = ret->text;
        memcpy(p, DIGEST_PREFIX, sizeof(DIGEST_PREFIX) - 1);
        p += sizeof(DIGEST_PREFIX) - 1;
        for (unsigned i = 0; i < size; i++) {
                *p++ = digits[raw[i] >> 4];
                *p++ = digits[raw[i] & 15];
        }
        *p = '\0';
        return 0;
}

int digest_of(const void *data, size_t size, Digest *ret) {
        _cleanup_(hash_freep) Hash *h = NULL;
        int r;

        r = hash_new(&h);
        if (r >= 0)
                r = hash_update(h, data, size);
        return r < 0 ? r : hash_end(h, ret);
}

Hash *hash_free(Hash *h) {
        if (!h)
                return NULL;

        EVP_MD_CTX_free(h->context);
        free(h);
        return NULL;
}
