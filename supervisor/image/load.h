/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Images from files: OCI layouts and archives, `docker save` archives, skopeo's directories.
 */

#include "image/layer/layer.h"
#include "base/reference.h"
#include "image/store/store.h"

typedef struct LoadRequest {
        const ImageSource *source; /* borrowed; no registry */
        int source_fd;             /* its directory or file, open for reading */
        const char *name;  /* borrowed; what the image is to be called; NULL: as it says itself */
        bool all;          /* of a layout that has several, where neither name says which */
        Platform platform; /* of an index; complete */
        LayerSettings layers;
        void (*on_image)(const char *name, const Digest *manifest, const Digest *config);
} LoadRequest;

/** load_image() - all images that the source names. Return: 0 or negative errno. */
int load_image(Store *s, const LoadRequest *request, Error *error);
