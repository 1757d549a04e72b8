/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One process that unpacks one layer, confined to the directory that it fills, and its answer.
 */

#include <sys/types.h>

#include "image/layer.h"

typedef struct LayerWorker {
        pid_t pid;     /* 0: none */
        int answer_fd; /* owned; readable when it has ended */
} LayerWorker;
#define LAYER_WORKER_NONE ((LayerWorker) { .answer_fd = -EBADF })

/** layer_worker_start() - @stream_fd and @root_fd are the process's from now on, and the caller's */
int layer_worker_start(const LayerSettings *settings,
                int stream_fd,
                int root_fd,
                LayerWorker *ret,
                Error *error);

/** layer_worker_finish() - wait for its end; what it answered, which is its word and no more */
int layer_worker_finish(LayerWorker *w, UnpackResult *ret, Error *error);

/** layer_worker_done() - kills it where it still runs */
void layer_worker_done(LayerWorker *w);
