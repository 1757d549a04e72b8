/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Maps of user or group ids between a user namespace and the host: ranges, as /proc/PID/uid_map has them.
 * Pure: numbers and text, no system call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct IdRange {
        uint32_t inside, outside, size;
} IdRange;

#define ID_MAP_RANGES_MAX 340U /* what the kernel takes */
#define ID_MAP_TEXT_MAX 4095U  /* the same: less than a page */
#define ID_INVALID UINT32_MAX  /* no user and no group has this one */
#define ID_MAP_EVERYTHING ((IdRange) { 0, 0, UINT32_MAX })

typedef struct IdMap {
        IdRange *ranges; /* owned, unless its maker says otherwise */
        size_t n_ranges;
} IdMap;

void id_map_done(IdMap *m);

/** id_map_add() - one more range, not compared with the others. Return: 0; -E2BIG; -ENOMEM. */
int id_map_add(IdMap *m, IdRange range);
int id_map_add_all(IdMap *m, const IdMap *other);

/** id_range_parse() - "INSIDE:OUTSIDE" or "INSIDE:OUTSIDE:SIZE". Return: 0; -EINVAL. */
int id_range_parse(const char *text, IdRange *ret);

/**
 * id_map_problem() - why the kernel, or a container, could not do with it; static; NULL: nothing
 *
 * A container has a root: its id 0 has to be one of the host's.
 */
const char *id_map_problem(const IdMap *m);

/** id_map_outside() - of an id inside; ID_INVALID: it is not mapped */
uint32_t id_map_outside(const IdMap *m, uint32_t inside);

/** id_map_is_identity() - every id that is mapped is itself */
bool id_map_is_identity(const IdMap *m);

/** id_map_fill() - map what of the ids from 0 to @size - 1 is not mapped yet to @outside and following, each at
 * its own distance from there. Return: as id_map_add(). */
int id_map_fill(IdMap *m, uint32_t outside, uint32_t size);

/** id_map_format() - for /proc/PID/uid_map; owned by the caller; NULL: out of memory */
char *id_map_format(const IdMap *m);

/** id_map_words() - "0:100000:65536" for each range; owned by the caller (strv). Return: 0; -ENOMEM. */
int id_map_words(const IdMap *m, char ***ret);

/**
 * id_map_parse() - what /proc/PID/uid_map says
 * @ranges: room for ID_MAP_RANGES_MAX; nothing is allocated
 *
 * Return: 0; -EBADMSG.
 */
int id_map_parse(const char *text, IdRange *ranges, size_t *ret_n);
