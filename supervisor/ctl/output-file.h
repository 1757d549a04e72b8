/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A file that another program writes for us: it appears under its name once it is complete, and not at all
 * if something goes wrong. What is no regular file (a pipe, a device) is written as it is.
 */

#include "base/error.h"

typedef struct OutputFile {
        char *path;      /* owned; behind all symbolic links; NULL: it is no regular file */
        char *temporary; /* owned; what is being written; NULL: the file itself */
        int fd;          /* owned */
} OutputFile;

/** output_file_open() - @ret: to be output_file_done() after success. Return: 0; negative errno. */
int output_file_open(const char *path, OutputFile *ret, Error *error);

/** output_file_commit() - it is complete: give it its name */
int output_file_commit(OutputFile *f, Error *error);

/** output_file_done() - remove what was not committed */
void output_file_done(OutputFile *f);
