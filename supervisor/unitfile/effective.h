/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The values of a unit's keys as they count, in text: those of all its files together, unquoted, split and
 * expanded, whatever they then mean. For people, and for what has to know the line that a value came from.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct EffectiveValue {
        char *text; /* owned */
        char *file; /* owned; as diagnostics name it */
        unsigned line;
} EffectiveValue;

typedef struct EffectiveKey {
        const char *section, *key; /* of the key table */
        bool accumulates;          /* all assignments count, not the last one */
        bool words;                /* one assignment gives several values */
        EffectiveValue *values;    /* owned */
        size_t n_values;
        const void *source; /* of the last value: what belongs together */
} EffectiveKey;

typedef struct Effective {
        EffectiveKey *keys; /* owned; in the order of the files */
        size_t n_keys;
} Effective;

Effective *effective_free(Effective *e);

/** effective_begin() - values that are added from here on are of this key. Return: 0; -ENOMEM. */
int effective_begin(Effective *e, const char *section, const char *key, bool accumulates);
/**
 * effective_add() - one more value of the key that was begun
 * @source: the assignment; where only one counts, values of a later one replace those of an earlier
 * @word:   it may be one of several
 *
 * Return: 0; -ENOMEM.
 */
int effective_add(Effective *e,
                const void *source,
                const char *file,
                unsigned line,
                const char *text,
                bool word);
/**
 * effective_settle_names() - values of the key that was begun are NAME=VALUE or NAME: the last of each name counts
 *
 * They are in the order of names then. Return: 0; -ENOMEM.
 */
int effective_settle_names(Effective *e);
/** effective_is_empty() - nothing was added since effective_begin() */
bool effective_is_empty(const Effective *e);
/** effective_find() - NULL: the key is not set */
const EffectiveKey *effective_find(const Effective *e, const char *section, const char *key);
