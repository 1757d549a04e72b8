/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * URLs of registries and token servers: made, compared, and shown without what may be secret in them.
 * Pure text; libcurl's parser reads them, because libcurl is who follows them.
 */

#include <stdbool.h>

#include "base/macro.h"

/** url_is_http() - http or https, with a host, and without user and password in it */
bool url_is_http(const char *url);
/** url_is_encrypted() - its scheme is https */
bool url_is_encrypted(const char *url);

/** url_host() - "host[:port]" as it stands there; owned; NULL: none, or no memory */
char *url_host(const char *url);

/** url_same_origin() - scheme, host and port are the same, default ports counted */
bool url_same_origin(const char *a, const char *b);

/** url_for_people() - without query and fragment, where signatures are; owned; NULL: no memory */
char *url_for_people(const char *url);

/** url_add_query() - NAME=VALUE behind @url, encoded; NULL value: as it is; owned; NULL: no memory */
char *url_add_query(const char *url, const char *name, const char *value);
