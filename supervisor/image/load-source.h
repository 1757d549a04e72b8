/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The files that an image is loaded from: of a directory, or of an archive, read in place or, where it is
 * compressed or a pipe, unpacked into a directory of the store first.
 */

#include "image/layer/archive-index.h"
#include "image/layer/layer.h"
#include "image/store/store.h"

typedef struct LoadSource {
        int dir_fd;         /* borrowed; -EBADF: the index counts */
        int archive_fd;     /* borrowed */
        ArchiveIndex index; /* owned */
        int spool_fd;       /* owned; what dir_fd is if it was unpacked by us */
        char *spool;        /* owned; its name in the store; NULL: none */
} LoadSource;

/* A file, or the part of an archive that is one. */
typedef struct SourceFile {
        int fd; /* owned */
        uint64_t offset, size;
        bool is_ours; /* nobody else has it: its blocks may become those of a blob */
} SourceFile;
#define SOURCE_FILE_NONE ((SourceFile) { .fd = -EBADF })

/** load_source_open() - @fd stays the caller's, and open; load_source_close() also after a failure */
int load_source_open(LoadSource *source,
                Store *s,
                const LayerSettings *settings,
                int fd,
                bool is_archive,
                Error *error);
void load_source_close(LoadSource *source, Store *s);

/** load_source_find() - Return: 0; -ENOENT; -EINVAL if it is no regular file; another errno */
int load_source_find(const LoadSource *source, const char *path, SourceFile *ret);
void source_file_done(SourceFile *f);

/** load_source_read() - a whole small one; -EFBIG above @limit */
int load_source_read(const LoadSource *source,
                const char *path,
                size_t limit,
                char **ret,
                size_t *ret_size,
                Error *error);
