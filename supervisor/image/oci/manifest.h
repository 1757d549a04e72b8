/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The documents of an image, OCI's and Docker's schema 2: what an index offers, what a manifest consists
 * of, what a configuration says. They come from outside: every count has a limit here, every digest is
 * checked, and nothing is followed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/digest.h"

#define MANIFEST_SIZE_MAX (4U * 1024 * 1024)
#define CONFIG_SIZE_MAX (8U * 1024 * 1024)
#define LAYERS_MAX 500U /* as many as overlayfs joins */
#define INDEX_ENTRIES_MAX 10000U

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

typedef enum Compression {
        COMPRESSION_NONE,
        COMPRESSION_GZIP,
        COMPRESSION_ZSTD,
        _COMPRESSION_MAX,
        _COMPRESSION_INVALID = -EINVAL,
} Compression;

typedef struct Platform {
        char *os, *architecture, *variant; /* owned; NULL: not said */
} Platform;

typedef struct Descriptor {
        char *media_type; /* owned; OCI's name for it, also where Docker's was given */
        Digest digest;
        uint64_t size;
        Platform platform; /* of an entry of an index */
        char *name;        /* owned; from the annotations of an entry; NULL: none */
} Descriptor;

typedef struct Manifest {
        bool is_index;
        bool is_foreign;     /* Docker's media types: an OCI layout wants a translation */
        Descriptor config;   /* unless is_index */
        Descriptor *entries; /* owned; of an index: the images; else the layers, lowest first */
        size_t n_entries;
} Manifest;

/**
 * manifest_parse() - an OCI index or manifest, a Docker manifest list or schema 2 manifest
 *
 * Return: 0; -EBADMSG if it is malformed; -EOPNOTSUPP for schema 1, artifacts, encrypted or foreign
 * layers; -E2BIG above a limit.
 */
int manifest_parse(const char *text, size_t size, Manifest *ret, Error *error);
void manifest_done(Manifest *m);

/** manifest_format() - an OCI image manifest; owned by the caller; NULL: out of memory */
char *manifest_format(const Descriptor *config, const Descriptor *layers, size_t n_layers);

/** platform_fits() - what is for @have runs on @want; a lower variant does */
bool platform_fits(const Platform *have, const Platform *want);

/**
 * manifest_choose() - the entry of an index that fits
 * @wanted: members that are NULL stand for this machine's
 *
 * A variant below the wanted one does too (arm/v6 on v7), the highest first. An index with one entry
 * that names no platform is taken as it is.
 *
 * Return: the entry, borrowed; NULL: none fits.
 */
const Descriptor *manifest_choose(const Manifest *index, const Platform *wanted);

/** platform_host() - what uname(2) says, in Go's words, filled into the members that are NULL */
int platform_host(Platform *p);
void platform_done(Platform *p);

void descriptor_done(Descriptor *d);
/** descriptor_compression() - by media type; _COMPRESSION_INVALID if it is no layer */
Compression descriptor_compression(const Descriptor *d);
const char *compression_media_type(Compression c);

#define HISTORY_MAX 10000U

/* A step of an image's making; all owned, NULL where it does not say. */
typedef struct HistoryEntry {
        char *created, *created_by, *author, *comment;
        bool is_empty; /* made no layer */
} HistoryEntry;

typedef struct ImageConfig {
        Platform platform;
        char *created;    /* owned; RFC 3339, as it stands there; NULL: not said */
        char *author;     /* owned; NULL: not said */
        Digest *diff_ids; /* owned */
        size_t n_diff_ids;
        HistoryEntry *history; /* owned; the oldest first; at most HISTORY_MAX, the rest is left out */
        size_t n_history;
        /* What containers are made with; all owned, NULL where the image does not say. */
        char **entrypoint, **command, **environment, **volumes, **ports, **labels, **shell;
        char **health_test;
        /* 0: not said, as Docker has it. */
        uint64_t health_interval_nsec, health_timeout_nsec, health_start_period_nsec;
        uint64_t health_start_interval_nsec;
        uint64_t health_retries;
        char *user, *working_directory, *stop_signal;
} ImageConfig;

int image_config_parse(const char *text, size_t size, ImageConfig *ret, Error *error);
void image_config_done(ImageConfig *c);
