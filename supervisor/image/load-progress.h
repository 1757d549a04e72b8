/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is told of an image's layers while they are loaded from files: a layer that is copied counts as
 * downloading, also where it is unpacked meanwhile, since the copy is what takes long and can be measured.
 */

#include "image/layer/layer.h"

typedef struct LoadProgress LoadProgress;

/** load_progress_new() - @manifest: borrowed. Return: 0 or -ENOMEM. */
int load_progress_new(const Manifest *manifest, LoadProgress **ret);
LoadProgress *load_progress_free(LoadProgress *p);
DEFINE_CLEANUP(LoadProgress *, load_progress_free);

/** load_progress_state() - LayerSetSpec.on_state; @userdata is the LoadProgress */
void load_progress_state(size_t index, LayerState state, void *userdata);

/** load_progress_copied() - so much of the blob is here; UINT64_MAX: all of it, the copy is over */
void load_progress_copied(LoadProgress *p, size_t index, uint64_t bytes);
