/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where `save` writes to. Opened by the process that has its privileges still, and removed by it when the
 * work fails. The records of the answer must not get into an archive on standard output: they go to
 * --records-fd, else to standard error.
 */

#include "image/operation.h"

typedef struct Output {
        int fd; /* owned; an archive, or an empty directory */
        SaveFormat format;
        bool is_directory;
        const char *made; /* borrowed; the path, if it was not there before; NULL */
} Output;
#define OUTPUT_NONE ((Output) { .fd = -EBADF })

/**
 * output_open() - as the options say; descriptor 1 is where records go from then on
 *
 * Return: 0; -EINVAL, -ENOTTY, -ENOTEMPTY or another errno with a message.
 */
int output_open(Output *o, const Options *options, Error *error);
/** output_discard() - half an archive is worse than none */
void output_discard(Output *o);
void output_done(Output *o);
