/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A tar stream becomes a directory as overlayfs wants it: whiteouts are character devices 0:0, opaque
 * directories carry trusted.overlay.opaque. Memory does not grow with the layer.
 *
 * Nothing is written outside the directory, whatever the layer says: each entry is placed by openat2()
 * with the directory as root, and its last component never followed. The caller confines the process
 * beforehand all the same, sets its umask to 0, and puts right or removes the directory of a layer that
 * failed.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/**
 * UnpackOpaque - how a directory is made opaque
 *
 * The attribute is a matter of CAP_SYS_ADMIN, which whoever reads a layer is better without.
 */
typedef int (*UnpackOpaque)(int dir_fd, void *userdata);

/**
 * UnpackRead - the next bytes of the stream, which stay until the next call
 *
 * Return: their number; 0 at the end, again and again; negative errno with an error.
 */
typedef ssize_t (*UnpackRead)(void *userdata, const void **ret, Error *error);

typedef struct UnpackRequest {
        UnpackRead read;
        void *read_userdata;
        int root_fd;          /* an empty directory */
        int scratch_fd;       /* a directory for one unnamed file */
        uint64_t entries_max; /* of the stream */
        UnpackOpaque make_opaque;
        void *opaque_userdata;
        /* Where the file system refuses overlayfs's form, whiteouts and marks stay the files that they
         * are in the layer, .wh.NAME: for who copies the layer (image/driver/tree-copy.h), not for overlayfs. */
        bool may_keep_whiteouts;
} UnpackRequest;

/**
 * unpack_layer() - reads the stream to its end
 * @ret_entries: how many there were
 *
 * Return: 0; -EBADMSG for what is damaged; -EPERM for what would lead out; -E2BIG above the limit; errno
 * of the file system; what read() returned.
 */
int unpack_layer(const UnpackRequest *request, uint64_t *ret_entries, Error *error);
