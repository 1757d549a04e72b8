/* SPDX-License-Identifier: MIT */
#pragma once

/* OpenFile=: opened by supd, which may open what the one who gets it may not. */

#include "kinds/socket.h"
#include "unitfile/open-file.h"

typedef struct OpenFiles {
        int *fds; /* owned, as are the descriptors */
        size_t n_fds;
} OpenFiles;

/**
 * open_files_pass() - open all, and add them to @passed, which borrows them
 *
 * Sockets in the file system are connected to. Nothing waits. Return: 0; negative errno with the path.
 */
int open_files_pass(const OpenFileSpecs *specs,
                bool non_blocking,
                OpenFiles *ret,
                PassedSockets *passed,
                Error *error);
void open_files_done(OpenFiles *o);
