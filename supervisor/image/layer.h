/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Layers are unpacked by processes of their own, side by side, each confined to the one directory that it
 * fills. What they answer is believed only as far as it can do no harm: an error, or a diff id that is
 * compared here.
 */

#include "image/manifest.h"
#include "image/store.h"
#include "image/unpack.h"

#define LAYER_JOBS_MAX 16U

typedef struct LayerSettings {
        UnpackLimits limits;
        unsigned jobs;           /* processes at a time, from 1 */
        int broker_fd;           /* see image/broker.h */
        bool may_keep_whiteouts; /* see image/unpack.h */
} LayerSettings;

/** layer_unpack_into() - one stream into @root_fd, in a confined process; blocks */
int layer_unpack_into(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                UnpackResult *ret,
                Error *error);

/**
 * layers_unpack() - all layers of an image that the store lacks; their blobs are there
 * @on_done: told each layer, also those that were there; may be NULL
 */
int layers_unpack(Store *s,
                const LayerSettings *settings,
                const Manifest *manifest,
                const ImageConfig *config,
                void (*on_done)(size_t index, const Digest *diff_id),
                Error *error);
