/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From file names to unit names (UNITS.md 1.3): which types there are, what service a file makes,
 * what is a template and what an instance. Pure.
 */

#include <stdbool.h>

#include "base/macro.h"
#include "unitfile/unit-spec.h"

#define UNIT_NAME_SIZE_MAX 255U

typedef struct UnitType {
        const char *extension;      /* ".container" */
        const char *service_suffix; /* "foo.pod" makes foo-pod.service; NULL: the file name is the id */
        const char *section; /* the one that is its own: "Container"; NULL: none, or not known yet */
        unsigned rank;       /* who wins a service name that two files claim: the smaller one */
        UnitKind kind;
} UnitType;

/** unit_type_find() - by the extension of @file_name; NULL: no unit file */
const UnitType *unit_type_find(const char *file_name);

/** unit_type_has_section() - is there a type whose own section this is? */
bool unit_type_has_section(const char *section);

static inline bool unit_type_is_quadlet(const UnitType *t) {
        return t->service_suffix != NULL;
}

/** unit_file_name_is_valid() - length and characters, something before '@' and the extension */
bool unit_file_name_is_valid(const char *name);

/**
 * unit_name_instance() - where the instance of "foo@bar.container" starts
 * @ret_size: its length; 0 for a template
 *
 * Return: borrowed from @name; NULL if there is no '@'.
 */
const char *unit_name_instance(const char *name, size_t *ret_size);

/** unit_name_template() - "foo@.container" of "foo@bar.container"; owned; NULL: none, or no memory */
char *unit_name_template(const char *name);

/**
 * unit_service_id() - the unit's id: "foo@i.service"
 * @service_name: ServiceName=, or NULL; of templates and instances it must have an '@'
 *
 * Return: owned by the caller; NULL: out of memory.
 */
char *unit_service_id(const char *file_name, const char *service_name);
