/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Images out of the store: as archives that docker, podman and skopeo load, or as directories. Blobs are
 * copied as they are, compressed or not, and compared with their digests on the way.
 */

#include "image/store/store.h"

typedef enum SaveFormat {
        SAVE_DOCKER_ARCHIVE, /* what docker save writes since 25: an OCI layout with a manifest.json */
        SAVE_OCI_ARCHIVE,
        SAVE_OCI_DIR,
        SAVE_DIR, /* skopeo's dir: one image */
        _SAVE_FORMAT_MAX,
        _SAVE_FORMAT_INVALID = -EINVAL,
} SaveFormat;

SaveFormat save_format_from_string(const char *text);
bool save_format_is_directory(SaveFormat f);

typedef struct SaveImage {
        Digest manifest;
        char **names; /* owned; what it is to be called in there */
} SaveImage;

typedef struct SaveRequest {
        SaveFormat format;
        int fd;                  /* an archive to write, or an empty directory */
        const SaveImage *images; /* borrowed */
        size_t n_images;
} SaveRequest;

/**
 * save_images() - all that is needed of them is claimed first
 * @ret_bytes: of the files in it
 *
 * Return: 0; -EBADMSG if a blob is damaged: what was written so far is of no use.
 */
int save_images(Store *s, const SaveRequest *request, uint64_t *ret_bytes, Error *error);
