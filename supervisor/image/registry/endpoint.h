/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where an image may come from: what a short name may stand for, and the mirrors of its registry before the
 * registry itself. Pure text.
 */

#include <stdbool.h>

#include "base/reference.h"

typedef struct Endpoint {
        char *registry;   /* owned */
        char *repository; /* owned */
        bool is_mirror;
        bool has_failed; /* as a whole, for this run: not asked again */
} Endpoint;

typedef struct Endpoints {
        Endpoint *items; /* owned; the registry itself is the last */
        size_t n_items;
} Endpoints;

/**
 * endpoints_make() - Return: 0; -EINVAL for a mirror that makes no valid name; -ENOMEM
 * @mirrors: "REGISTRY MIRROR[/PREFIX]", of this and other registries; may be NULL
 */
int endpoints_make(const Reference *reference, char *const *mirrors, Endpoints *ret, Error *error);
void endpoints_done(Endpoints *e);

/** name_is_short() - it does not say its registry */
bool name_is_short(const char *name);

/** name_candidates() - the full names that @name may stand for; owned; @search may be NULL: docker.io */
int name_candidates(const char *name, char *const *search, char ***ret);
