/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One image from a registry into the store: manifest, configuration and layers, side by side; a layer is
 * unpacked while others still come. Which image, under which policy, is for image/operation-pull.c.
 */

#include "image/layer/layer.h"
#include "image/remote.h"

typedef struct PullRequest {
        const Reference *reference; /* borrowed */
        const char *name;           /* borrowed; what the image is to be called */
        const Platform *platform;   /* borrowed; complete */
        const LayerSettings *layers;
        Remote *remote;    /* borrowed; its endpoints are the reference's */
        unsigned parallel; /* downloads at a time */
} PullRequest;

typedef struct PullResult {
        Digest manifest, config;
        bool is_transient; /* it failed because the registry is away */
} PullResult;

/**
 * pull_image() - blocks; store_begin() has been called
 *
 * Return: 0; negative errno, with @ret->is_transient valid. What was downloaded stays in the store, for the
 * next attempt.
 */
int pull_image(Store *s, const PullRequest *request, PullResult *ret, Error *error);

/** pull_blob() - one blob of the image alone, a damaged one that was removed */
int pull_blob(Store *s, const PullRequest *request, const BlobInfo *blob, Error *error);

/** pull_manifest() - the manifest itself, where the registry has it as it is in the store */
int pull_manifest(Store *s, const PullRequest *request, const Digest *digest, Error *error);
