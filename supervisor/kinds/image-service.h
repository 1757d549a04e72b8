/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Images for units: what a name means here, and having supd-image do what takes long: fetch an image, make a
 * root of it, remove what containers left. One service for all units.
 *
 * Between calls: units that want the same image in the same way share one fetch.
 */

#include "base/digest.h"
#include "kinds/context.h"
#include "kinds/subprocess.h"
#include "runtime/image-store.h"
#include "unitfile/image-spec.h"

typedef struct ImageService ImageService;

/* All borrowed for as long as the service lives. */
typedef struct ImageServiceSpec {
        sd_event *event;
        const char *state_dir;
        const char *program;    /* supd-image */
        char *const *arguments; /* that each run of it gets */
        char *const *additional_stores, *const *search_registries;
        StorageDriver driver;
} ImageServiceSpec;

int image_service_new(const ImageServiceSpec *spec, ImageService **ret);
ImageService *image_service_free(ImageService *s);
DEFINE_CLEANUP(ImageService *, image_service_free);

/** image_service_stop() - end the sweeping of what containers left: the next supd goes on with it */
void image_service_stop(ImageService *s);

const ImageServiceSpec *image_service_spec(const ImageService *s); /* borrowed */
ImageStore *image_service_store(const ImageService *s);            /* borrowed */

/**
 * image_service_find() - the image that a person means by @name
 * @name: a reference, "alpine", or the digits of an id
 *
 * A short name is looked for where a pull of it could have put it: localhost, the registries that are
 * searched, docker.io.
 *
 * Return: 1 and its manifest; 0: none is here; negative errno with an error.
 */
int image_service_find(ImageService *s, const char *name, Digest *ret, Error *error);

/**
 * image_service_run() - start supd-image
 * @words:    the verb and what follows; NULL-terminated
 * @stdin_fd: borrowed; -EBADF: none
 */
int image_service_run(ImageService *s,
                char *const *words,
                int stdin_fd,
                const SubprocessOps *ops,
                void *userdata,
                Subprocess **ret,
                Error *error);

/** image_service_empty_trash() - have removed what containers left, unless that is under way */
void image_service_empty_trash(ImageService *s);

/* ---- fetching: image-pull.c -------------------------------------------------------------------- */

typedef struct ImagePullRequest {
        const char *reference; /* borrowed, as all of these; may be a transport and a file */
        const char *name;      /* what it is to be called; NULL: as the reference says */
        const PullSpec *pull;  /* but for its policy */
        PullPolicy policy;
} ImagePullRequest;

/* How far a fetch is. */
typedef struct ImageProgress {
        unsigned n_layers, n_layers_done;
        uint64_t bytes, total_bytes; /* of blobs; the total grows while sizes become known */
        const char *notice;          /* the last word to people; borrowed; NULL: none */
} ImageProgress;

typedef struct ImageWaiterOps {
        /* It moved, a few times in a second; must not leave. NULL: not of interest. */
        void (*progress)(const ImageProgress *p, void *userdata);
        /* It has ended; the waiter is gone with this call. @manifest: NULL on failure. */
        void (*done)(int r, const Error *error, const Digest *manifest, void *userdata);
} ImageWaiterOps;

typedef struct ImageWaiter ImageWaiter;

/** image_service_pull() - join the fetch of an image, or begin it; done comes later, not from within */
int image_service_pull(ImageService *s,
                const ImagePullRequest *request,
                const ImageWaiterOps *ops,
                void *userdata,
                ImageWaiter **ret,
                Error *error);
/** image_waiter_leave() - done will not be called; the last one to leave ends the fetch. Returns NULL. */
ImageWaiter *image_waiter_leave(ImageWaiter *w);

/** image_progress_format() - "2 of 5 layers, 12.3M of 45.6M"; owned by the caller; NULL: no memory */
char *image_progress_format(const ImageProgress *p);
