/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Specifiers: %n, %i and so on (UNITS.md 2.3). Pure.
 */

#include "base/macro.h"
#include "unitfile/machine-facts.h"

typedef struct SpecifierContext {
        const char *id;            /* borrowed; service name with suffix: "web@a.service" */
        const char *instance;      /* borrowed; NULL: none */
        const char *fragment_path; /* borrowed */
        const MachineFacts *facts; /* borrowed */
} SpecifierContext;

/**
 * specifier_expand() - *ret is @s with its specifiers replaced; owned by the caller
 * @size_max: -E2BIG if the result would be longer
 * @ret_bad:  the letter that is no specifier, set with -EINVAL
 *
 * Return: 0; -EINVAL; -E2BIG; -ENOMEM.
 */
int specifier_expand(const SpecifierContext *context,
                const char *s,
                size_t size_max,
                char **ret,
                char *ret_bad);

/** unit_name_unescape() - '-' to '/', \xHH to a byte; owned by the caller; NULL: out of memory */
char *unit_name_unescape(const char *s);
