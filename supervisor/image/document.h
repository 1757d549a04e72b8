/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A manifest or index from a registry, whole in memory, and the question for its digest alone.
 */

#include "image/remote.h"

typedef struct Document {
        char *text; /* owned; NUL-terminated */
        size_t size;
        Digest digest;
} Document;

/**
 * document_fetch() - blocks
 * @what:     a tag or a digest
 * @expected: its digest, where that is known: anything else is refused; NULL
 * @ret_is_transient: on failure, whether the registry is merely away
 */
int document_fetch(Remote *remote,
                const char *what,
                const Digest *expected,
                Document *ret,
                bool *ret_is_transient,
                Error *error);
void document_done(Document *d);

/** document_digest() - what the registry says that it is now. Return: 1; 0: it does not say; negative errno. */
int document_digest(Remote *remote,
                const char *what,
                Digest *ret,
                bool *ret_is_transient,
                Error *error);
