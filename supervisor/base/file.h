/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whole small files: read with a named limit, written at once or replaced atomically; directories.
 * All take a directory descriptor first, AT_FDCWD for none. Nothing here is for foreign trees: paths
 * inside a container's root go through openat2(), see base/sys.h.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/macro.h"

/**
 * file_read() - a whole file as a NUL-terminated string
 * @limit:    -EFBIG when the file has more bytes than this
 * @ret:      owned by the caller
 * @ret_size: bytes without the NUL; may be NULL
 */
int file_read(int dir_fd, const char *path, size_t limit, char **ret, size_t *ret_size);

/** file_read_fd() - the same from the current offset of an open descriptor */
int file_read_fd(int fd, size_t limit, char **ret, size_t *ret_size);

/** file_write_string() - one write() to an existing file (procfs, cgroupfs); no newline is added */
int file_write_string(int dir_fd, const char *path, const char *text);

/** file_replace() - write a temporary sibling, then rename it over @path; @sync waits for the disk */
int file_replace(int dir_fd, const char *path, const char *text, mode_t mode, bool sync);

/** dir_make_all() - mkdir -p; existing directories are fine. Return: 0 or negative errno. */
int dir_make_all(const char *path, mode_t mode);

/** dir_remove_all() - rm -r below @dir_fd without following links or leaving the file system; a
 * missing @path is fine. For small trees of our own: it blocks. */
int dir_remove_all(int dir_fd, const char *path);
