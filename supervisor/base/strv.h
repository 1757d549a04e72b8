/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * NULL-terminated arrays of owned strings, as argv and environ are. NULL is the empty vector.
 */

#include <stdbool.h>

#include "base/macro.h"

size_t strv_length(char *const *v);
bool strv_contains(char *const *v, const char *s);

/** strv_push() - append; takes *s over and empties it on success only */
int strv_push(char ***v, char **s);
/** strv_append() - append a copy */
int strv_append(char ***v, const char *s);
int strv_append_printf(char ***v, const char *format, ...) _printf_(2, 3);
/** strv_copy() - deep copy; *ret is NULL for an empty vector */
int strv_copy(char *const *v, char ***ret);
/** strv_join() - one string, @separator between items; owned by the caller; NULL: out of memory */
char *strv_join(char *const *v, const char *separator);
bool strv_equal(char *const *a, char *const *b);

/** strv_env_set() - put "NAME=value" into an environment, replacing NAME= if there */
int strv_env_set(char ***environment, const char *assignment);
/** strv_env_get() - value of NAME, borrowed from the vector; NULL: not set */
const char *strv_env_get(char *const *environment, const char *name);

char **strv_free(char **v);
DEFINE_CLEANUP(char **, strv_free);
#define _cleanup_strv_ _cleanup_(strv_freep)

#define STRV_FOREACH(s, v) for (char *const *s = (v); s && *s; s++)
