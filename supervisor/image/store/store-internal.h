/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the store share. */

#include <sys/types.h>

#include "image/store/store.h"

#define LEASE_ID_SIZE 16
#define STORE_LEASE_DIR ".supd/lease"

/* One store: ours, or one that is only read. */
typedef struct StoreRoot {
        char *path;                       /* owned; the state directory */
        int image_fd, blobs_fd, layer_fd; /* owned */
        int tree_fd; /* owned; of a storage driver; -ENOENT and the like: none */
} StoreRoot;

struct Store {
        StoreRoot root;  /* image_fd is -EBADF where nothing is there and nothing was to be made */
        StoreRoot *more; /* owned */
        size_t n_more;
        int private_fd;    /* owned; image/.supd */
        int work_fd;       /* owned; image/.supd/work */
        int layer_work_fd; /* owned; layer/.work */
        int lease_fd;      /* owned; locked */
        char lease_id[LEASE_ID_SIZE + 1];
        unsigned n_work; /* names of work files given out */
        char **made;     /* owned; what this process put in, hexadecimal digits */
        StoreFollower follower;
};

/** store_open_dir() - a directory of ours, made if @make. Return: an fd or negative errno. */
int store_open_dir(int dir_fd, const char *name, bool make, mode_t mode);

/** store_lease_is_alive() - whether the operation that took lease @id runs; gc.lock is held */
bool store_lease_is_alive(int lease_dir_fd, const char *id);

/**
 * store_replace() - one of the small files below image/, synced; its directory is the caller's to sync
 *
 * A full disk must not keep anybody from removing what fills it: some space is held back for that.
 */
int store_replace(Store *s, const char *path, const char *text);
/** store_spare_make() - hold it back, as far as there is any */
void store_spare_make(Store *s);

/** store_list_own() - as store_list(), without the stores that are only read */
int store_list_own(const Store *s, StoreImages *ret, Error *error);

/** store_lock() - one of the lock files; closing the descriptor lets go. Return: an fd. */
int store_lock(const Store *s, const char *name, int operation, Error *error);

static inline int store_error(Error *error, int number, const char *what) {
        return number == -ENOMEM ? number : error_set(error, number, ERROR_STORAGE, "%s", what);
}
