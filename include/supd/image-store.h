/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The image store as two programs see it: supd-image makes it, supd starts containers from it without a
 * helper process. What they share is files of KEY=value records (base/record.h), listed here; the OCI
 * documents beside them are supd-image's alone.
 *
 *   image/.supd/names           NAME= and MANIFEST= of each name, alternating; replaced atomically
 *   image/.supd/record/HEX      what a container needs of the image whose manifest has digest HEX
 *   image/.supd/use/CONTAINER   MANIFEST= of the image that a container is made of: a root of the sweep
 *   image/.supd/gc.lock         shared (flock) to take an image into use, exclusive to sweep
 *   layer/HEX                   a layer unpacked, by diff id: overlayfs's form (driver overlay)
 *   tree/HEX                    an image unpacked, by manifest digest (drivers btrfs and vfs)
 *   container/ID/               a container's own: upper/, work/ (overlay), root/ (btrfs, vfs), volume/N/
 *   container/.trash/           what waits for its removal
 *
 * An image is taken into use like this: lock gc.lock shared, write use/CONTAINER, see that record/HEX and
 * all it names is there, unlock. A sweep holds the lock exclusively from reading the uses until what goes
 * is out of sight, so that a container either finds its image whole or finds it gone.
 */

/* Below the state directory. */
#define SUPD_STORE_IMAGE_DIR "image"
#define SUPD_STORE_LAYER_DIR "layer"
#define SUPD_STORE_TREE_DIR "tree"
#define SUPD_STORE_CONTAINER_DIR "container"
#define SUPD_STORE_TRASH_DIR "container/.trash"

/* Below image/. */
#define SUPD_STORE_PRIVATE_DIR ".supd"
#define SUPD_STORE_NAMES_FILE ".supd/names"
#define SUPD_STORE_RECORD_DIR ".supd/record"
#define SUPD_STORE_USE_DIR ".supd/use"
#define SUPD_STORE_LOCK_FILE ".supd/gc.lock"

/* Keys of names and use/. */
#define SUPD_STORE_NAME "NAME"
#define SUPD_STORE_MANIFEST "MANIFEST"

/*
 * First and last key of record/HEX: the number changes with the keys, and the digits of SHA-256 over all
 * bytes before SUM= tell a whole record. supd-image makes a record anew that is not so; who only reads takes
 * one without SUM= for absent.
 */
#define SUPD_STORE_FORMAT "FORMAT"
#define SUPD_STORE_SUM "SUM"

/*
 * Other keys of record/HEX, the same as of `supd-image inspect`; each may be absent. Lists repeat their key.
 * LAYER= is the 64 digits of a diff id, the lowest layer first: paths are the reader's to make.
 */
#define SUPD_STORE_ID "ID" /* digest of the configuration */
#define SUPD_STORE_LAYER "LAYER"
#define SUPD_STORE_ENTRYPOINT "ENTRYPOINT"
#define SUPD_STORE_COMMAND "CMD"
#define SUPD_STORE_ENVIRONMENT "ENV"
#define SUPD_STORE_SHELL "SHELL"
#define SUPD_STORE_VOLUME "VOLUME"
#define SUPD_STORE_PORT "EXPOSED_PORT"
#define SUPD_STORE_LABEL "LABEL"
#define SUPD_STORE_HEALTH_TEST "HEALTH_TEST"
#define SUPD_STORE_HEALTH_INTERVAL_NSEC "HEALTH_INTERVAL_NSEC"
#define SUPD_STORE_HEALTH_TIMEOUT_NSEC "HEALTH_TIMEOUT_NSEC"
#define SUPD_STORE_HEALTH_START_PERIOD_NSEC "HEALTH_START_PERIOD_NSEC"
#define SUPD_STORE_HEALTH_START_INTERVAL_NSEC "HEALTH_START_INTERVAL_NSEC"
#define SUPD_STORE_HEALTH_RETRIES "HEALTH_RETRIES"
#define SUPD_STORE_USER "USER"
#define SUPD_STORE_WORKING_DIR "WORKING_DIR"
#define SUPD_STORE_STOP_SIGNAL "STOP_SIGNAL"

/* What `supd-image root-make` answers: paths of a container's own. */
#define SUPD_STORE_ROOT "ROOT"   /* btrfs, vfs: the whole root */
#define SUPD_STORE_UPPER "UPPER" /* overlay: what lies on top of the image's layers, */
#define SUPD_STORE_WORK "WORK"   /* and overlayfs's own directory beside it */

/*
 * Settings of supd.conf that supd-image follows, in one file of records that supd writes into its runtime
 * directory and names by --settings. Lists repeat their key.
 */
#define SUPD_IMAGE_SETTINGS_FILE "image.settings"          /* below the runtime directory */
#define SUPD_IMAGE_SET_ADDITIONAL_STORE "ADDITIONAL_STORE" /* a state directory; only read */
#define SUPD_IMAGE_SET_DRIVER "STORAGE_DRIVER"             /* overlay, btrfs, vfs */
#define SUPD_IMAGE_SET_SEARCH "SEARCH_REGISTRY"            /* for short names, in this order */
#define SUPD_IMAGE_SET_MIRROR \
        "MIRROR" /* "REGISTRY MIRROR[/PREFIX]": asked before REGISTRY itself */
#define SUPD_IMAGE_SET_INSECURE \
        "INSECURE_REGISTRY"                /* HOST[:PORT]: http, or https without verification */
#define SUPD_IMAGE_SET_CERT_DIR "CERT_DIR" /* HOST[:PORT]/ below it: *.crt, *.cert with *.key */
#define SUPD_IMAGE_SET_AUTH_FILE "AUTH_FILE"
#define SUPD_IMAGE_SET_PARALLEL "PARALLEL_DOWNLOADS"
#define SUPD_IMAGE_SET_PROXY "PROXY" /* "http_proxy=URL", "https_proxy=URL", "no_proxy=LIST" */

/*
 * What pull and load tell while they work: one event is written at once, from LAYER= to LAYER_STATE=.
 * At least every 200 ms of a layer that moves, and at each change of state.
 */
#define SUPD_IMAGE_EVENT_LAYER "LAYER"   /* number from 1 */
#define SUPD_IMAGE_EVENT_LAYERS "LAYERS" /* how many the image has */
#define SUPD_IMAGE_EVENT_DIGEST "LAYER_DIGEST"
#define SUPD_IMAGE_EVENT_SIZE "LAYER_SIZE"   /* bytes of the blob */
#define SUPD_IMAGE_EVENT_BYTES "LAYER_BYTES" /* of these here */
#define SUPD_IMAGE_EVENT_STATE "LAYER_STATE" /* waiting, downloading, unpacking, done, present */
/* A word for people between the layers: "docker.io: trying mirror …", "retrying in 4 s: …". */
#define SUPD_IMAGE_EVENT_NOTICE "NOTICE"
