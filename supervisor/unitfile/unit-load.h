/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From the text of a unit's files to its spec. Pure: files are given as text, the machine as facts.
 */

#include "unitfile/machine-facts.h"
#include "unitfile/unit-file.h"
#include "unitfile/unit-keys-internal.h"
#include "unitfile/unit-spec.h"

/* One file's text; path as diagnostics show it. Empty texts are fine. */
typedef struct UnitText {
        const char *path; /* borrowed */
        const char *text; /* borrowed; @size bytes */
        size_t size;
} UnitText;

typedef struct UnitLoadRequest {
        const char *file_name;     /* borrowed; "web@a.container" */
        const char *fragment_path; /* borrowed; absolute */
        const UnitText *texts;     /* borrowed; the main file first, then drop-ins in order */
        size_t n_texts;
        const UnitKeys *keys;      /* borrowed */
        const MachineFacts *facts; /* borrowed */
        /* Is there a file, or a template for it, of this name? NULL: taken for granted. */
        bool (*is_known)(const void *userdata, const char *file_name);
        const void *is_known_userdata; /* borrowed */
        bool keep_effective;           /* the values as they count, in text */
} UnitLoadRequest;

/**
 * unit_spec_load() - make the spec of a unit whose type is supported; mistakes are in its diagnostics and load state
 *
 * Return: 0; -ENOMEM.
 */
int unit_spec_load(const UnitLoadRequest *request, UnitSpec **ret);

/**
 * unit_spec_new() - an empty spec with its names filled in from @file_name
 * @fragment_path: NULL for what has no file
 * @service_name: ServiceName=, or NULL
 *
 * Return: 0; -EINVAL if @file_name is no unit's name; -ENOMEM.
 */
int unit_spec_new(const char *file_name,
                const char *fragment_path,
                const char *service_name,
                UnitSpec **ret);
