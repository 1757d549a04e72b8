/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A hash map from strings to borrowed pointers, iterated in order of insertion. Keys are borrowed too:
 * they live in the value. Linear probing; deletion leaves no tombstones.
 */

#include <stdbool.h>

#include "base/macro.h"

typedef struct Map Map;

/** map_new() - NULL: out of memory */
Map *map_new(void);

/** map_put() - Return: 0; -EEXIST if the key is there; -ENOMEM. @value is not NULL. */
int map_put(Map *m, const char *key, void *value);
/** map_get() - the value, or NULL; @m may be NULL */
void *map_get(const Map *m, const char *key);
/** map_remove() - Return: the value that was there, or NULL */
void *map_remove(Map *m, const char *key);
size_t map_size(const Map *m);
/** map_at() - the @index-th value in order of insertion, 0 <= index < map_size() */
void *map_at(const Map *m, size_t index);

Map *map_free(Map *m);
DEFINE_CLEANUP(Map *, map_free);

#define MAP_FOREACH(type, value, map) \
        for (size_t value##_i = 0; value##_i < map_size(map); value##_i++) \
                for (type *value = map_at((map), value##_i); value; value = NULL)
