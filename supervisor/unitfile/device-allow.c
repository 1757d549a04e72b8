/* SPDX-License-Identifier: MIT */
#include "unitfile/device-allow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

static const char *const policies[] = {
        [DEVICE_POLICY_AUTO] = "auto",
        [DEVICE_POLICY_CLOSED] = "closed",
        [DEVICE_POLICY_STRICT] = "strict",
};
static_assert(ELEMENTSOF(policies) == _DEVICE_POLICY_MAX, "every policy has a name");

const char *device_policy_to_string(DevicePolicy p) {
        return p < 0 || p >= _DEVICE_POLICY_MAX ? NULL : policies[p];
}

DevicePolicy device_policy_from_string(const char *s) {
        for (DevicePolicy p = 0; p < _DEVICE_POLICY_MAX; p++) {
                if (str_equal(s, policies[p]))
                        return p;
        }
        return _DEVICE_POLICY_INVALID;
}

bool device_name_is_valid(const char *s) {
        static const char *const prefixes[] = { "/dev/", "char-", "block-" };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                if (str_has_prefix(s, prefixes[i]) && s[strlen(prefixes[i])])
                        return true;
        }
        return false;
}

int device_access_parse(const char *s, DeviceAllow *ret) {
        DeviceAllow a = { .device = ret->device };

        if (*s == '\0')
                return -EINVAL;
        for (; *s; s++) {
                bool *flag = *s == 'r'   ? &a.read
                             : *s == 'w' ? &a.write
                             : *s == 'm' ? &a.mknod
                                         : NULL;
                if (!flag || *flag)
                        return -EINVAL;
                *flag = true;
        }
        *ret = a;
        return 0;
}

void device_access_format(const DeviceAllow *a, char ret[static 4]) {
        if (a->read)
                *ret++ = 'r';
        if (a->write)
                *ret++ = 'w';
        if (a->mknod)
                *ret++ = 'm';
        *ret = '\0';
}

static void set_access(DeviceAllow *to, const DeviceAllow *from) {
        to->read = from->read;
        to->write = from->write;
        to->mknod = from->mknod;
}

int device_allow_list_set(DeviceAllowList *list, const DeviceAllow *a) {
        for (size_t i = 0; i < list->n; i++) {
                if (!str_equal(list->items[i].device, a->device))
                        continue;
                set_access(&list->items[i], a);
                return 0;
        }
        if (list->n == DEVICE_ALLOW_MAX)
                return -E2BIG;

        DeviceAllow *longer = reallocarray(list->items, list->n + 1, sizeof(DeviceAllow));
        if (!longer)
                return -ENOMEM;
        list->items = longer;
        char *copy = strdup(a->device);
        if (!copy)
                return -ENOMEM;
        list->items[list->n] = (DeviceAllow) { .device = copy };
        set_access(&list->items[list->n++], a);
        return 0;
}

bool device_allow_lists_equal(const DeviceAllowList *a, const DeviceAllowList *b) {
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++) {
                const DeviceAllow *x = &a->items[i], *y = &b->items[i];

                if (!str_equal(x->device, y->device) || x->read != y->read ||
                                x->write != y->write || x->mknod != y->mknod)
                        return false;
        }
        return true;
}

void device_allow_list_done(DeviceAllowList *list) {
        for (size_t i = 0; i < list->n; i++)
                free(list->items[i].device);
        free(list->items);
        *list = (DeviceAllowList) {};
}
