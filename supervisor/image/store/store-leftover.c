/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/strv.h"
#include "image/store/store-internal.h"
#include "image/store/tree.h"
#include "supd/image-store.h"

#define PARTIAL_DIR ".supd/partial" /* see image/store/store-partial.h */
#define WORK_DIR ".supd/work"
#define LAYER_WORK_DIR ".work"

static DIR *open_list(int dir_fd, const char *name) {
        int fd = dir_fd < 0 ? -ENOENT : store_open_dir(dir_fd, name, /* make= */ false, 0);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                (void) close_fd(fd);
        return d;
}

/* Names of what is in a directory; with leases only what no living operation owns. */
static int list_names(DIR *d, int leases_fd, char ***ret) {
        int r = 0;

        for (struct dirent *entry; d && r >= 0 && (entry = readdir(d));) {
                char id[LEASE_ID_SIZE + 1] = {};
                if (entry->d_name[0] == '.')
                        continue;
                memcpy(id, entry->d_name, strnlen(entry->d_name, LEASE_ID_SIZE));
                if (leases_fd < 0 || !store_lease_is_alive(leases_fd, id))
                        r = strv_append(ret, entry->d_name);
        }
        return r;
}

/* The files that no lock keeps may go while we look at them. */
static void measure(DIR *d, char *const *names, uint64_t *items, uint64_t *bytes) {
        STRV_FOREACH (name, names) {
                uint64_t used;
                if (tree_bytes(dirfd(d), *name, &used) < 0)
                        continue;
                *bytes += used;
                (*items)++;
        }
}

/* Whoever takes a lease holds this lock exclusively, so that ours and theirs are not confused. */
static int lock_leases(const Store *s) {
        _cleanup_close_ int fd = neg_errno(openat(
                        s->root.image_fd, SUPD_STORE_LOCK_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        int r = fd < 0 ? fd : neg_errno(flock(fd, LOCK_SH));

        return r < 0 ? r : TAKE_FD(fd);
}

int store_leftovers(const Store *s, StoreLeftovers *ret, Error *error) {
        _cleanup_strv_ char **blobs = NULL, **layers = NULL, **trees = NULL, **partial = NULL;
        int image_fd = s->root.image_fd, r = 0;
        StoreLeftovers result = {};

        _cleanup_(closedirp) DIR *leases = open_list(image_fd, STORE_LEASE_DIR);
        _cleanup_(closedirp) DIR *blob_dir = open_list(image_fd, WORK_DIR);
        _cleanup_(closedirp) DIR *layer_dir = open_list(s->root.layer_fd, LAYER_WORK_DIR);
        _cleanup_(closedirp) DIR *tree_dir = open_list(s->root.tree_fd, LAYER_WORK_DIR);
        _cleanup_(closedirp) DIR *partial_dir = open_list(image_fd, PARTIAL_DIR);
        if (leases) {
                _cleanup_close_ int lock = lock_leases(s);
                r = lock == -ENOENT ? 0 : lock; /* nobody has taken a lease yet */
                if (r >= 0)
                        r = list_names(blob_dir, dirfd(leases), &blobs);
                if (r >= 0)
                        r = list_names(layer_dir, dirfd(leases), &layers);
                if (r >= 0)
                        r = list_names(tree_dir, dirfd(leases), &trees);
        }
        if (r >= 0)
                r = list_names(partial_dir, -EBADF, &partial);
        if (r < 0)
                return store_error(error, r, "cannot look for leftovers");
        measure(blob_dir, blobs, &result.items, &result.bytes);
        measure(layer_dir, layers, &result.items, &result.bytes);
        measure(tree_dir, trees, &result.items, &result.bytes);
        measure(partial_dir, partial, &result.partial_items, &result.partial_bytes);
        *ret = result;
        return 0;
}
