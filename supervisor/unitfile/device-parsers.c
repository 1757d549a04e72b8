/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/* "rwm" in any order, each once at most, and one of them at least. */
static bool parse_access(const char *s, DeviceSpec *d) {
        bool *const members[] = { &d->read, &d->write, &d->mknod };

        if (*s == '\0' || strspn(s, "rwm") != strlen(s))
                return false;
        d->read = d->write = d->mknod = false;
        for (; *s; s++) {
                bool *member = members[strchr("rwm", *s) - "rwm"];

                if (*member)
                        return false;
                *member = true;
        }
        return true;
}

static bool is_inside(const char *path) {
        return *path == '/' && path[strspn(path, "/")];
}

/* [-]HOST[:CONTAINER][:rwm] in @s, which is cut apart. NULL: fine. */
static const char *parse_word(char *s, DeviceSpec *d, const char **source, const char **target) {
        *d = (DeviceSpec) { .read = true, .write = true, .mknod = true };
        d->optional = *s == '-';
        s += d->optional;

        *source = *target = strsep(&s, ":");
        if (!is_inside(*source))
                return "is not the absolute path of a device";
        if (s && *s == '/')
                *target = strsep(&s, ":");
        if (!is_inside(*target))
                return "has no absolute path for the container";
        if (s && !parse_access(s, d))
                return "has an access that is not of r, w and m";
        return NULL;
}

/* Without slashes at its end: names are put behind it. */
static char *copy_path(const char *path) {
        size_t size = strlen(path);

        while (size > 1 && path[size - 1] == '/')
                size--;
        return strndup(path, size);
}

static int device_add(KeyInput *in, const UnitAssignment *a, char *word, DeviceSpecs *devices) {
        _cleanup_free_ char *whole = strdup(word);
        const char *source, *target;
        DeviceSpec d;

        if (!whole)
                return -ENOMEM;
        const char *problem = parse_word(word, &d, &source, &target);
        if (problem)
                return input_bad_value(in, a, whole, problem);

        DeviceSpec *items =
                        reallocarray(devices->items, devices->n_items + 1, sizeof(*devices->items));
        if (!items)
                return -ENOMEM;
        devices->items = items;
        d.source = copy_path(source);
        d.target = copy_path(target);
        items[devices->n_items++] = d;
        return d.source && d.target ? 0 : -ENOMEM;
}

int parse_devices(KeyInput *in, void *target) {
        DeviceSpecs *devices = target;

        device_specs_done(devices);
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList list = {};

                int r = input_words(in, a, 0, &list);
                for (size_t i = 0; i < list.n_words && r >= 0; i++)
                        r = device_add(in, a, list.words[i], devices);
                if (r < 0)
                        return r;
        }
        return 0;
}
