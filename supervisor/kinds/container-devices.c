/* SPDX-License-Identifier: MIT */
#include "kinds/container-devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/text.h"

/* Rules are for the standard devices, too. */
#define DEVICES_MAX (DEVICE_RULES_MAX - 32U)
#define DEPTH_MAX 16U

/* What a directory is searched for. */
typedef struct Search {
        const DeviceSpec *spec;
        ContainerDevices *found;
        Error *error;
} Search;

/* Of /dev itself: what a container has of its own, and the terminal of the host. */
static bool is_the_containers_own(const char *path) {
        static const char *const names[] = {
                "console",
                "core",
                "fd",
                "full",
                "mqueue",
                "null",
                "ptmx",
                "pts",
                "random",
                "shm",
                "stdin",
                "stdout",
                "stderr",
                "tty",
                "urandom",
                "zero",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (str_has_prefix(path, "/dev/") && strcmp(path + strlen("/dev/"), names[i]) == 0)
                        return true;
        }
        return false;
}

static int add_device(Search *s, const char *source, const char *target, const struct stat *st) {
        ContainerDevices *found = s->found;

        if (found->n_items >= DEVICES_MAX)
                return error_set_plain(s->error,
                                -E2BIG,
                                ERROR_LIMIT_REACHED,
                                "AddDevice=: more than %u devices",
                                DEVICES_MAX);

        ContainerDevice *items = reallocarray(found->items, found->n_items + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        found->items = items;
        items[found->n_items++] = (ContainerDevice) {
                .source = strdup(source),
                .target = strdup(target),
                .rule = {
                        .type = S_ISBLK(st->st_mode) ? 'b' : 'c',
                        .major = major(st->st_rdev),
                        .minor = minor(st->st_rdev),
                        .read = s->spec->read,
                        .write = s->spec->write,
                        .mknod = s->spec->mknod,
                },
        };
        const ContainerDevice *d = &items[found->n_items - 1];
        return d->source && d->target ? 0 : -ENOMEM;
}

static bool is_device(const struct stat *st) {
        return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

static int search_directory(Search *s, const char *source, const char *target, unsigned depth);

/* Links are left out: what they lead to is found by its own name, or is none of this directory. */
static int search_entry(Search *s, const char *source, const char *target, unsigned depth) {
        struct stat st;

        if (is_the_containers_own(source) || lstat(source, &st) < 0) /* gone meanwhile */
                return 0;
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
                return search_directory(s, source, target, depth + 1);
        return is_device(&st) ? add_device(s, source, target, &st) : 0;
}

static int search_directory(Search *s, const char *source, const char *target, unsigned depth) {
        DIR *d = opendir(source);
        int r = 0;

        if (!d)
                return errno == ENOENT ? 0
                                       : error_set(s->error,
                                                         -errno,
                                                         ERROR_RUNTIME,
                                                         "AddDevice=: cannot read %s",
                                                         source);
        for (struct dirent *e = readdir(d); e && r >= 0; e = readdir(d)) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                _cleanup_free_ char *from = str_printf("%s/%s", source, e->d_name);
                _cleanup_free_ char *to = str_printf("%s/%s", target, e->d_name);
                r = from && to ? search_entry(s, from, to, depth) : -ENOMEM;
        }
        closedir(d);
        return r;
}

static int find_device(const DeviceSpec *spec, ContainerDevices *found, Error *error) {
        Search s = { .spec = spec, .found = found, .error = error };
        struct stat st;

        if (stat(spec->source, &st) < 0) {
                if (spec->optional && (errno == ENOENT || errno == ENOTDIR))
                        return 0;
                return error_set(error, -errno, ERROR_RUNTIME, "AddDevice=%s", spec->source);
        }
        if (S_ISDIR(st.st_mode))
                return search_directory(&s, spec->source, spec->target, 0);
        if (!is_device(&st))
                return error_set_plain(error,
                                -ENODEV,
                                ERROR_BAD_SETTING,
                                "AddDevice=%s: not a device, and not a directory of devices",
                                spec->source);
        return add_device(&s, spec->source, spec->target, &st);
}

int container_devices_find(const ContainerSpec *container, ContainerDevices *ret, Error *error) {
        ContainerDevices found = {};
        int r = 0;

        for (size_t i = 0; i < container->devices.n_items && r >= 0; i++)
                r = find_device(&container->devices.items[i], &found, error);
        if (r < 0) {
                container_devices_done(&found);
                return r;
        }
        *ret = found;
        return 0;
}

void container_devices_done(ContainerDevices *d) {
        for (size_t i = 0; i < d->n_items; i++) {
                free(d->items[i].source);
                free(d->items[i].target);
        }
        free(d->items);
        *d = (ContainerDevices) {};
}
