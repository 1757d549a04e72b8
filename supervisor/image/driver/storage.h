/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What containers are made of, beside the store: tree/HEX, an image as one tree, by its manifest, and
 * container/ID, a container's own. Which of them there are, and how they are made, is the driver's matter
 * (image/driver/driver.h); how they go depends only on what is there, because a store may have had other drivers.
 *
 *   tree/HEX, tree/.work/         read-only from its birth; btrfs: a subvolume
 *   container/ID/root             btrfs and vfs; a name appears when all is on disk
 *   container/ID/upper, work      overlay
 *   container/.trash/             what waits for its removal
 *
 * Between calls: what has its final name is whole. The process that opens keeps its privileges and serves
 * requests (storage_serve()); everything from storage_attach() on is for the confined one.
 */

#include "base/record.h"
#include "image/confine/broker.h"
#include "image/store/store.h"

#define STORAGE_FDS_MAX 4U
#define STORAGE_ID_MAX 128U

typedef struct Storage Storage;

/* What a verb does with it. */
#define STORAGE_PREPARES (1U << 0)   /* trees: the driver has to work here */
#define STORAGE_MAKES_ROOT (1U << 1) /* container/ID is made */
#define STORAGE_REMOVES (1U << 2)    /* something of container/ */

typedef struct StorageSpec {
        const char *state_dir;  /* borrowed, as all of these */
        const char *driver;     /* NULL: overlay */
        const char *id;         /* of a container; NULL: none */
        uint64_t size_max_root; /* bytes; UINT64_MAX: no limit */
        unsigned use;           /* STORAGE_… */
} StorageSpec;

/**
 * storage_open() - @spec->state_dir has a store already
 *
 * Return: 0; -EOPNOTSUPP with a message that says which drivers can work there; -EINVAL for a bad id or
 * driver; errno.
 */
int storage_open(const StorageSpec *spec, Storage **ret, Error *error);
Storage *storage_free(Storage *s);
DEFINE_CLEANUP(Storage *, storage_free);

/** storage_fds() - the directories that are written to. Return: how many. */
size_t storage_fds(const Storage *s, int ret_fds[STORAGE_FDS_MAX]);

/** storage_copies() - containers get copies: layers need not be as overlayfs wants them */
bool storage_copies(const Storage *s);

/** storage_serve() - a BrokerServe; @storage is a Storage */
int storage_serve(const char *request, void *storage);

/** storage_attach() - @s follows the images of @store; all three live as long as @s is used */
void storage_attach(Storage *s, Store *store, const BrokerSockets *sockets);

/** storage_prepare() - what the driver wants of an image, whose layers are there and claimed; idempotent */
int storage_prepare(Storage *s, const Digest *manifest, Error *error);

/** storage_root_make() - of an image that is prepared; where it is goes into @w */
int storage_root_make(Storage *s,
                const Digest *manifest,
                const ImageConfig *config,
                RecordWriter *w,
                Error *error);

/** storage_root_remove() - whatever driver made it; none is fine */
int storage_root_remove(Storage *s, Error *error);

/** storage_empty_trash() - waits for another that does */
int storage_empty_trash(Storage *s, Error *error);
