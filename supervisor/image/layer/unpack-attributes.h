/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What an entry of a layer says beside its name and content: owner, mode, extended attributes, times. Set
 * only where the file system does not have it so already: most files belong to us and are made with the
 * right mode, and each change would be a journal entry of its own.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct archive_entry;

/** entry_mtime() - the epoch if it says nothing */
struct timespec entry_mtime(struct archive_entry *entry);

/** entry_owner_is_valid() - both numbers are such that chown(2) would set them */
bool entry_owner_is_valid(struct archive_entry *entry);

/** entry_create_mode() - to be made with: without what a change of the owner would take away again */
mode_t entry_create_mode(struct archive_entry *entry);

/** entry_set_attributes() - owner, mode and xattrs; times are left, since a directory's change once more */
int entry_set_attributes(struct archive_entry *entry, int fd);

/** entry_finish() - all of it, times included */
int entry_finish(struct archive_entry *entry, int fd);

/** entry_finish_special() - of what can't be opened without consequences: links, devices, sockets */
int entry_finish_special(struct archive_entry *entry, int dir_fd, const char *name);
