/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Directories whose content is not ours: found, made, removed and compared without ever leaving them.
 * Symbolic links are resolved as if the directory were the root; the last component is never followed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What a path within a layer may have; below PATH_MAX, so that our own prefixes fit before it. */
#define TREE_PATH_MAX 3800U

/**
 * tree_path_clean() - a foreign path without slashes at its ends and without "." components
 * @ret: owned; "" is the root itself
 *
 * Return: 0; -EPERM for a component "..", -ENAMETOOLONG, -ENOMEM.
 */
int tree_path_clean(const char *path, char **ret);

/** tree_open_dir() - a directory in @root_fd, "" for the root. Return: an fd or negative errno. */
int tree_open_dir(int root_fd, const char *path);

/** tree_open_beneath() - a directory of our own or one found by readdir(): no link is followed at all */
int tree_open_beneath(int root_fd, const char *path);

/** tree_open_file() - a regular file in @root_fd, for reading. Return: an fd or negative errno. */
int tree_open_file(int root_fd, const char *path);

/**
 * tree_make_dirs() - tree_open_dir() that makes what is missing, mode 0755, and turns the whiteouts in
 * its way into directories: something is there again
 */
int tree_make_dirs(int root_fd, const char *path);

/* How a layer says that something is gone; no other names begin so. */
#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/** tree_is_whiteout() - @name in @dir_fd is a character device 0:0 */
bool tree_is_whiteout(int dir_fd, const char *name);

/** tree_scratch_file() - a file without a name in @dir_fd, for reading and writing. Return: an fd. */
int tree_scratch_file(int dir_fd);

/** tree_remove() - rm -r of @name in @dir_fd, of any depth; a missing one is fine */
int tree_remove(int dir_fd, const char *name);

/* TreeIsOpaque - 1, 0 or negative errno: the mark can't be read without CAP_SYS_ADMIN */
typedef int (*TreeIsOpaque)(int dir_fd, void *userdata);

/** TreeReadOnly - takes away a directory, relative to @dir_fd, that is a file system of its own (a
 * snapshot of btrfs) and refuses all change. Return: 0 or negative errno. */
typedef int (*TreeReadOnly)(const char *path, void *userdata);

/** tree_remove_with() - tree_remove() that knows what to do about such directories */
int tree_remove_with(int dir_fd, const char *name, TreeReadOnly on_read_only, void *userdata);

/**
 * tree_compare() - whether two trees are the same in names, types, modes, owners, times (of
 * directories excepted), links, xattrs and content; the roots themselves, too
 * @is_opaque: NULL: overlayfs's marks are not compared
 * @ret_path:  the first difference, owned, relative to both, "." for the roots; written when 0 is returned
 *
 * Return: 1 the same; 0 different; negative errno.
 */
int tree_compare(int a_fd, int b_fd, TreeIsOpaque is_opaque, void *userdata, char **ret_path);

/** tree_bytes() - what @name in @dir_fd takes on disk, be it a file or a tree */
int tree_bytes(int dir_fd, const char *name, uint64_t *ret_bytes);

/** tree_usage() - bytes allocated below @dir_fd, of hard links to what is outside their share alone */
int tree_usage(int dir_fd, uint64_t *ret_bytes);
