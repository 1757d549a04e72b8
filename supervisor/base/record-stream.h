/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Records as they come out of a pipe, line by line: what a helper program tells while it works.
 */

#include "base/record.h"

#define RECORD_LINE_MAX (256U * 1024)

typedef void (*RecordTold)(const char *key, const char *value, void *userdata);

typedef struct RecordStream {
        char *text; /* owned; the beginning of a line whose end has not come */
        size_t size, allocated;
} RecordStream;

/**
 * record_stream_read() - read what is there and tell each line that is whole
 * @fd:   blocking: reads once; non-blocking: until nothing is left
 * @told: key and value are borrowed for the call; NULL: lines are read and dropped
 *
 * A last line without its end is not told: whoever wrote it was cut off.
 *
 * Return: 1 if more may come; 0 at the end of file; -EBADMSG for what is no record; -E2BIG for a line
 * above RECORD_LINE_MAX; another negative errno.
 */
int record_stream_read(RecordStream *s, int fd, RecordTold told, void *userdata);
void record_stream_done(RecordStream *s);
