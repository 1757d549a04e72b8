/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * DevicePolicy= and DeviceAllow=: which device nodes a container may open.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum DevicePolicy {
        DEVICE_POLICY_AUTO,   /* those that every container has, and the listed ones */
        DEVICE_POLICY_CLOSED, /* the same: there is no container without a list */
        DEVICE_POLICY_STRICT, /* the listed ones alone */
        _DEVICE_POLICY_MAX,
        _DEVICE_POLICY_INVALID = -EINVAL,
} DevicePolicy;

typedef struct DeviceAllow {
        char *device; /* owned; "/dev/NAME", "char-PATTERN" or "block-PATTERN" of /proc/devices */
        bool read, write, mknod;
} DeviceAllow;

typedef struct DeviceAllowList {
        DeviceAllow *items; /* owned */
        size_t n;
} DeviceAllowList;

#define DEVICE_ALLOW_MAX 256U

const char *device_policy_to_string(DevicePolicy p);
DevicePolicy device_policy_from_string(const char *s);

/** device_name_is_valid() - of DeviceAllow.device */
bool device_name_is_valid(const char *s);
/** device_access_parse() - "rwm", any of them once. Return: 0; -EINVAL */
int device_access_parse(const char *s, DeviceAllow *ret);
/** device_access_format() - the same back; @ret has room for 4 bytes */
void device_access_format(const DeviceAllow *a, char ret[static 4]);

/** device_allow_list_set() - add, or replace what the device has; copies. Return: 0; -E2BIG; -ENOMEM */
int device_allow_list_set(DeviceAllowList *list, const DeviceAllow *a);
bool device_allow_lists_equal(const DeviceAllowList *a, const DeviceAllowList *b);
void device_allow_list_done(DeviceAllowList *list);
