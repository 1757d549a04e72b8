/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A layer, plain or compressed, becomes a directory as overlayfs wants it: whiteouts are character
 * devices 0:0, opaque directories carry trusted.overlay.opaque. Memory does not grow with the layer.
 *
 * Nothing is written outside the directory, whatever the layer says: each entry is placed by openat2()
 * with the directory as root, and its last component never followed. The caller confines the process
 * beforehand all the same, and puts right or removes the directory of a layer that failed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/digest.h"

typedef struct UnpackLimits {
        uint64_t size_max;    /* bytes of the unpacked tar stream */
        uint64_t entries_max; /* entries of it */
} UnpackLimits;

/**
 * UnpackOpaque - how a directory is made opaque
 *
 * The attribute is a matter of CAP_SYS_ADMIN, which whoever reads a layer is better without.
 */
typedef int (*UnpackOpaque)(int dir_fd, void *userdata);

typedef struct UnpackRequest {
        int blob_fd;    /* read from its start */
        int root_fd;    /* an empty directory */
        int scratch_fd; /* a directory for one unnamed file */
        UnpackLimits limits;
        UnpackOpaque make_opaque;
        /* Where the file system refuses overlayfs's form, whiteouts and marks stay the files that they
         * are in the layer, .wh.NAME: for who copies the layer (image/tree-copy.h), not for overlayfs. */
        bool may_keep_whiteouts;
        void *userdata;
} UnpackRequest;

typedef struct UnpackResult {
        Digest diff_id; /* of the tar stream */
        uint64_t size;  /* its bytes */
        uint64_t entries;
} UnpackResult;

/**
 * unpack_layer() - Return: 0; -EBADMSG for what is damaged; -EPERM for what would lead out; -E2BIG above
 * a limit; errno of the file system.
 */
int unpack_layer(const UnpackRequest *request, UnpackResult *ret, Error *error);
