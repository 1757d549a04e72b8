/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Finding, and if need be making, a path inside a root that is not trusted: every step is resolved by
 * the kernel within the root, so that no link in it leads out. For the child: allocates nothing.
 */

#include <stdint.h>
#include <sys/types.h>

/**
 * mount_point_open() - O_PATH descriptor of @path inside @root_fd; made if missing
 * @type:    S_IFDIR or S_IFREG: what is made, and what must be there
 * @resolve: RESOLVE_… in addition to staying inside and following no magic links
 *
 * Return: descriptor; -ENOTDIR or -EISDIR if something else is there; -ENOENT also where a link
 * dangles: such a link is not followed to make its target.
 */
int mount_point_open(int root_fd, const char *path, mode_t type, uint64_t resolve);

/** mount_point_open_nofollow() - as above with a last component that may be a link itself: it is not
 * followed, so that a mount covers the link and not what it points to */
int mount_point_open_nofollow(int root_fd, const char *path, mode_t type);
