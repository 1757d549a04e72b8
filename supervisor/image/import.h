/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A root file system in a tar archive becomes an image of one layer. What goes in decides what comes out:
 * the same archive with the same changes at the same time has the same digest.
 */

#include "image/layer/layer.h"
#include "image/store/store.h"

typedef struct ImportRequest {
        int source_fd;        /* read from its offset to its end; may be a pipe */
        const char *name;     /* borrowed; NULL: none */
        char *const *changes; /* borrowed; see image/change.h */
        const char *message;  /* borrowed; NULL: none */
        uint64_t created_sec; /* since 1970 */
        Platform platform;    /* borrowed; complete */
        LayerSettings layers;
} ImportRequest;

typedef struct ImportResult {
        Digest manifest, config, diff_id;
} ImportResult;

/** import_image() - Return: 0; -EBADMSG if the archive is damaged or none; negative errno. */
int import_image(Store *s, const ImportRequest *request, ImportResult *ret, Error *error);
