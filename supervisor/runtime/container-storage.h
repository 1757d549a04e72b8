/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a container writes, on disk: one directory each below the state directory. It is made in an instant
 * and put out of sight in an instant; what takes long, its removal, is left to supd-image.
 */

#include <stdbool.h>

#include "base/error.h"

/** container_storage_path() - STATE/container/ID; owned by the caller; NULL: out of memory */
char *container_storage_path(const char *state_dir, const char *id);

/** container_storage_make() - an empty directory, only root's; a former one is put into the trash first */
int container_storage_make(const char *state_dir, const char *id, Error *error);

/** container_storage_discard() - into the trash. Return: 1 if there was one, 0 if not; negative errno. */
int container_storage_discard(const char *state_dir, const char *id);

/** container_storage_has_trash() - something waits for removal */
bool container_storage_has_trash(const char *state_dir);

/** container_storage_list() - the ids of all; owned by the caller (strv) */
int container_storage_list(const char *state_dir, char ***ret);
