/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Looking into a root from outside, before it is mounted: its directory, or its layers as overlayfs will
 * join them, with the writable layer of its storage on top. Whiteouts and opaque directories hide what lies
 * below, and no link leads out of the root. One layer is open at a time.
 */

#include <sys/types.h>

#include "base/macro.h"
#include "runtime/container.h"

typedef struct RootEntry {
        char *path; /* owned; from the root, without dots; only the last component may be a link */
        char *link; /* owned; what that link says; NULL: it is none */
        mode_t mode;
} RootEntry;

void root_entry_done(RootEntry *e);

/**
 * root_lookup() - what is at @path; links are followed, but for one that is the last component
 *
 * Return: 0; -ENOENT, -ENOTDIR; -ELOOP after 40 links; -EOPNOTSUPP where the root is a file that holds a
 * file system; -ENOMEM or negative errno.
 */
int root_lookup(const RuntimeRoot *root, const char *path, RootEntry *ret);
