/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How containers get their root from an image, by file system: one const table for each way. Layers are
 * unpacked the same for all of them, in overlayfs's form.
 *
 *   overlay  of the layers themselves; supd mounts them, a container's own layer on top
 *   btrfs    a writable snapshot of the image's tree, which is a read-only subvolume
 *   vfs      a copy of the image's tree, with shared blocks where the file system can
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "image/oci/manifest.h"

struct Storage; /* image/driver/storage.h */

typedef struct StorageDriverOps {
        const char *name; /* as in StorageDriver= */
        bool limits_size; /* of a container's root */
        /**
         * check() - whether it can work in the store, asked by the process that has its privileges
         * Return: 0; -EOPNOTSUPP with the reason; another errno if that can't be found out.
         */
        int (*check)(const struct Storage *s, Error *error);

        /* An image's tree. tree_begin NULL: it needs none, nor are the other two there. */
        bool (*tree_fits)(const struct Storage *s,
                        const char *hex); /* another driver may have made it */
        int (*tree_begin)(struct Storage *s, const char *work); /* empty, in tree/.work */
        int (*tree_commit)(struct Storage *s,
                        const char *work,
                        const char *hex); /* -EEXIST: was there */

        /** root_make() - in container/ID, where there is none; @config is the image's */
        int (*root_make)(struct Storage *s,
                        const char *hex,
                        const ImageConfig *config,
                        Error *error);
} StorageDriverOps;

extern const StorageDriverOps storage_driver_overlay, storage_driver_btrfs, storage_driver_vfs;

/** storage_driver_find() - NULL is the default one; -EINVAL with the names that there are */
int storage_driver_find(const char *name, const StorageDriverOps **ret, Error *error);

/** storage_driver_check() - its check(), with the others that would do in the message */
int storage_driver_check(const struct Storage *s, Error *error);

/** storage_file_system() - "ext4"; what /proc/filesystems calls it, or its number; static or in @buffer */
const char *storage_file_system(int fd, char buffer[32]);
