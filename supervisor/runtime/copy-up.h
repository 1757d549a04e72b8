/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Filling a tmpfs with what the directory below it holds, in the child: fixed buffers, no allocation.
 * For the small trees that images have at /run, /tmp or /var/cache: directories, regular files and links
 * with modes, owners and times; devices, sockets, pipes and extended attributes stay behind.
 */

/**
 * copy_up() - copy the content of one directory into another, which is empty
 * @from_fd, @to_fd: O_PATH will do
 *
 * Return: 0; -ENOSPC when the tmpfs is too small; -ELOOP below 32 levels; negative errno.
 */
int copy_up(int from_fd, int to_fd);
