/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * File descriptors as owned values: -EBADF is "none", every one is born close-on-exec.
 */

#include <dirent.h>
#include <unistd.h>

#include "base/macro.h"

/** close_fd() - close if it is one; keeps errno; returns -EBADF for `fd = close_fd(fd);` */
int close_fd(int fd);

static inline void close_fdp(int *fd) {
        *fd = close_fd(*fd);
}

#define _cleanup_close_ _cleanup_(close_fdp)

/** closedirp() - for _cleanup_(), of directories that are only read from */
static inline void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

/** fd_write_all() - write the whole buffer. Return: 0 or negative errno. */
int fd_write_all(int fd, const void *data, size_t size);

/** fd_set_nonblock() - Return: 0 or negative errno. */
int fd_set_nonblock(int fd, int nonblock);

/** fd_set_cloexec() - Return: 0 or negative errno. */
int fd_set_cloexec(int fd, int cloexec);
