/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Descriptors that come with the process: from the manager's store, or from ourselves before execve().
 */

#include "base/error.h"
#include "base/map.h"

typedef struct PassedFd {
        char *name; /* owned; the map's key */
        int fd;     /* owned */
} PassedFd;

/**
 * passed_fds_receive() - LISTEN_FDS as include/supd/init-protocol.h describes it, then what
 * passed_fds_keep_for_exec() left
 * @map: of PassedFd, owned by the caller; of two descriptors of one name the first is kept
 *
 * All are close-on-exec afterwards and the variables unset, so that no child mistakes them for its own.
 */
int passed_fds_receive(Map *map, Error *error);

/**
 * passed_fds_keep_for_exec() - have @n descriptors survive the next execve()
 * @names, @fds: parallel; the descriptors stay the caller's
 */
int passed_fds_keep_for_exec(char *const *names, const int *fds, size_t n);

PassedFd *passed_fd_free(PassedFd *p);
DEFINE_CLEANUP(PassedFd *, passed_fd_free);
