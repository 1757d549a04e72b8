/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd-image answered: fields in the order in which they came, and the groups that they form. A group
 * begins with a certain key and ends before the next one, as each image of `ls` begins with IMAGE=.
 *
 * Not its duty: what the keys mean to people (image-view.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/value.h"

typedef struct ImageField {
        char *key, *value; /* owned */
} ImageField;

typedef struct ImageRecords {
        ImageField *fields; /* owned */
        size_t n_fields, n_allocated;
        int result; /* -ENOMEM if a field was lost, so that callers check once, at the end */
} ImageRecords;

/** image_records_add() - a RecordTold (base/record-stream.h); @userdata is the ImageRecords */
void image_records_add(const char *key, const char *value, void *userdata);
void image_records_done(ImageRecords *r);

/* Borrowed from the records. */
typedef struct ImageGroup {
        const ImageField *fields;
        size_t n_fields;
} ImageGroup;

/** image_records_all() - one group of all fields */
ImageGroup image_records_all(const ImageRecords *r);

/**
 * image_records_next() - the next group that begins with @first_key
 * @group: the one before; {} to begin with
 *
 * Return: whether there is one.
 */
bool image_records_next(const ImageRecords *r, const char *first_key, ImageGroup *group);

/** image_group_get() - the last value of @key, borrowed; NULL if absent */
const char *image_group_get(const ImageGroup *g, const char *key);
/** image_group_get_nth() - the @n-th value of a repeated @key, from 0; NULL: there are not so many */
const char *image_group_get_nth(const ImageGroup *g, const char *key, size_t n);
/** image_group_get_u64() - UINT64_MAX if absent or malformed */
uint64_t image_group_get_u64(const ImageGroup *g, const char *key);

/* ---- as values --------------------------------------------------------------------------------- */

typedef enum ImagePropertyType {
        IMAGE_TEXT,    /* left out if absent */
        IMAGE_NUMBER,  /* the same */
        IMAGE_TEXTS,   /* an array of all values, empty if there is none */
        IMAGE_PAIRS,   /* a dict of values NAME=TEXT */
        IMAGE_DIGESTS, /* as IMAGE_TEXTS, with "sha256:" before those without */
        IMAGE_BOOLEAN, /* "yes"; false if absent */
        IMAGE_KEYS,    /* a dict of the values, each with an empty dict, as Docker has sets */
        _IMAGE_PROPERTY_TYPE_MAX,
        _IMAGE_PROPERTY_TYPE_INVALID = -EINVAL,
} ImagePropertyType;

/* A row of a table of what --json shows. */
typedef struct ImageProperty {
        const char *name; /* "RepoTags" */
        const char *key;  /* of the field */
        ImagePropertyType type;
} ImageProperty;

/** image_group_to_dict() - add the properties to @dict. Return: 0 or -ENOMEM. */
int image_group_to_dict(
                const ImageGroup *g, const ImageProperty *properties, size_t n, Value *dict);
