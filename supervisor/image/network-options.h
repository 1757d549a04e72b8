/* SPDX-License-Identifier: MIT */
#pragma once

/* What the command line and supd.conf make of the network, checked. */

#include "image/registry/fetcher.h"
#include "image/operation.h"

typedef enum PullPolicy {
        PULL_MISSING,
        PULL_ALWAYS,
        PULL_NEVER,
        PULL_NEWER,
        _PULL_POLICY_MAX,
        _PULL_POLICY_INVALID = -EINVAL,
} PullPolicy;

/** pull_policy_parse() - NULL: PULL_MISSING. Return: 0 or -EINVAL. */
int pull_policy_parse(const char *text, PullPolicy *ret, Error *error);

/** duration_parse() - as Go writes it, "1m30s", or a number of seconds. Return: 0 or -EINVAL. */
int duration_parse(const char *text, uint64_t *ret_usec);

/** network_options() - into @o: how often to try, how much at a time. Return: 0 or -EINVAL. */
int network_options(Operation *o, Error *error);

/** fetcher_options() - whom the network may be asked for; borrows from @o. Return: 0 or negative errno. */
int fetcher_options(const Operation *o, const char *registry, FetcherSpec *ret, Error *error);
