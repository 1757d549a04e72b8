/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which disk a path is on: what limits for disks are set on. May block for as long as a stat() of the path.
 */

#include <sys/types.h>

#include "base/error.h"

/**
 * block_device_find() - the whole disk of a device node, or of the file system that a path is on
 * @path: a block device (of a partition, a mapping of one disk: that disk), or any file or directory
 *
 * Return: 0; -ENODEV where no block device is behind it (tmpfs, overlay, …); what stat() says.
 */
int block_device_find(const char *path, dev_t *ret, Error *error);

/**
 * block_device_find_whole() - the disk below @device, by what sysfs says
 * @sysfs_fd: a directory as /sys/dev/block is
 *
 * Partitions, and mappings (LUKS, a linear volume) of one disk alone, are followed; a device that is made of
 * several is one itself.
 */
dev_t block_device_find_whole(int sysfs_fd, dev_t device);

/** block_device_of_mount() - source of the mount point that holds @mount_id, in the text of a mountinfo; owned
 * by the caller, or NULL: none that is a path */
char *block_device_of_mount(const char *mountinfo, unsigned long long mount_id);
