/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What an image's records mean to people: names, short ids, ages, and which images a filter selects.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ctl/image-records.h"

#define IMAGE_NONE "<none>" /* what is shown where there is nothing, as Docker does */

/** image_short_id() - the first 12 digits of a digest, which may lack its "sha256:"; owned, or NULL */
char *image_short_id(const char *digest);

/**
 * image_split_name() - "docker.io/library/alpine:3" is repository and tag
 * @name: NULL: it has none
 * @ret_repository, @ret_tag: owned by the caller; IMAGE_NONE for what is not there
 */
int image_split_name(const char *name, char **ret_repository, char **ret_tag);

/** image_created_usec() - real time from RFC 3339, "2026-11-22T02:18:42.5Z"; UINT64_MAX if it is none */
uint64_t image_created_usec(const char *text);

/** image_age() - "3 weeks ago"; "-" if @created is none; owned, or NULL */
char *image_age(const char *created, uint64_t now_usec);

/**
 * image_matches_pattern() - "alpine", "alpine:3", "quay.io/x/b", "quay.io/x/y*": docker.io/library/ may be left
 * out, and a tag
 */
bool image_matches_pattern(const char *name, const char *pattern);

/* What `images` is asked to show. */
typedef struct ImageFilter {
        const char *pattern; /* borrowed; NULL: any */
        char *const *terms;  /* borrowed; "dangling=true" and the like */
        bool unnamed;        /* those without name, too */
        /* Found by image_filter_prepare(). */
        uint64_t before_usec, since_usec; /* UINT64_MAX: any */
        int dangling;                     /* 0, 1; -1: not asked for */
} ImageFilter;

/** image_filter_prepare() - look at the terms, and for images that they name among all of them
 * Return: 0; -EINVAL; -ENOENT. */
int image_filter_prepare(ImageFilter *f, const ImageRecords *images, Error *error);
bool image_filter_selects(const ImageFilter *f, const ImageGroup *image);
