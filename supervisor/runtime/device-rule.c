/* SPDX-License-Identifier: MIT */
#include "runtime/device-rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define ANY UINT32_MAX

static bool same_device(const DeviceRule *a, const DeviceRule *b) {
        return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static DeviceRule *find_device(DeviceRule *rules, size_t n, const DeviceRule *device) {
        for (size_t i = 0; i < n; i++) {
                if (same_device(&rules[i], device))
                        return &rules[i];
        }
        return NULL;
}

int device_rules_merge(const DeviceRule *rules,
                size_t n_rules,
                DeviceRule **ret,
                size_t *ret_n,
                Error *error) {
        if (n_rules > DEVICE_RULES_MAX)
                return error_set_plain(error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "%zu device rules are more than %u",
                                n_rules,
                                DEVICE_RULES_MAX);

        _cleanup_free_ DeviceRule *merged = calloc(n_rules + 1, sizeof(*merged));
        size_t n = 0;
        if (!merged)
                return -ENOMEM;

        for (size_t i = 0; i < n_rules; i++) {
                const DeviceRule *rule = &rules[i];

                if (rule->type == 'a') {
                        merged[0] = (DeviceRule) { 'a', ANY, ANY, true, true, true };
                        n = 1;
                        break;
                }
                if (rule->type != 'b' && rule->type != 'c')
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "device rule of unknown type 0x%02x",
                                        (unsigned char) rule->type);

                DeviceRule *known = find_device(merged, n, rule);
                if (!known) {
                        merged[n++] = *rule;
                        continue;
                }
                known->read |= rule->read;
                known->write |= rule->write;
                known->mknod |= rule->mknod;
        }

        *ret = TAKE_PTR(merged);
        *ret_n = n;
        return 0;
}

int device_rules_subtract(const DeviceRule *a,
                size_t n_a,
                const DeviceRule *b,
                size_t n_b,
                DeviceRule **ret,
                size_t *ret_n) {
        _cleanup_free_ DeviceRule *rest = calloc(n_a + 1, sizeof(*rest));
        size_t n = 0;
        if (!rest)
                return -ENOMEM;

        for (size_t i = 0; i < n_a; i++) {
                DeviceRule rule = a[i];
                const DeviceRule *other = find_device((DeviceRule *) b, n_b, &rule);

                if (other) {
                        rule.read &= !other->read;
                        rule.write &= !other->write;
                        rule.mknod &= !other->mknod;
                }
                if (rule.read || rule.write || rule.mknod)
                        rest[n++] = rule;
        }

        *ret = TAKE_PTR(rest);
        *ret_n = n;
        return 0;
}

bool device_rules_equal(const DeviceRule *a, size_t n_a, const DeviceRule *b, size_t n_b) {
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++) {
                bool same = same_device(&a[i], &b[i]) && a[i].read == b[i].read &&
                            a[i].write == b[i].write && a[i].mknod == b[i].mknod;
                if (!same)
                        return false;
        }
        return true;
}

/* Field by field: a number of any length, or the star. */
static char *number_format(uint32_t number) {
        return number == ANY ? strdup("*") : str_printf("%" PRIu32, number);
}

char *device_rule_format(const DeviceRule *rule) {
        if (rule->type == 'a')
                return strdup("a");

        _cleanup_free_ char *major = number_format(rule->major),
                            *minor = number_format(rule->minor);
        if (!major || !minor)
                return NULL;
        return str_printf("%c %s:%s %s%s%s",
                        rule->type,
                        major,
                        minor,
                        rule->read ? "r" : "",
                        rule->write ? "w" : "",
                        rule->mknod ? "m" : "");
}

static bool number_parse(const char *s, uint32_t *ret) {
        uint64_t number;

        if (str_equal(s, "*")) {
                *ret = ANY;
                return true;
        }
        if (!s || parse_u64(s, &number) < 0 || number >= ANY)
                return false;
        *ret = (uint32_t) number;
        return true;
}

/* "TYPE MAJOR:MINOR ACCESS" */
static bool rule_parse(char *line, DeviceRule *ret) {
        const char *type = strsep(&line, " "), *device = NULL;
        char *numbers = strsep(&line, " ");
        DeviceRule rule = { .type = type[0] };

        if (!line || !memchr("abc", type[0], 3) || type[1] != '\0')
                return false;
        device = strsep(&numbers, ":");
        if (!number_parse(device, &rule.major) || !number_parse(numbers, &rule.minor))
                return false;
        if (line[strspn(line, "rwm")] != '\0')
                return false;

        rule.read = strchr(line, 'r');
        rule.write = strchr(line, 'w');
        rule.mknod = strchr(line, 'm');
        *ret = rule;
        return true;
}

int device_rules_parse(const char *text, DeviceRule **ret, size_t *ret_n) {
        _cleanup_free_ char *copy = strdup(text);
        _cleanup_free_ DeviceRule *rules = calloc(DEVICE_RULES_MAX, sizeof(*rules));
        size_t n = 0;

        if (!copy || !rules)
                return -ENOMEM;
        for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
                if (*line == '\0')
                        continue;
                if (n == DEVICE_RULES_MAX || !rule_parse(line, &rules[n]))
                        return -EBADMSG;
                n++;
        }
        return device_rules_merge(rules, n, ret, ret_n, /* error= */ NULL);
}
