/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writing to procfs from the child, allocation-free and through descriptors that are checked to be on
 * procfs: a root or a volume that plays tricks with links must not redirect such a write.
 */

/**
 * procfs_write() - one write() of @text
 * @proc_fd: root of a procfs mount
 * @path:    relative to it; no links are followed
 *
 * Return: 0; -EXDEV if that is not on procfs; negative errno.
 */
int procfs_write(int proc_fd, const char *path, const char *text);

/* "/proc/self/fd/N" for calls that know no descriptors. */
#define FD_PATH_SIZE 32U
const char *fd_path(int fd, char buffer[static FD_PATH_SIZE]);
