/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Layers are unpacked by processes of their own, side by side, each confined to the one directory that it
 * fills. What they answer is believed only as far as it can do no harm: an error, or a diff id that is
 * compared here.
 *
 * A set is all layers of an image. Its blobs may come one after another, in any order: a layer is offered
 * when its blob is in the store, unpacked when a place is free, and in the store under its diff id, synced,
 * when its state is LAYER_DONE. It can also be followed: unpacked while its blob is still being written; then
 * it is done only after it was offered, too. Nothing of a set blocks but layer_set_finish(): the sync is a
 * matter of a process, too.
 */

#include "image/oci/manifest.h"
#include "image/store/store.h"
#include "image/layer/unpack.h"

#define LAYER_JOBS_MAX 16U

typedef struct UnpackLimits {
        uint64_t size_max;    /* bytes of the unpacked tar stream */
        uint64_t entries_max; /* entries of it */
} UnpackLimits;

typedef struct LayerSettings {
        UnpackLimits limits;
        unsigned jobs;           /* layers at a time, from 1 */
        int broker_fd;           /* see image/confine/broker.h */
        bool may_keep_whiteouts; /* see image/layer/unpack.h */
} LayerSettings;

typedef struct UnpackResult {
        Digest diff_id; /* of the tar stream */
        uint64_t size;  /* its bytes */
        uint64_t entries;
} UnpackResult;

/** layer_unpack_into() - one stream, a file or a pipe, into @root_fd, in confined processes; blocks */
int layer_unpack_into(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                UnpackResult *ret,
                Error *error);

typedef enum LayerState {
        LAYER_AWAITED, /* its blob is to be offered */
        LAYER_OFFERED, /* waits for a process */
        LAYER_UNPACKING,
        LAYER_DONE,
        LAYER_PRESENT, /* was in the store, or is the same as a lower one: its blob is not unpacked */
        _LAYER_STATE_MAX,
        _LAYER_STATE_INVALID = -EINVAL,
} LayerState;

typedef struct LayerSet LayerSet;

/* All of it is borrowed for as long as the set lives. */
typedef struct LayerSetSpec {
        Store *store;
        const LayerSettings *settings;
        const Manifest *manifest;
        const ImageConfig *config;
        /* Told each change, from within layer_set_new() for those that are present. May be NULL. */
        void (*on_state)(size_t index, LayerState state, void *userdata);
        void *userdata;
} LayerSetSpec;

/**
 * layer_set_new() - claims the layers and looks which of them are there
 *
 * Return: 0; -EBADMSG if manifest and configuration differ in the number of layers.
 */
int layer_set_new(const LayerSetSpec *spec, LayerSet **ret, Error *error);
/** layer_set_free() - ends what runs and removes what is not whole */
LayerSet *layer_set_free(LayerSet *set);
DEFINE_CLEANUP(LayerSet *, layer_set_free);

LayerState layer_set_state(const LayerSet *set, size_t index);

/** layer_set_offer() - its blob is in the store; a second time, or for a layer that is there: no effect */
int layer_set_offer(LayerSet *set, size_t index, Error *error);

/**
 * layer_set_follow() - begin with a layer whose blob is still being written, if a place is free
 * @blob_fd:         borrowed; the file, with its first bytes
 * @ret_progress_fd: owned by the caller, who tells by it how far the blob is, and closes it when all of it
 *                   is there; see image/layer/blob-input.h. Does not block.
 *
 * The layer waits for layer_set_offer() in the end: when the blob has the digest that it should have.
 *
 * Return: 1; 0: not now, or nothing is to be unpacked: nothing has begun.
 */
int layer_set_follow(LayerSet *set, size_t index, int blob_fd, int *ret_progress_fd, Error *error);

/** layer_set_fd() - borrowed; readable when layer_set_dispatch() has something to do */
int layer_set_fd(const LayerSet *set);

/**
 * layer_set_dispatch() - take in what has ended, start what was offered; does not wait
 *
 * Return: how many layers are on their way, 0 if none; negative errno if one can't be unpacked, which the
 * error names: the set is of no use any more.
 */
int layer_set_dispatch(LayerSet *set, Error *error);

/** layer_set_finish() - dispatch until all layers are there; each has been offered. Blocks. */
int layer_set_finish(LayerSet *set, Error *error);

/** layers_unpack() - a set of which all blobs are there; blocks */
int layers_unpack(const LayerSetSpec *spec, Error *error);
