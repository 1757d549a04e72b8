/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Streams in a form that OCI has no name for (xz, bzip2), decompressed by a process that may do nothing
 * else.
 */

#include "base/error.h"
#include "image/store/store.h"

/** inflate_form() - by the first bytes of a file; _COMPRESSION_INVALID: what only inflate_blob() reads */
Compression inflate_form(int fd);

/**
 * inflate_blob() - what @fd decompresses to, as a blob of the store
 * @size_max: -E2BIG above this
 */
int inflate_blob(Store *s, int fd, uint64_t size_max, BlobInfo *ret, Error *error);
