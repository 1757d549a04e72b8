/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "image/driver/storage-internal.h"
#include "image/driver/subvolume.h"
#include "image/store/tree.h"

static int btrfs_check(const Storage *s, Error *error) {
        const int fds[] = { s->private_fd, s->container_fd };
        char buffer[32];

        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (!subvolume_can_be_at(fds[i]))
                        return error_set_plain(error,
                                        -EOPNOTSUPP,
                                        ERROR_NOT_SUPPORTED,
                                        "it takes btrfs, and this is %s",
                                        storage_file_system(fds[i], buffer));
        return 0;
}

static bool btrfs_tree_fits(const Storage *s, const char *hex) {
        return subvolume_is_there(s->tree_fd, hex);
}

static int btrfs_tree_begin(Storage *s, const char *work) {
        return storage_request(s, "create %s", work);
}

static int btrfs_tree_commit(Storage *s, const char *work, const char *hex) {
        return storage_request(s, "publish %s %s", hex, work);
}

static int btrfs_root_make(Storage *s, const char *hex, const ImageConfig *config, Error *error) {
        int r;

        (void) config;
        r = tree_remove(s->own_fd, ROOT_WORK_DIR); /* of one that was killed */
        if (r >= 0)
                r = storage_request(s, "snapshot %s", hex);
        if (r == -EFBIG)
                return error_set_plain(error,
                                r,
                                ERROR_LIMIT_REACHED,
                                "the image alone takes more than --size-max-root %llu",
                                (unsigned long long) s->size_max_root);
        if (r == -EXDEV)
                return error_set_plain(error,
                                r,
                                ERROR_STORAGE,
                                "'%s/tree' and '%s/container' are on different file systems",
                                s->path,
                                s->path);
        if (r >= 0)
                r = neg_errno(renameat2(
                                s->own_fd, ROOT_WORK_DIR, s->own_fd, ROOT_DIR, RENAME_NOREPLACE));
        if (r >= 0)
                r = neg_errno(fsync(s->own_fd));
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot make a snapshot") : 0;
}

const StorageDriverOps storage_driver_btrfs = {
        .name = "btrfs",
        .limits_size = true,
        .check = btrfs_check,
        .tree_fits = btrfs_tree_fits,
        .tree_begin = btrfs_tree_begin,
        .tree_commit = btrfs_tree_commit,
        .root_make = btrfs_root_make,
};
