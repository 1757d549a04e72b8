/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Subvolumes and quota groups of btrfs, by directory and name. For the process that has CAP_SYS_ADMIN;
 * only subvolume_is_there() and subvolume_can_be_at() are for every one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/** subvolume_can_be_at() - the directory is on btrfs */
bool subvolume_can_be_at(int dir_fd);
/** subvolume_is_there() - @name in @dir_fd, which is not followed, is the root of a subvolume */
bool subvolume_is_there(int dir_fd, const char *name);

/* Each: 0 or negative errno. */
int subvolume_create(int dir_fd, const char *name);
/** subvolume_snapshot() - on disk when it returns; @from is a subvolume in @from_dir */
int subvolume_snapshot(int from_dir, const char *from, int to_dir, const char *to, bool read_only);
/** subvolume_delete() - with those in it, and its quota group; its blocks are given back later */
int subvolume_delete(int dir_fd, const char *name);

/**
 * subvolume_limit() - what all of it may take, what it shares with others included
 *
 * Turns quotas of the file system on if need be, and waits until they are counted.
 *
 * Return: 0; -EFBIG if it takes more already.
 */
int subvolume_limit(int dir_fd, const char *name, uint64_t bytes);
