/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Layers joined into one tree, as overlayfs shows them, or a tree copied (one layer). What an upper layer
 * hides is never copied; blocks are shared where the file system can (image/driver/node-copy.h).
 *
 * Memory does not grow with the tree: directories to come wait in an unnamed file, and which names are
 * hard links of one another is kept by the file system itself, as names in a directory of the target that
 * goes at the end. Of a layer's file, all names that are not hidden are one file again.
 */

#include "base/error.h"

typedef struct TreeCopyRequest {
        const int *layer_fds; /* borrowed; the lowest first, in overlayfs's form */
        size_t n_layers;
        int target_fd;  /* an empty directory */
        int scratch_fd; /* a directory for one unnamed file */
        /**
         * is_opaque() - whether a directory hides what lower layers have in it
         *
         * Asked only where that matters: reading the mark takes CAP_SYS_ADMIN. Return: 1, 0, errno.
         */
        int (*is_opaque)(int dir_fd, void *userdata);
        void *userdata;
} TreeCopyRequest;

/**
 * tree_copy() - blocks; nothing is synced; what a failure leaves is the caller's to remove
 *
 * Needs up to two descriptors for each layer.
 */
int tree_copy(const TreeCopyRequest *request, Error *error);
