/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Layers are unpacked by processes of their own, side by side, each confined to the one directory that it
 * fills. What they answer is believed only as far as it can do no harm: an error, or a diff id that is
 * compared here.
 *
 * A set is all layers of an image. Its blobs may come one after another, in any order: a layer is offered
 * when its blob is in the store, unpacked when one of the processes is free, and in the store under its diff
 * id, synced, when its state is LAYER_DONE. Between calls a set only waits: nothing of it blocks but
 * layer_set_finish().
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

/** layer_set_fd() - borrowed; readable when layer_set_dispatch() has something to do */
int layer_set_fd(const LayerSet *set);

/**
 * layer_set_dispatch() - take in what has ended, start what was offered; does not wait
 *
 * Return: how many processes are at work, 0 if none; negative errno if a layer can't be unpacked, which
 * the error names: the set is of no use any more.
 */
int layer_set_dispatch(LayerSet *set, Error *error);

/** layer_set_finish() - dispatch until all layers are there; each has been offered. Blocks. */
int layer_set_finish(LayerSet *set, Error *error);

/** layers_unpack() - a set of which all blobs are there; blocks */
int layers_unpack(const LayerSetSpec *spec, Error *error);
