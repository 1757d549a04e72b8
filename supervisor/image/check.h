/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Everything that the store contains against what it should be: blobs against their digests, unpacked
 * layers against their blobs, records and names against the documents. Each damage is one or more records
 * of the answer, with the images that it concerns as AFFECTED=; what can't be put right from here ends as
 * PULL= of each image that brings it again.
 */

#include "base/map.h"
#include "base/record.h"
#include "image/operation.h"

typedef struct CheckedImage {
        Digest digest;
        char **names; /* owned; "container NAME" for one that is only in use; the digest for none */
        bool read_only;    /* in an additional store */
        bool needs_pull;   /* something is gone for which there is no other source */
        bool is_readable;  /* both of the following are whole */
        Manifest manifest; /* as far as it can be read */
        ImageConfig config;
} CheckedImage;

typedef struct Check {
        Operation *operation; /* borrowed */
        RecordWriter answer;
        CheckedImage *images; /* owned */
        size_t n_images;
        Map *seen;      /* owned; kind and digits of what was looked at; the keys are in `keys` */
        char **keys;    /* owned */
        char **lost;    /* owned; digests of blobs that are damaged or missing */
        size_t damaged; /* what was not put right */
        size_t blobs, layers, records;
} Check;

/* What `seen` tells apart: a plain layer's blob has the same digest as the layer. */
enum {
        CHECK_BLOB = 'b',
        CHECK_LAYER = 'l',
};

/** check_is_first() - whether it is looked at for the first time. Return: 1, 0 or -ENOMEM. */
int check_is_first(Check *c, char kind, const Digest *digest);

/** check_put_affected() - AFFECTED= of each image that has this blob or layer; @pull: needs to be pulled */
void check_put_affected(Check *c, char kind, const Digest *digest, bool pull);

/** check_layer() - one unpacked layer against its blob, in whichever stores they are */
int check_layer(Check *c, const Digest *blob, const Digest *diff_id, Error *error);
