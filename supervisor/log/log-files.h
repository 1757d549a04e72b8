/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The files of one container's log as one run of bytes: 0.log is written, 0.log.1 was before it,
 * higher numbers are older. Rotation renames them at any moment, so each is opened once and known by
 * its inode from then on; descriptors keep what is being read alive.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOG_FILES_CURRENT "0.log"

typedef struct LogFile {
        int fd; /* owned */
        dev_t device;
        ino_t inode;
        uint64_t size;                  /* when it was opened */
        uint64_t changed_realtime_usec; /* when it was last written, as of then */
} LogFile;

typedef struct LogFiles {
        LogFile *files; /* owned; oldest first */
        size_t n_files;
} LogFiles;

/**
 * log_files_update() - open what is newer than the newest of @f, all if it is empty
 *
 * Return: 1 if there was something; 0; negative errno.
 */
int log_files_update(LogFiles *f, int dir_fd);

/** log_files_drop() - close and forget the oldest */
void log_files_drop(LogFiles *f);

/** log_files_size() - of all together, as of their opening */
uint64_t log_files_size(const LogFiles *f);

/** log_files_read() - as pread(), over the file ends of all but the last file */
ssize_t log_files_read(const LogFiles *f, void *data, size_t size, uint64_t offset);

void log_files_done(LogFiles *f);
