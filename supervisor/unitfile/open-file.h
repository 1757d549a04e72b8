/* SPDX-License-Identifier: MIT */
#pragma once

/* OpenFile=: files that the supervisor opens for what it runs. As data. */

#include <stdbool.h>
#include <stddef.h>

typedef struct OpenFileSpec {
        char *path; /* owned; absolute */
        char *name; /* owned; in LISTEN_FDNAMES */
        bool read_only, append, truncate;
        bool graceful; /* one that can't be opened is left out */
} OpenFileSpec;

typedef struct OpenFileSpecs {
        OpenFileSpec *items; /* owned */
        size_t n_items;
} OpenFileSpecs;

void open_file_specs_done(OpenFileSpecs *o);
