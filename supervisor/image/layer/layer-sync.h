/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * syncfs(2) in a process of its own, so that copying and unpacking go on meanwhile.
 */

#include <sys/types.h>

#include "base/error.h"

typedef struct LayerSync {
        pid_t pid;  /* 0: none runs */
        int end_fd; /* owned; at its end when the process is */
} LayerSync;
#define LAYER_SYNC_NONE ((LayerSync) { .end_fd = -EBADF })

/** layer_sync_start() - all that was written until now to the file system that @fd is on */
int layer_sync_start(int fd, LayerSync *ret, Error *error);
/** layer_sync_finish() - Return: 0: it is on disk; negative errno */
int layer_sync_finish(LayerSync *s, Error *error);
void layer_sync_done(LayerSync *s);
