/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Filling a tmpfs or a volume with what the directory below it holds, in the child: fixed buffers, no
 * allocation. Directories, files with their holes, links, devices and pipes are copied with mode, owner,
 * times and extended attributes. Files that are linked several times stay so, but for trees with many of
 * them. Sockets stay behind, as do devices and attributes that we or the file system may not make.
 */

#include <stdbool.h>

/**
 * copy_up() - copy the content of one directory into another
 * @from_fd, @to_fd: O_PATH will do
 *
 * What is there already by the same name is replaced, but for directories. Return: 0; -ENOSPC when the
 * target is too small; -ELOOP below 96 levels; negative errno.
 */
int copy_up(int from_fd, int to_fd);

/**
 * copy_up_once() - the same into a directory that is empty, which gets owner and mode of the other one
 * @sync: wait until it is on the disk
 *
 * A directory that is not empty is left alone, unless a copy to it was cut short: a file ".supd-copy-up"
 * lies there as long as it lasts. Of two that copy at once, one waits for the other.
 * Return: 0; negative errno as above.
 */
int copy_up_once(int from_fd, int to_fd, bool sync);
