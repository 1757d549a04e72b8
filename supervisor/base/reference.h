/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names of images: references to a registry as Docker normalises them, and the transports that need
 * none. Pure text; nothing is looked up.
 */

#include <stdbool.h>

#include "base/digest.h"

#define REFERENCE_NAME_MAX 255 /* registry and repository, as in the distribution specification */
#define REFERENCE_TAG_MAX 128
#define REFERENCE_DEFAULT_REGISTRY "docker.io"

typedef struct Reference {
        char *registry;   /* owned; "docker.io", "localhost:5000" */
        char *repository; /* owned; "library/alpine" */
        char *tag;        /* owned; NULL where only a digest was given */
        Digest digest;    /* empty text: none was given */
} Reference;

/**
 * reference_parse() - a reference as Docker reads it
 * @text: "alpine", "quay.io/a/b:tag@sha256:…", "localhost:5000/x"
 * @ret:  owned by the caller; reference_done()
 *
 * Without tag and digest the tag is "latest".
 *
 * Return: 0; -EINVAL, with a message that says what is wrong; -EOPNOTSUPP; -ENOMEM.
 */
int reference_parse(const char *text, Reference *ret, Error *error);

/** reference_format() - the canonical form, "docker.io/library/alpine:latest"; owned; NULL: no memory */
char *reference_format(const Reference *r);

static inline bool reference_has_digest(const Reference *r) {
        return r->digest.text[0] != '\0';
}

void reference_done(Reference *r);

typedef enum Transport {
        TRANSPORT_REGISTRY, /* "docker://NAME" or a bare name */
        TRANSPORT_OCI,
        TRANSPORT_OCI_ARCHIVE,
        TRANSPORT_DOCKER_ARCHIVE,
        TRANSPORT_DIR,
        TRANSPORT_ARCHIVE, /* either archive, whichever it turns out to be */
        _TRANSPORT_MAX,
        _TRANSPORT_INVALID = -EINVAL,
} Transport;

typedef struct ImageSource {
        Transport transport;
        char *path; /* owned; file or directory; for a registry the reference as it was given */
        char *name; /* owned; what stands behind the path: tag or reference; NULL: nothing */
} ImageSource;

/**
 * image_source_parse() - "oci:DIR[:TAG]", "oci-archive:FILE[:TAG]", "docker-archive:FILE[:REF]",
 * "archive:FILE", "dir:DIR", "docker://REF", or a reference
 *
 * A path ends at its first colon, as skopeo has it. A REF of docker-archive comes back normalised.
 */
int image_source_parse(const char *text, ImageSource *ret, Error *error);
const char *transport_to_string(Transport t);
void image_source_done(ImageSource *s);
