/* SPDX-License-Identifier: MIT */
#include "unitfile/io-limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

/* clang-format off */
static const char *const names[] = {
        [IO_LIMIT_WEIGHT]           = "IODeviceWeight",
        [IO_LIMIT_READ_BYTES]       = "IOReadBandwidthMax",
        [IO_LIMIT_WRITE_BYTES]      = "IOWriteBandwidthMax",
        [IO_LIMIT_READ_OPERATIONS]  = "IOReadIOPSMax",
        [IO_LIMIT_WRITE_OPERATIONS] = "IOWriteIOPSMax",
        [IO_LIMIT_LATENCY_USEC]     = "IODeviceLatencyTargetSec",
};
/* clang-format on */
static_assert(ELEMENTSOF(names) == _IO_LIMIT_KIND_MAX, "every limit of a disk has its key");

const char *io_limit_kind_to_string(IoLimitKind kind) {
        return names[kind];
}

int io_limit_list_set(IoLimitList *list, const char *path, uint64_t value) {
        for (size_t i = 0; i < list->n; i++) {
                if (strcmp(list->items[i].path, path) != 0)
                        continue;
                list->items[i].value = value;
                return 0;
        }
        if (list->n == IO_LIMITS_MAX)
                return -E2BIG;

        IoLimit *longer = reallocarray(list->items, list->n + 1, sizeof(IoLimit));
        if (!longer)
                return -ENOMEM;
        list->items = longer;
        char *copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        list->items[list->n++] = (IoLimit) { .path = copy, .value = value };
        return 0;
}

void io_limit_list_done(IoLimitList *list) {
        for (size_t i = 0; i < list->n; i++)
                free(list->items[i].path);
        free(list->items);
        *list = (IoLimitList) {};
}
