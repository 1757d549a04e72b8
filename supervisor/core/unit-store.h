/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where a unit's running state outlives supd: one record a unit, and descriptors kept by whoever runs
 * supd. Kinds write here at every change and ask here when a unit is made, whether supd starts, was
 * upgraded or crashed: there is no other way to come up.
 *
 * The interface only; recovery/ implements it, tests may.
 */

#include "base/error.h"
#include "base/record.h"

typedef struct UnitStore { /* first member of the implementation; CONTAINER_OF() leads back */
        const struct UnitStoreOps *ops; /* borrowed */
} UnitStore;

typedef struct UnitStoreOps {
        /* Replace the unit's record atomically. */
        int (*save)(UnitStore *s, const char *unit_id, const char *text, Error *error);
        /* Remove the record; descriptors are dropped by name. */
        void (*forget)(UnitStore *s, const char *unit_id);
        /* The record found when this process started, moved to the caller; NULL: none. */
        Record *(*take_record)(UnitStore *s, const char *unit_id);
        /* Have a copy of @fd kept under @name, which is unique: [a-z0-9.-], up to 64 bytes. */
        int (*put_fd)(UnitStore *s, const char *name, int fd);
        void (*drop_fd)(UnitStore *s, const char *name);
        /* A descriptor that was kept, moved to the caller; -ENOENT: none of that name. */
        int (*take_fd)(UnitStore *s, const char *name);
} UnitStoreOps;
