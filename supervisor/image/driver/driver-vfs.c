/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/driver/storage-internal.h"
#include "image/store/tree.h"

static int vfs_check(const Storage *s, Error *error) {
        (void) s;
        (void) error;
        return 0; /* files can be copied anywhere */
}

static bool vfs_tree_fits(const Storage *s, const char *hex) {
        (void) s;
        (void) hex;
        return true; /* a subvolume is a directory, too */
}

static int vfs_tree_begin(Storage *s, const char *work) {
        return neg_errno(mkdirat(s->tree_work_fd, work, 0755));
}

/* All files at once: one by one they would each wait for the disk. */
static int publish(int from_dir, const char *from, int to_dir, const char *to) {
        int r;

        _cleanup_close_ int fd = storage_open_dir(from_dir, from, /* make= */ false);
        r = fd < 0 ? fd : neg_errno(syncfs(fd));
        if (r >= 0)
                r = neg_errno(renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE));
        return r < 0 ? r : neg_errno(fsync(to_dir));
}

static int vfs_tree_commit(Storage *s, const char *work, const char *hex) {
        return publish(s->tree_work_fd, work, s->tree_fd, hex);
}

static int vfs_root_make(Storage *s, const char *hex, const ImageConfig *config, Error *error) {
        int r;

        (void) config;
        _cleanup_close_ int tree = storage_open_dir(s->tree_fd, hex, /* make= */ false);
        if (tree < 0)
                return error_set(error, tree, ERROR_STORAGE, "cannot open the image's tree");
        r = tree_remove(s->own_fd, ROOT_WORK_DIR);
        _cleanup_close_ int target =
                        r < 0 ? r : storage_open_dir(s->own_fd, ROOT_WORK_DIR, /* make= */ true);
        if (target < 0)
                return error_set(error, target, ERROR_STORAGE, "cannot make a directory");
        r = storage_copy_tree(s, &tree, 1, target, s->own_fd, error);
        if (r >= 0) {
                r = publish(s->own_fd, ROOT_WORK_DIR, s->own_fd, ROOT_DIR);
                if (r < 0)
                        (void) error_set(error, r, ERROR_STORAGE, "cannot name the copy");
        }
        /* A full disk gets its space back at once; else the next one would remove it. */
        if (r < 0)
                (void) tree_remove(s->own_fd, ROOT_WORK_DIR);
        return r;
}

const StorageDriverOps storage_driver_vfs = {
        .name = "vfs",
        .check = vfs_check,
        .tree_fits = vfs_tree_fits,
        .tree_begin = vfs_tree_begin,
        .tree_commit = vfs_tree_commit,
        .root_make = vfs_root_make,
};
