/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The files a unit was made of, kept while its values have to be looked at once more.
 */

#include "unitfile/unit-file.h"

typedef struct UnitSource {
        UnitFile **files; /* owned */
        size_t n_files;
} UnitSource;

UnitSource *unit_source_free(UnitSource *s);
DEFINE_CLEANUP(UnitSource *, unit_source_free);
