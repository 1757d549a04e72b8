/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Lists of allowed devices: put in order, compared, and in the words of the v1 devices controller. Pure.
 */

#include <stdbool.h>

#include "runtime/cgroup.h"

/**
 * device_rules_merge() - check, and make one rule of those for the same device
 * @ret: malloc'ed; a single rule 'a' where one was among @rules
 *
 * Return: 0; -EINVAL for an unknown type; -E2BIG above DEVICE_RULES_MAX; -ENOMEM.
 */
int device_rules_merge(const DeviceRule *rules,
                size_t n_rules,
                DeviceRule **ret,
                size_t *ret_n,
                Error *error);

/**
 * device_rules_subtract() - what @a allows and @b does not, device by device; both merged
 * @ret: malloc'ed
 *
 * Wildcards are compared as written, as the v1 controller does: "c 1:*" does not cover "c 1:3".
 */
int device_rules_subtract(const DeviceRule *a,
                size_t n_a,
                const DeviceRule *b,
                size_t n_b,
                DeviceRule **ret,
                size_t *ret_n);

bool device_rules_equal(const DeviceRule *a, size_t n_a, const DeviceRule *b, size_t n_b);

/** device_rule_format() - "c 1:3 rwm", "b 8:* r", "a"; owned by the caller; NULL: out of memory */
char *device_rule_format(const DeviceRule *rule);

/** device_rules_parse() - the text of devices.list, merged. Return: 0; -EBADMSG; -ENOMEM. */
int device_rules_parse(const char *text, DeviceRule **ret, size_t *ret_n);
