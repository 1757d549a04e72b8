/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What Volume= and Tmpfs= share with Mount=, which says the same in other words.
 */

#include "unitfile/unit-load-internal.h"

/**
 * volume_parse() - [SRC:]DST[:OPTS] in @s, which is cut apart
 *
 * Return: 0, after a complaint with v->target NULL; -ENOMEM.
 */
int volume_parse(KeyInput *in, const UnitAssignment *a, char *s, VolumeSpec *v);

/** tmpfs_parse() - DST[:OPTS] of a file system of @type. Return: as above. */
int tmpfs_parse(KeyInput *in, const UnitAssignment *a, char *s, FilesystemType type, TmpfsSpec *t);

/** root_reserve() - room for so many more volumes and tmpfs. Return: 0 or -ENOMEM. */
int root_reserve(RootSpec *root, size_t n_volumes, size_t n_tmpfs);
