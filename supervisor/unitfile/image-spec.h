/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Image], and what [Container] says about where its image comes from: as data. Immutable once loaded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum PullPolicy {
        PULL_MISSING,
        PULL_ALWAYS,
        PULL_NEVER,
        PULL_NEWER, /* if the registry has another one than we have */
        _PULL_POLICY_MAX,
        _PULL_POLICY_INVALID = -EINVAL,
} PullPolicy;

const char *pull_policy_to_string(PullPolicy p); /* "missing"; NULL if out of range */
PullPolicy pull_policy_from_string(const char *s);

#define PULL_RETRIES_DEFAULT 3U

typedef struct PullSpec {
        PullPolicy policy;
        unsigned retries;
        uint64_t retry_delay_usec; /* UINT64_MAX: unset, it grows from 2 s */
        /* All owned; NULL: unset. */
        char *auth_file, *creds, *cert_dir;
        char *os, *architecture, *variant;
        bool tls_verify; /* default true */
} PullSpec;

typedef struct ImageSpec {
        char *reference; /* owned; of a registry, or "oci-archive:FILE" and the like */
        char *tag;       /* owned; ImageTag=: what it is called here; NULL: as the reference says */
        PullSpec pull;
} ImageSpec;

void pull_spec_init(PullSpec *p, PullPolicy policy);
void pull_spec_done(PullSpec *p);
void image_spec_init(ImageSpec *i);
void image_spec_done(ImageSpec *i);
