/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A file as a read-only block device, for file systems that can't be mounted from a file. The device lets
 * go of the file by itself when its last user is gone, however that ends: nothing has to be undone.
 *
 * For the parent: a container's device policy refuses loop devices, also to its first process.
 */

#include "base/error.h"

#define LOOP_NAME_SIZE 32U

/**
 * loop_device_attach() - make a free loop device show @file_fd; does not read the file
 * @ret_name: "/dev/loop7"
 *
 * Return: descriptor of the device, which keeps it until it is mounted; negative errno: with @error set
 */
int loop_device_attach(int file_fd, char ret_name[static LOOP_NAME_SIZE], Error *error);
