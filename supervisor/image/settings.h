/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What supd.conf says of images, as supd writes it down for supd-image: the file of records that
 * supd/image-store.h describes. It is the administrator's, and read before anything is given up.
 */

#include "base/error.h"

#define SETTINGS_PARALLEL_MAX 16U
#define SETTINGS_PARALLEL_DEFAULT 3U

typedef struct Settings {
        /* All owned; NULL: none. */
        char **additional_stores;
        char **search;    /* registries for short names */
        char **mirrors;   /* "REGISTRY MIRROR[/PREFIX]" */
        char **insecure;  /* HOST[:PORT] */
        char **cert_dirs; /* HOST[:PORT]/ below each */
        char **proxies;   /* "http_proxy=URL" and so on */
        char *driver, *auth_file;
        unsigned parallel; /* downloads at a time */
} Settings;

/**
 * settings_load() - the file at @path
 * @path: NULL: the one in the runtime directory, where there is one
 *
 * Return: 0; negative errno with a message that names file and key. @ret is to be given to settings_done()
 * in any case.
 */
int settings_load(const char *path, Settings *ret, Error *error);
/** settings_parse() - the same for text; @what names it in messages */
int settings_parse(const char *text, const char *what, Settings *ret, Error *error);
void settings_done(Settings *s);
