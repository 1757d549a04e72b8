/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The unit kind "image": a .image file fetches an image when it is started, and is active from then on
 * (UNITS.md 4.11). Containers that name it by Image= have it started first.
 */

#include "kinds/context.h"

/** image_new() - a unit for a spec, dead. Takes *spec over on success. */
int image_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);
/** image_restore() - take the unit's stored record, if there is one, and go on from there */
void image_held_back(Unit *u);
int image_restore(Unit *u, Error *error);

/** image_unit_of() - the unit if it is an image; NULL if it is of another kind */
struct ImageUnit *image_unit_of(Unit *u);

/** image_unit_name() - what its image is called here, as for image_service_find(); owned; NULL: no memory */
char *image_unit_name(const struct ImageUnit *i);

/** image_unit_pull_spec() - how it is fetched; borrowed */
const PullSpec *image_unit_pull_spec(const struct ImageUnit *i);
/** image_unit_reference() - what is fetched; borrowed */
const char *image_unit_reference(const struct ImageUnit *i);

/* Somebody who needs the image. */
typedef struct ImageUnitWatch {
        List link;
        /* The unit is active, or its start has failed: @r. The watch is over. */
        void (*done)(int r, const Error *error, void *userdata);
        void *userdata; /* borrowed */
} ImageUnitWatch;

/**
 * image_unit_need() - have the unit started, if it is not active
 * @watch: of the caller; not in use before and until its done; list_remove() of its link ends it early
 *
 * Return: 1 if it is active, and @watch is not used; 0: done will be called; negative errno.
 */
int image_unit_need(struct ImageUnit *i, ImageUnitWatch *watch, Error *error);

/**
 * image_local_name() - what an image that comes from a file is called where nobody says
 * @reference: as in Image=
 * @stem:      of the unit's file
 * @ret:       owned by the caller; NULL: @reference is a registry's, and a name by itself
 */
int image_local_name(const char *reference, const char *stem, char **ret);
