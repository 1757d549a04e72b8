/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "runtime/cgroup-driver.h"

/*
 * Slices: directories that groups are below, and nobody is in. They come with the first group below them and go with
 * the last.
 */

#define SUFFIX ".slice"

/* Bytes of the next slice's path, @size being those of the one before; 0: there is none. */
static size_t next_slice(const char *name, size_t size) {
        const char *begin = size > 0 ? name + size + 1 : name;
        const char *slash = strchr(begin, '/');
        size_t n = slash ? (size_t) (slash - begin) : 0;

        if (n <= strlen(SUFFIX) || memcmp(slash - strlen(SUFFIX), SUFFIX, strlen(SUFFIX)) != 0)
                return 0;
        return (size_t) (slash - name);
}

int cgroup_each_slice(
                const char *name, int (*visit)(const char *slice, void *userdata), void *userdata) {
        for (size_t n = next_slice(name, 0); n > 0; n = next_slice(name, n)) {
                _cleanup_free_ char *slice = strndup(name, n);

                int r = slice ? visit(slice, userdata) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

void cgroup_remove_slices(int root_fd, const char *name) {
        size_t n = 0, next;

        while ((next = next_slice(name, n)) > 0)
                n = next;
        _cleanup_free_ char *path = strndup(name, n);

        /* The innermost first; one that others are in is in use, and so are those above it. */
        while (path && *path) {
                if (unlinkat(root_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
                        return;
                char *slash = strrchr(path, '/');
                *(slash ?: path) = '\0';
        }
}
