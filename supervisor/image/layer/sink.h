/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where files are written one after another: a tar archive on a descriptor, which may be a pipe, or a
 * directory. Memory does not grow with what is written; a tar comes out the same each time.
 */

#include <stdint.h>

#include "base/error.h"

typedef struct Sink Sink;

/** sink_new_archive() - @fd is borrowed */
int sink_new_archive(int fd, Sink **ret, Error *error);
/** sink_new_directory() - an empty one; @dir_fd is borrowed */
int sink_new_directory(int dir_fd, Sink **ret, Error *error);

/** sink_begin() - a file of exactly @size bytes; of its directories at most those of blobs/sha256 are made */
int sink_begin(Sink *s, const char *path, uint64_t size, Error *error);
int sink_write(Sink *s, const void *data, size_t size, Error *error);
/** sink_end() - of the file */
int sink_end(Sink *s, Error *error);
/** sink_finish() - after the last file; what is a file of ours is on disk then */
int sink_finish(Sink *s, Error *error);
/** sink_bytes() - of all files, without what an archive adds */
uint64_t sink_bytes(const Sink *s);

Sink *sink_free(Sink *s);
DEFINE_CLEANUP(Sink *, sink_free);
