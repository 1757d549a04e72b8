/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Image] of supd.conf: what supd-image is to follow. supd itself only needs to know the driver and where
 * further stores are; the rest is handed on in a file of records (include/supd/image-store.h).
 */

#include "base/error.h"
#include "kinds/context.h"

typedef struct ImageSettings {
        StorageDriver driver;
        char **additional_stores; /* owned, as all of these; absolute paths of state directories */
        char **search_registries; /* in the order in which short names are tried */
        char **mirrors;           /* "REGISTRY MIRROR[/PREFIX]" */
        char **insecure_registries;  /* HOST[:PORT] */
        char *cert_dir, *auth_file;  /* NULL: supd-image's defaults */
        char **proxies;              /* "http_proxy=URL" */
        unsigned parallel_downloads; /* 0: supd-image's default */
} ImageSettings;

/* Values of the keys, for the table in config.c. Each takes the address of its ImageSettings. Return: 0,
 * -EINVAL or -ENOMEM. An empty value clears a list. */
int image_settings_driver(const char *value, void *target);
int image_settings_additional_stores(const char *value, void *target);
int image_settings_search_registries(const char *value, void *target);
int image_settings_mirror(const char *value, void *target);
int image_settings_insecure_registries(const char *value, void *target);
int image_settings_cert_dir(const char *value, void *target);
int image_settings_auth_file(const char *value, void *target);
int image_settings_parallel_downloads(const char *value, void *target);
int image_settings_http_proxy(const char *value, void *target);
int image_settings_https_proxy(const char *value, void *target);
int image_settings_no_proxy(const char *value, void *target);

/** image_settings_write() - replace the file that supd-image is pointed to */
int image_settings_write(const ImageSettings *s, const char *path, Error *error);

void image_settings_done(ImageSettings *s);
