/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Strings and numbers: comparison, strict parsing, suggestions for what was mistyped.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool str_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_is_empty(const char *s) {
        return !s || *s == '\0';
}

static inline bool str_has_prefix(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *s, const char *suffix);

/** str_replace() - *p becomes a copy of @s (NULL: none). Return: 0 or -ENOMEM, *p untouched then. */
int str_replace(char **p, const char *s);

/** str_printf() - formatted, owned by the caller; NULL: out of memory */
char *str_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** hex_digit() - 0 to 15, or -1 */
int hex_digit(char c);

/* Decimal, the whole string, no blanks, no plus sign. Return: 0, -EINVAL, -ERANGE. */
int parse_u64(const char *s, uint64_t *ret);
int parse_i64(const char *s, int64_t *ret);

/**
 * text_suggest() - the candidate that was probably meant
 * @candidates: NULL-terminated, borrowed
 *
 * Return: a candidate within two edits (one for short words; case counts as none), or NULL.
 */
const char *text_suggest(const char *word, const char *const *candidates);

/** utf8_sequence_size() - of the code point that @s starts with, @size > 0; 0 if it is malformed */
size_t utf8_sequence_size(const char *s, size_t size);

/** utf8_is_valid() - no overlong forms, surrogates or code points above U+10FFFF */
bool utf8_is_valid(const char *s, size_t size);

/**
 * text_escape_controls() - a foreign string for a terminal or a log line: control characters and
 * bytes that are no UTF-8 as \xHH; owned by the caller; NULL: out of memory
 */
char *text_escape_controls(const char *s);

/**
 * path_clean_in_root() - takes out slashes that are too many, "." and "..", in place
 *
 * What is left is relative to the root, "" for the root itself. ".." leads no higher than that, as with
 * chroot() and overlayfs; symbolic links are not looked at.
 */
void path_clean_in_root(char *path);
