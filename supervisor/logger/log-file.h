/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The files of one log: 0.log, which grows, and 0.log.1 (newer) to 0.log.N-1 (oldest).
 *
 * Between calls, every byte in every file belongs to a whole line. What can't be written is dropped,
 * counted, and told in the log itself as soon as that works again: a full disk must not stop the
 * container.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logger/cri.h"

#define LOG_FILE_COUNT_MAX 1000
/* A full read of lines of hundred bytes with their prefixes; shorter ones take several writes. */
#define LOG_BUFFER_SIZE (CRI_READ_MAX * 2)

typedef struct LogFile {
        int dir_fd;        /* borrowed from main() */
        uint64_t size_max; /* bytes of one file; only a line that is longer exceeds it */
        unsigned count;    /* files kept, 0.log included */

        int fd;                /* owned; 0.log */
        uint64_t size;         /* of 0.log */
        uint64_t rotate_above; /* size_max; more after a rotation has failed */
        bool in_split;         /* the last line appended was a piece of one that goes on */
        int rotation_error;    /* negative errno of the last that failed; the reader clears it */

        uint64_t lost_lines; /* not yet told */
        int lost_error;

        size_t pending; /* bytes in the buffer */
        char buffer[LOG_BUFFER_SIZE];
} LogFile;

/**
 * log_file_open() - go on with the 0.log that is there, or begin one
 * @f: zero but for dir_fd, size_max (> 0) and count (1 to LOG_FILE_COUNT_MAX)
 *
 * A line that a killed writer left half written is cut off.
 *
 * Return: 0 or negative errno.
 */
int log_file_open(LogFile *f);

/** log_file_append() - put a line into the buffer; rotates before it if the file is full. */
void log_file_append(LogFile *f, CriPrefix *prefix, const CriPiece *piece);

/** log_file_flush() - write what is in the buffer. */
void log_file_flush(LogFile *f);
