/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JSON from outside, with a limit on its size and typed look-ups: a member of another type than the one
 * asked for is as good as absent, unless the caller says that it must be there.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

static inline json_t *json_unref(json_t *j) {
        json_decref(j);
        return NULL;
}
DEFINE_CLEANUP(json_t *, json_unref);
#define _cleanup_json_ _cleanup_(json_unrefp)

/**
 * json_parse() - an object, with nothing behind it
 * @what: for the message: "manifest", "image configuration"
 *
 * jansson refuses what is nested deeper than 2,048 levels, and NUL characters in strings.
 *
 * Return: 0; -EBADMSG with a message.
 */
int json_parse(const char *text, size_t size, const char *what, json_t **ret, Error *error);

/** json_parse_array() - the same for an array */
int json_parse_array(const char *text, size_t size, const char *what, json_t **ret, Error *error);

/** json_text() - a string member, borrowed; NULL if absent or of another type */
const char *json_text(const json_t *object, const char *key);
/** json_size() - a number of bytes. Return: 0; -EINVAL if absent, negative or no integer. */
int json_size(const json_t *object, const char *key, uint64_t *ret);
/** json_copy_text() - a copy of a string member; *ret is NULL if it is absent. Return: 0 or -ENOMEM. */
int json_copy_text(const json_t *object, const char *key, char **ret);
/** json_copy_texts() - an array of strings; other elements are left out. Return: 0 or -ENOMEM. */
int json_copy_texts(const json_t *object, const char *key, char ***ret);
