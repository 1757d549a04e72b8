/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Secrets on disk: a file each in STATE_DIR/secret, which root alone may look into. A file holds what is
 * known of the secret and then its bytes, so that both change at once or not at all.
 *
 * What is in a secret passes through here only where it must: whoever can is given a descriptor to copy
 * from. Writing and removing wait for the disk and are for a process of their own (kinds/secret-change.h).
 *
 * Not its duty: who may ask; what a container makes of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "supd/bus.h"

#define SECRET_SIZE_MAX SUPD_SECRET_SIZE_MAX
#define SECRET_ID_SIZE 25U /* hex digits, as Podman's */
#define SECRET_LABELS_SIZE_MAX (16U * 1024U)

typedef struct Secret {
        char *name;    /* owned */
        char *id;      /* owned; the same for as long as there is one of that name */
        char **labels; /* owned; "NAME=VALUE" */
        uint64_t created_realtime_usec, updated_realtime_usec;
        int fd;          /* owned; the file, to read; -EBADF: none */
        uint64_t offset; /* where in it the bytes of the secret begin */
        uint64_t size;
} Secret;

void secret_init(Secret *s);
void secret_done(Secret *s);

/** secret_name_check() - see base/secret-name.h. Return: 0; -EINVAL with a text. */
int secret_name_check(const char *name, Error *error);

/**
 * secret_open() - look one up
 * @ret: secret_init()ed by the caller, who calls secret_done() in any case
 *
 * Return: 0; -ENOENT as ERROR_NO_SUCH_SECRET; -EBADMSG for a damaged file; another negative errno.
 */
int secret_open(const char *state_dir, const char *name, Secret *ret, Error *error);

/** secret_read() - all of it, with a NUL behind it. @ret: owned by the caller, who secret_wipe()s it */
int secret_read(const Secret *s, char **ret, Error *error);
/** secret_wipe() - overwrite, then free; NULL is fine. Return: NULL. */
char *secret_wipe(char *data, size_t size);

/** secret_names() - of all, in order; owned by the caller (strv). Return: 0 or negative errno. */
int secret_names(const char *state_dir, char ***ret, Error *error);

/**
 * secret_write() - put a secret into the store and wait until it is on the disk
 * @s:       what is to be known of it; its fd is where @s->size bytes from @s->offset are read from
 * @replace: else one of that name is left as it is
 *
 * Return: 0; -EEXIST; another negative errno.
 */
int secret_write(const char *state_dir, const Secret *s, bool replace, Error *error);

/** secret_remove() - and wait until it is gone from the disk. Return: 0; -ENOENT; another negative errno */
int secret_remove(const char *state_dir, const char *name, Error *error);

/** secret_store_clean() - remove what an interrupted secret_write() left */
void secret_store_clean(const char *state_dir);
