/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where the files of a tar archive are within it, so that an image is read in place. The archive is read by
 * a confined process, of which only numbers within the archive and names are believed.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct ArchiveFile {
        char *path;   /* owned; cleaned: no "." and no slash at its ends */
        char *target; /* owned; of a link: another path; NULL: a file */
        uint64_t offset, size;
} ArchiveFile;

typedef struct ArchiveIndex {
        ArchiveFile *files; /* owned */
        size_t n_files;
} ArchiveIndex;

/**
 * archive_index_read() - of a plain archive in a regular file
 *
 * Return: 1; 0: it is something else, compressed for one, or has sparse files, and has to be unpacked;
 * negative errno.
 */
int archive_index_read(int fd, ArchiveIndex *ret, Error *error);
void archive_index_done(ArchiveIndex *index);

/** archive_index_find() - by path, through links; borrowed; NULL: there is no such file */
const ArchiveFile *archive_index_find(const ArchiveIndex *index, const char *path);
