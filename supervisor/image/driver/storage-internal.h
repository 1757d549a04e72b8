/* SPDX-License-Identifier: MIT */
#pragma once

/* What storage and its drivers share. */

#include "image/driver/driver.h"
#include "image/driver/storage.h"

#define ROOT_DIR "root"
#define ROOT_WORK_DIR ".root.work"
#define UPPER_DIR "upper"
#define UPPER_WORK_DIR ".upper.work"
#define WORK_DIR "work"

struct Storage {
        const StorageDriverOps *driver; /* borrowed */
        char *path;                     /* owned; the state directory */
        char *id;                       /* owned; NULL: none */
        uint64_t size_max_root;         /* UINT64_MAX: no limit */
        int private_fd;                 /* owned, as all; image/.supd */
        int tree_fd, tree_work_fd;      /* -EBADF: no driver has made trees here */
        int container_fd, trash_fd;
        int own_fd;              /* container/ID; -EBADF: none */
        int mark_fd, request_fd; /* borrowed; of the broker */
        Store *store;            /* borrowed */
        char **made;             /* owned; trees that this process put in, hexadecimal digits */
};

/** storage_copy_tree() - directories of @layer_fds into @target_fd; see tree_copy() */
int storage_copy_tree(Storage *s,
                const int *layer_fds,
                size_t n_layers,
                int target_fd,
                int scratch_fd,
                Error *error);

/** storage_request() - a formatted broker_ask() */
int storage_request(const Storage *s, const char *format, ...) _printf_(2, 3);

/** storage_open_dir() - one component, not followed; @make: mode 0700. Return: an fd. */
int storage_open_dir(int dir_fd, const char *name, bool make);

/** storage_set_aside() - the set_aside() of a StoreFollower */
int storage_set_aside(void *userdata,
                bool made_only,
                const char *prefix,
                bool (*is_needed)(const void *needed, const char *manifest_hex),
                const void *needed);
