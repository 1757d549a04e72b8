/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The image store below the state directory: image/ is an OCI image layout, layer/ holds the layers
 * unpacked, named by their diff id. Knows nothing of where images come from.
 *
 *   image/oci-layout, index.json, blobs/sha256/HEX
 *   image/.supd/gc.lock      shared to claim or make content, exclusive to take it away
 *   image/.supd/index.lock   exclusive to write index.json
 *   image/.supd/lease/ID     locked while operation ID runs; names the content it relies on
 *   image/.supd/work/ID.*    half-made blobs
 *   image/.supd/names, record/HEX, use/CONTAINER    see supd/image-store.h
 *   layer/HEX, layer/.work/ID.*
 *
 * Between calls: what has its final name is whole and on disk; index.json names only what is there. What a
 * dead operation left is found by its lease, which nobody holds any more. An operation claims content
 * before it looks whether it is there, so that a sweep either sees the claim or was over before.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/oci/manifest.h"

typedef struct Store Store;

typedef struct StoreImage {
        char *name;          /* owned; NULL: nameless */
        char *source_digest; /* owned; of what it was made from where that differs; NULL */
        Descriptor manifest;
        bool read_only; /* in an additional store */
} StoreImage;

typedef struct StoreImages {
        StoreImage *items; /* owned */
        size_t n_items;
} StoreImages;

/**
 * store_open() - the writable store and those that are only read
 * @state_dir:  /var/lib/supd; made if @make
 * @additional: other state directories, searched in this order; may be NULL
 * @make:       false: nothing is written, and a store that is not there is an empty one
 */
int store_open(const char *state_dir,
                char *const *additional,
                bool make,
                Store **ret,
                Error *error);
Store *store_free(Store *s);
DEFINE_CLEANUP(Store *, store_free);

/* What stands beside the store and follows its images: the trees of a storage driver. */
typedef struct StoreFollower {
        void *userdata;
        int work_fd; /* borrowed; -EBADF: none. What dead operations left in it is removed */
        /** on_record() - before an image is made known */
        int (*on_record)(void *userdata, const Digest *manifest, Error *error);
        /**
         * set_aside() - take out of sight what belongs to images that are gone, without delay: moved into
         * @work_fd, names after @prefix, for the store to remove
         * @made_only: only what this process made
         * @is_needed: whether the image whose manifest has these digits is there
         */
        int (*set_aside)(void *userdata,
                        bool made_only,
                        const char *prefix,
                        bool (*is_needed)(const void *needed, const char *manifest_hex),
                        const void *needed);
} StoreFollower;

/** store_follow() - one follower, copied; before store_begin() */
void store_follow(Store *s, const StoreFollower *follower);

/** store_work_name() - a name that tells later operations whose it was; owned; NULL: no memory */
char *store_work_name(Store *s, const char *suffix);

/** store_begin() - take a lease: needed before content is claimed or made; removes leftovers first */
int store_begin(Store *s, Error *error);
/** store_begin_untouched() - the same, but records and names stay as they are found */
int store_begin_untouched(Store *s, Error *error);

/* Borrowed descriptors. */
int store_image_fd(const Store *s);
int store_layer_fd(const Store *s);
int store_blobs_fd(const Store *s);
/** store_tree_fd() - of a storage driver, to be looked at only; negative: there is none */
int store_tree_fd(const Store *s);

/** store_claim() - keep @digest, a blob or a layer, from being swept while this process lives */
int store_claim(Store *s, const Digest *digest, Error *error);

/** store_open_blob() - from whichever store has it. Return: an fd, -ENOENT or another errno. */
int store_open_blob(const Store *s, const Digest *digest);
/** store_open_layer() - the directory, from whichever store has it. Return: an fd or -ENOENT. */
int store_open_layer(const Store *s, const Digest *diff_id);
/** store_layer_path() - for people and mounts; owned by the caller; NULL: no memory or no such layer */
char *store_layer_path(const Store *s, const Digest *diff_id);
/** store_read_blob() - a whole small blob, its digest checked */
int store_read_blob(const Store *s,
                const Digest *digest,
                size_t limit,
                char **ret,
                size_t *ret_size,
                Error *error);

/* A blob in the making. */
typedef struct StoreBlob {
        int fd;          /* owned; -EBADF when done */
        char *temporary; /* owned; in image/.supd/work */
} StoreBlob;
#define STORE_BLOB_NONE ((StoreBlob) { .fd = -EBADF })

int store_blob_begin(Store *s, StoreBlob *ret, Error *error);
/**
 * store_blob_adopt() - a blob whose content is a file that the caller made in the store, open as @fd
 *
 * Return: 1; 0: it can't be (another file system), and has to be copied; negative errno.
 */
int store_blob_adopt(Store *s, int fd, StoreBlob *ret, Error *error);
/** store_blob_commit() - synced, then named: what was written has @digest, which the caller checked */
int store_blob_commit(Store *s, StoreBlob *b, const Digest *digest, Error *error);
/** store_blob_done() - removes what was not committed. Needs the store, hence no clean-up by scope. */
void store_blob_done(Store *s, StoreBlob *b);
/** store_put_blob() - a whole small one */
int store_put_blob(Store *s, const char *data, size_t size, Digest *ret, Error *error);

typedef struct BlobInfo {
        Digest digest;
        uint64_t size;
} BlobInfo;

/**
 * store_copy_blob() - from the current offset of @fd to its end
 * @expected: -EBADMSG if it has another digest or size; NULL: whatever it has
 */
int store_copy_blob(Store *s, int fd, const BlobInfo *expected, BlobInfo *ret, Error *error);

/** store_layer_begin() - an empty directory for a layer; owned name in layer/.work */
int store_layer_begin(Store *s, const Digest *diff_id, char **ret_name, int *ret_fd, Error *error);
/** store_layer_commit() - what is in it is synced, then named; another's that came first is kept */
int store_layer_commit(Store *s, const char *name, const Digest *diff_id, Error *error);
/** store_layer_publish() - the same of one that the caller has synced: syncfs(2) takes its time */
int store_layer_publish(Store *s, const char *name, const Digest *diff_id, Error *error);
/** store_layer_abandon() - remove it */
void store_layer_abandon(Store *s, const char *name);
/** store_layer_replace() - a damaged layer makes way for a new one */
int store_layer_replace(Store *s, const char *name, const Digest *diff_id, Error *error);
/** store_blob_discard() - a damaged blob goes, so that it is fetched again */
int store_blob_discard(Store *s, const Digest *digest, Error *error);

/* ---- names: store-index.c ---- */
/** store_list() - the writable store's images first, then those of the others that it does not hide */
int store_list(const Store *s, StoreImages *ret, Error *error);
void store_images_done(StoreImages *images);

/**
 * store_record() - make an image known; everything it consists of is in the store
 * @name: NULL: none. An image that had the name becomes nameless.
 * @source_digest: may be NULL
 */
int store_record(Store *s,
                const char *name,
                const Descriptor *manifest,
                const char *source_digest,
                Error *error);

/**
 * store_tag() - give an image that is listed a further name; one that had the name becomes nameless
 *
 * Return: 0; -ENOENT if the image has gone meanwhile.
 */
int store_tag(Store *s, const char *name, const StoreImage *image, Error *error);

/**
 * store_find() - by name, as given or normalised, or by the digest of manifest or configuration, whole or
 * its first 4 and more digits, with or without "sha256:"
 *
 * Return: 0 and an index into @images; -ENOENT; -ENOTUNIQ.
 */
int store_find(const Store *s,
                const StoreImages *images,
                const char *what,
                size_t *ret,
                Error *error);

#define STORE_FORGOTTEN 1
#define STORE_NAMELESS 2

/**
 * store_forget() - remove a name; with @digest every entry of that manifest, named or not
 * @keep: an image stays when its last name goes
 *
 * Return: STORE_FORGOTTEN; STORE_NAMELESS if the image stayed; 0 if nothing fits.
 */
int store_forget(Store *s, const char *name, const Digest *digest, bool keep, Error *error);

/* ---- unused content: store-sweep.c ---- */
typedef struct SweepResult {
        uint64_t blobs, layers, bytes; /* the bytes of trees, too */
} SweepResult;

/**
 * store_sweep() - remove what no image and no running operation needs
 * @keep: digests of manifests that count as images though they have no entry; NULL-terminated or NULL
 */
int store_sweep(Store *s, char *const *keep, SweepResult *ret, Error *error);

/**
 * store_sweep_preview() - what a sweep would remove
 * @without: digests of manifests that do not count though they are listed; NULL-terminated or NULL
 *
 * Takes no lock, so that it works on a store that is only read: what runs meanwhile may blur the figures.
 */
int store_sweep_preview(const Store *s,
                char *const *keep,
                char *const *without,
                SweepResult *ret,
                Error *error);

typedef struct StoreLeftovers {
        uint64_t items, bytes;                 /* of operations that died */
        uint64_t partial_items, partial_bytes; /* downloads that can be resumed */
} StoreLeftovers;

/** store_leftovers() - half-made content that no running operation owns */
int store_leftovers(const Store *s, StoreLeftovers *ret, Error *error);

/**
 * store_undo() - after a failure: remove what this process put in and nobody else needs
 *
 * Unlike a sweep it leaves alone what was there before, which may be in use without a name.
 */
int store_undo(Store *s, Error *error);

/** store_image_load() - manifest and configuration of an image */
int store_image_load(const Store *s,
                const Digest *manifest_digest,
                Manifest *ret_manifest,
                ImageConfig *ret_config,
                Error *error);
