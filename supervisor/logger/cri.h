/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bytes of a pipe into the lines of the CRI log format:
 *
 *     2026-11-22T02:18:42.123456789Z stdout F text
 *
 * A line above CRI_TEXT_MAX is cut into pieces, all but the last tagged P in place of F. A line that
 * isn't finished waits in the stream for its rest, so a piece never ends anywhere else.
 */

#include <stdbool.h>
#include <stddef.h>

#define CRI_TEXT_MAX 16384 /* as containerd and CRI-O cut */
#define CRI_READ_MAX 65536 /* what a pipe holds by default */

#define CRI_TIME_LENGTH 30
#define CRI_STREAM_LENGTH 6
#define CRI_PREFIX_LENGTH (CRI_TIME_LENGTH + 1 + CRI_STREAM_LENGTH + 3)
#define CRI_LINE_MAX (CRI_PREFIX_LENGTH + CRI_TEXT_MAX + 1)

/* Everything before the text; not terminated. */
typedef struct CriPrefix {
        char text[CRI_PREFIX_LENGTH];
} CriPrefix;

typedef struct CriPiece {
        const char *text; /* borrowed from the stream */
        size_t length;
        bool is_partial; /* P: the line goes on */
} CriPiece;

typedef struct CriStream {
        int fd;           /* owned; -EBADF once it has ended */
        const char *name; /* CRI_STREAM_LENGTH characters; borrowed */
        size_t filled;    /* bytes in data: what waits, then what was read behind it */
        size_t scanned;   /* of these, leading ones known to hold no newline */
        char data[CRI_TEXT_MAX + 1 + CRI_READ_MAX];
} CriStream;

/** cri_prefix_now() - the prefix for text that arrived just now. */
void cri_prefix_now(const char *stream_name, CriPrefix *ret);

/** cri_prefix_mark() - tag the prefix P or F. */
void cri_prefix_mark(CriPrefix *prefix, bool is_partial);

/**
 * cri_stream_read() - read once into the stream; blocks only if nothing is there
 *
 * Return: bytes read; 0 at the end; negative errno.
 */
int cri_stream_read(CriStream *s);

/**
 * cri_stream_next() - the piece at @offset of what the stream holds
 * @offset: moved behind the piece
 * @at_end: nothing follows: what is unfinished is a line
 *
 * Return: false if what is left has to wait.
 */
bool cri_stream_next(CriStream *s, size_t *offset, bool at_end, CriPiece *ret);

/** cri_stream_keep() - forget what lies before @offset; the rest waits. */
void cri_stream_keep(CriStream *s, size_t offset);
