/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Limits of single disks: "PATH VALUE" lines, a list for each key.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

typedef enum IoLimitKind {
        IO_LIMIT_WEIGHT, /* IODeviceWeight=, 1 to 10000 */
        IO_LIMIT_READ_BYTES,
        IO_LIMIT_WRITE_BYTES, /* per second */
        IO_LIMIT_READ_OPERATIONS,
        IO_LIMIT_WRITE_OPERATIONS,
        IO_LIMIT_LATENCY_USEC, /* IODeviceLatencyTargetSec= */
        _IO_LIMIT_KIND_MAX,
        _IO_LIMIT_KIND_INVALID = -EINVAL,
} IoLimitKind;

#define IO_LIMITS_MAX 256U /* of one key */

typedef struct IoLimit {
        char *path;     /* owned; absolute: a device, or whatever is on it */
        uint64_t value; /* UINT64_MAX: no limit */
} IoLimit;

typedef struct IoLimitList {
        IoLimit *items; /* owned; a path is in it once */
        size_t n;
} IoLimitList;

/** io_limit_kind_to_string() - the key's name */
const char *io_limit_kind_to_string(IoLimitKind kind);

/** io_limit_list_set() - add, or replace what @path has. Return: 0; -E2BIG; -ENOMEM */
int io_limit_list_set(IoLimitList *list, const char *path, uint64_t value);
void io_limit_list_done(IoLimitList *list);
