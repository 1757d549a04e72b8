/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The value classes of UNITS.md 2.2 below the level of keys: splitting at blanks, quotes, escapes.
 * Pure; cost linear in the text.
 */

#include "base/macro.h"
#include "unitfile/text-builder.h"

#define WORDS_BLANKS " \t\n\r\v\f"

typedef enum WordsFlags {
        WORDS_ESCAPES = 1U << 0, /* C escapes are decoded: classes A, K, X; else literal: class V */
        WORDS_RELAXED = 1U
                        << 1, /* an unterminated quote runs to the end: A, K, X, never an error */
} WordsFlags;

#define WORDS_COMMAND (WORDS_ESCAPES | WORDS_RELAXED)

/**
 * words_split() - append the words of @s to @list; empty quoted words count
 * @ret_problem: static text for the person, set with -EINVAL
 *
 * Return: 0; -EINVAL (bad escape, quote not closed) with @list as it was; -ENOMEM.
 */
int words_split(const char *s, WordsFlags flags, WordList *list, const char **ret_problem);

/** words_unquote() - class S: one surrounding pair of '"' removed; a copy, NULL: out of memory */
char *words_unquote(const char *s);

/**
 * words_parse_json() - a JSON array of strings, for Entrypoint=; nothing else of JSON is known here
 *
 * Return: 0; -EINVAL with @list as it was; -ENOMEM.
 */
int words_parse_json(const char *s, WordList *list);
