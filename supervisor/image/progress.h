/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is told of layers while they come, as supd/image-store.h has it: each change of state, and how far
 * one has come five times a second at most.
 */

#include "base/digest.h"
#include "image/oci/manifest.h"

#define PROGRESS_INTERVAL_USEC UINT64_C(200000)

typedef enum ProgressState {
        PROGRESS_WAITING,
        PROGRESS_DOWNLOADING,
        PROGRESS_UNPACKING,
        PROGRESS_DONE,
        PROGRESS_PRESENT,
        _PROGRESS_STATE_MAX,
        _PROGRESS_STATE_INVALID = -EINVAL,
} ProgressState;

typedef struct Progress Progress;

/** progress_new() - of an image with so many layers. Return: 0 or -ENOMEM. */
int progress_new(size_t n_layers, Progress **ret);
Progress *progress_free(Progress *p);
DEFINE_CLEANUP(Progress *, progress_free);

typedef struct ProgressLayer {
        const Digest *digest; /* borrowed; of the blob */
        uint64_t size, bytes;
        ProgressState state;
} ProgressLayer;

/** progress_tell() - where layer @index, from 0, is now; what is not new is not told */
void progress_tell(Progress *p, size_t index, const ProgressLayer *now);

/** progress_notice() - a word for people */
void progress_notice(const char *text);

/** progress_platform() - such a word if an image is for another machine than was asked for */
void progress_platform(const Platform *have, const Platform *wanted);
