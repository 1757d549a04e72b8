/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bringing images into the store: the same progress and the same last lines for pull, load and import.
 */

#include "ctl/image-run.h"

typedef struct ImageTransfer {
        char *const *words; /* borrowed */
        int data_fd;        /* borrowed; -EBADF: none */
        const char *done;   /* "Loaded": what has become of the image */
        const char *resume; /* what is told after Ctrl-C; NULL: nothing */
} ImageTransfer;

/**
 * image_transfer() - run it, show how far it is, tell the images that came
 *
 * Return: 0; EXIT_INTERRUPTED, which was told; negative errno with the reason.
 */
int image_transfer(Context *c, const ImageTransfer *transfer, Error *error);

/**
 * image_transfer_source() - from a file or directory that we open, as "oci:DIR:TAG" names it
 * @source: no registry
 */
int image_transfer_source(Context *c, const char *source, Error *error);

/** image_open_source() - @directory: it must be one. Return: an fd owned by the caller; negative errno */
int image_open_source(const char *path, bool directory, Error *error);
