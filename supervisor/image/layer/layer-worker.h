/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The processes that unpack one layer, and their answer. One inflates and hashes and may touch no file at
 * all; the other reads the tar stream and is confined to the directory that it fills. A plain layer needs
 * the second one only.
 */

#include <sys/types.h>

#include "image/layer/layer.h"

typedef struct LayerInput {
        int fd;          /* borrowed; the blob */
        int progress_fd; /* borrowed; -EBADF: all of it is there. See image/layer/blob-input.h */
        bool is_plain;   /* neither inflated nor hashed: the blob's digest is the diff id */
} LayerInput;

typedef struct LayerWorker {
        pid_t pid;         /* 0: none */
        pid_t inflate_pid; /* 0: none */
        int answer_fd;     /* owned; readable when it has ended */
} LayerWorker;
#define LAYER_WORKER_NONE ((LayerWorker) { .answer_fd = -EBADF })

/** layer_worker_start() - unpack @input into @root_fd; the caller may close both descriptors */
int layer_worker_start(const LayerSettings *settings,
                const LayerInput *input,
                int root_fd,
                LayerWorker *ret,
                Error *error);

/**
 * layer_worker_finish() - wait for its end; what it answered, which is its word and no more
 *
 * The diff id of a plain layer is "".
 */
int layer_worker_finish(LayerWorker *w, UnpackResult *ret, Error *error);

/** layer_worker_done() - kills it where it still runs */
void layer_worker_done(LayerWorker *w);
