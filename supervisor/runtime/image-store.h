/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The image store as it is read to start containers: names, what containers need of an image, and taking an
 * image into use, so that no sweep removes it. Small files of records, written by supd-image; see
 * include/supd/image-store.h. No process is started, nothing waits.
 *
 * Not its duty: fetching, checking, removing images; what a name means that is not canonical.
 */

#include <stdbool.h>

#include "base/digest.h"
#include "base/error.h"

typedef struct ImageStore ImageStore;

/**
 * image_store_new() - a store need not be there yet
 * @state_dir:  absolute
 * @additional: state directories that are only read, searched in this order; NULL: none
 */
int image_store_new(const char *state_dir, char *const *additional, ImageStore **ret);
ImageStore *image_store_free(ImageStore *s);
DEFINE_CLEANUP(ImageStore *, image_store_free);

/**
 * image_store_find() - the image that has a name
 * @name: canonical: "docker.io/library/alpine:latest"
 *
 * Return: 1 and the digest of its manifest; 0: none has; negative errno.
 */
int image_store_find(ImageStore *s, const char *name, Digest *ret_manifest);

/**
 * image_store_find_id() - by the first digits of its manifest's or configuration's digest
 * @digits: hexadecimal, with or without "sha256:"
 *
 * Return: 1; 0: none, or too few digits; -ENOTUNIQ.
 */
int image_store_find_id(ImageStore *s, const char *digits, Digest *ret_manifest);

/* An image, as far as a container is concerned. Lists are NULL where the image says nothing. */
typedef struct Image {
        Digest manifest;
        char *id;      /* owned; digest of the configuration */
        char **layers; /* owned; absolute paths of unpacked layers, the lowest first */
        char **entrypoint, **command, **environment, **shell; /* owned */
        char **volumes, **ports, **labels, **health_test;     /* owned */
        char *user, *working_directory, *stop_signal;         /* owned */
        /* 0: it says nothing. */
        uint64_t health_interval_nsec, health_timeout_nsec, health_start_period_nsec;
        uint64_t health_start_interval_nsec, health_retries;
} Image;

Image *image_free(Image *i);
DEFINE_CLEANUP(Image *, image_free);

/** image_store_load() - without taking it into use. Return: as image_store_take(), but for -EAGAIN. */
int image_store_load(ImageStore *s, const Digest *manifest, Image **ret, Error *error);

/**
 * image_store_take() - into use by @user, until image_store_release()
 * @user: file name, [a-zA-Z0-9:_.\@-]; whatever it used before is let go
 *
 * Return: 0; -EAGAIN while a sweep is under way: try again soon; -ENOENT if the image is not there (any
 * more), or not whole: the error says what is missing.
 */
int image_store_take(
                ImageStore *s, const char *user, const Digest *manifest, Image **ret, Error *error);
void image_store_release(ImageStore *s, const char *user);
/** image_store_users() - all that hold an image; owned by the caller (strv) */
int image_store_users(ImageStore *s, char ***ret);
