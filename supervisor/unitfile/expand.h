/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * ${NAME} and $NAME in values of the type section (UNITS.md 2.4), against an environment that is
 * sorted once. Pure; cost linear in what goes in and comes out.
 */

#include <stdbool.h>

#include "base/macro.h"
#include "unitfile/text-builder.h"

/* References can multiply a value: what one string or vector may grow to. */
#define EXPANSION_SIZE_MAX (8U * 1024U * 1024U)

typedef struct Environment {
        const char **sorted; /* owned; the strings are borrowed from the vector */
        size_t n_sorted;
} Environment;

/** environment_init() - @assignments ("NAME=VALUE", the last of a name counts) must outlive @e */
int environment_init(Environment *e, char *const *assignments);
/** environment_get() - borrowed; NULL: not set */
const char *environment_get(const Environment *e, const char *name, size_t name_size);
void environment_done(Environment *e);

/** value_has_reference() - may expansion change @value, or a word of it? */
bool value_has_reference(const char *value);

/** expand_string() - one string to one string. Return: 0; -E2BIG beyond @size_max; -ENOMEM. */
int expand_string(const char *s, const Environment *e, size_t size_max, char **ret);
/** expand_word() - append to @list: a word that is exactly $NAME gives none or several */
int expand_word(const char *word, const Environment *e, size_t size_max, WordList *list);
