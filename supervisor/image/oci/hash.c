/* SPDX-License-Identifier: MIT */
#include "image/oci/hash.h"

#include <openssl/evp.h>
#include <string.h>

struct Hash {
        EVP_MD_CTX *context; /* owned */
};

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
