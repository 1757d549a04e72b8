/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One file of a tree copied into another tree: its bytes, which file systems that can share instead, and
 * all that is said of it. Names are single components of directories that the caller opened; nothing is
 * followed.
 *
 * Of the extended attributes those are kept that unpacking makes: user.*, POSIX ACLs, file capabilities.
 * What steers overlayfs is left out. Links and nodes have none: only what can be opened does.
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

typedef struct NodeCopy {
        bool may_clone; /* until the file system says that it can't share blocks */
        char *memory;   /* owned; for blocks and attributes */
} NodeCopy;

/* Return: 0 or -ENOMEM. */
int node_copy_init(NodeCopy *n);
void node_copy_done(NodeCopy *n);

/**
 * node_copy() - anything but a directory
 * @st: of @name in @from_dir, not followed
 *
 * Return: 0; negative errno, where the target may be there half-made.
 */
int node_copy(NodeCopy *n, int from_dir, const char *name, const struct stat *st, int to_dir);

/** node_copy_attributes() - owner, mode, attributes and times of an open file or directory */
int node_copy_attributes(NodeCopy *n, int from_fd, int to_fd);

/** node_copy_content() - all bytes of an open file into an empty one; holes stay holes */
int node_copy_content(NodeCopy *n, int from_fd, int to_fd);
