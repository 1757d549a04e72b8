/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Roots that come as a file: squashfs and erofs, told apart by their magic numbers, mounted read-only.
 *
 * The mount is made in the parent, since a container's device policy would refuse it in the child: it reads
 * the file's first blocks, no more. It is detached and belongs to nobody but the descriptor: when that and
 * what was made of it are gone, so are the mount and its loop device.
 */

#include "base/error.h"
#include "runtime/probe.h"

/**
 * image_file_mount() - mount what the file @path holds
 *
 * Return: descriptor of the root of a detached, read-only mount; negative errno with @error set, which names
 * the file: "root /srv/x.img: neither squashfs nor erofs".
 */
int image_file_mount(const char *path, const RuntimeFeatures *features, Error *error);
