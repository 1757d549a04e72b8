/* SPDX-License-Identifier: MIT */
#include "kinds/container-device-policy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/macro.h"
#include "base/text.h"
#include "runtime/device-numbers.h"

#define DEVICES_FILE "/proc/devices"
#define DEVICES_FILE_SIZE_MAX (256U * 1024U)

/* Its node may be made in every container, and opened by none that may not: a /dev is filled by it. */
/* clang-format off */
static const DeviceRule nodes[] = {
        { 'c', UINT32_MAX, UINT32_MAX, .mknod = true },
        { 'b', UINT32_MAX, UINT32_MAX, .mknod = true },
};

/* Without it there would be nothing to read from and to write to. */
static const DeviceRule null_device[] = {
        { 'c', 1, 3, .read = true, .write = true, .mknod = true },
};
/* clang-format on */

/* Docker's: the pseudo devices of a minimal /dev, and its own terminals. */
/* clang-format off */
static const DeviceRule default_devices[] = {
        { 'c', 1, 3, .read = true, .write = true, .mknod = true },   /* null */
        { 'c', 1, 5, .read = true, .write = true, .mknod = true },   /* zero */
        { 'c', 1, 7, .read = true, .write = true, .mknod = true },   /* full */
        { 'c', 1, 8, .read = true, .write = true, .mknod = true },   /* random */
        { 'c', 1, 9, .read = true, .write = true, .mknod = true },   /* urandom */
        { 'c', 5, 0, .read = true, .write = true, .mknod = true },   /* tty */
        { 'c', 5, 2, .read = true, .write = true, .mknod = true },   /* ptmx */
        { 'c', 136, UINT32_MAX, .read = true, .write = true, .mknod = true }, /* pts/N */
};
/* clang-format on */

typedef struct Rules {
        DeviceRule *rules; /* owned */
        size_t n;
} Rules;

static int add(Rules *rules, const DeviceRule *more, size_t n) {
        DeviceRule *longer = reallocarray(rules->rules, rules->n + n + 1, sizeof(*rules->rules));
        if (!longer)
                return -ENOMEM;
        if (n > 0)
                memcpy(longer + rules->n, more, n * sizeof(*more));
        rules->rules = longer;
        rules->n += n;
        return 0;
}

static DeviceRule rule_of(
                const DeviceAllow *a, char type, uint32_t major_number, uint32_t minor_number) {
        return (DeviceRule) {
                .type = type,
                .major = major_number,
                .minor = minor_number,
                .read = a->read,
                .write = a->write,
                .mknod = a->mknod,
        };
}

/* Return: 1; 0 there is no such node. */
static int add_node(Rules *rules, const DeviceAllow *a) {
        struct stat st;

        if (stat(a->device, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
                return 0;
        DeviceRule rule = rule_of(
                        a, S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev));
        int r = add(rules, &rule, 1);
        return r < 0 ? r : 1;
}

/* Return: 1; 0 there is no such driver. */
static int add_drivers(Rules *rules, const DeviceAllow *a) {
        _cleanup_free_ char *text = NULL;
        _cleanup_free_ uint32_t *numbers = NULL;
        char type = *a->device; /* "char-", "block-" */
        const char *pattern = strchr(a->device, '-') + 1;
        size_t n = 0;
        int r;

        if (str_equal(pattern, "*")) {
                DeviceRule rule = rule_of(a, type, UINT32_MAX, UINT32_MAX);
                r = add(rules, &rule, 1);
                return r < 0 ? r : 1;
        }
        r = file_read(AT_FDCWD, DEVICES_FILE, DEVICES_FILE_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = device_numbers_find(text, type, pattern, &numbers, &n);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                DeviceRule rule = rule_of(a, type, numbers[i], UINT32_MAX);
                r = add(rules, &rule, 1);
        }
        return r == -ENOMEM ? r : r >= 0 && n > 0;
}

static int add_allowed(Rules *rules, const DeviceAllow *a, const char *id) {
        int r = *a->device == '/' ? add_node(rules, a) : add_drivers(rules, a);

        if (r == 0)
                diag_notice("%s: DeviceAllow=: there is no device %s now; going on without it",
                                id,
                                a->device);
        return MIN(r, 0);
}

int container_device_rules(const ResourceSpec *resource,
                const char *id,
                DeviceRule **ret,
                size_t *ret_n,
                Error *error) {
        bool strict = resource->device_policy == DEVICE_POLICY_STRICT;
        Rules rules = {};

        int r = add(&rules, nodes, ELEMENTSOF(nodes));
        if (r >= 0)
                r = strict ? add(&rules, null_device, ELEMENTSOF(null_device))
                           : add(&rules, default_devices, ELEMENTSOF(default_devices));
        for (size_t i = 0; r >= 0 && i < resource->device_allow.n; i++)
                r = add_allowed(&rules, &resource->device_allow.items[i], id);
        if (r >= 0 && rules.n > DEVICE_RULES_MAX)
                r = error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "DeviceAllow=: more than %u devices",
                                DEVICE_RULES_MAX);
        if (r < 0) {
                free(rules.rules);
                return r;
        }
        *ret = rules.rules;
        *ret_n = rules.n;
        return 0;
}
