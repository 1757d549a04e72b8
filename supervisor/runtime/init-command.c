/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/container.h"
#include "runtime/kernel-file.h"

#define LINKS_MAX 16U

/* By path, since many a program is called init; by name, wherever they lie. */
static const char *const init_paths[] = { "/init", "/sbin/init", "/usr/sbin/init" };
static const char *const init_names[] = {
        "systemd",
        "tini",
        "dumb-init",
        "catatonit",
        "docker-init",
        "s6-svscan",
        "runit-init",
};
/* Where a name without a slash is looked for. */
static const char *const search_dirs[] = {
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
};

static bool path_is_init(const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        for (size_t i = 0; i < ELEMENTSOF(init_paths); i++) {
                if (str_equal(path, init_paths[i]))
                        return true;
        }
        for (size_t i = 0; i < ELEMENTSOF(init_names); i++) {
                if (str_equal(name, init_names[i]))
                        return true;
        }
        return false;
}

/*
 * One hop: what the link @path points to, as an absolute path inside the root; owned by the caller.
 * Return: 1; 0 if it is no link.
 */
static int follow_link(int root_fd, const char *path, char **ret) {
        char target[PATH_MAX];
        const char *slash = strrchr(path, '/');

        _cleanup_free_ char *parent = str_printf("%.*s", slash ? (int) (slash - path) : 0, path);
        if (!parent)
                return -ENOMEM;
        _cleanup_close_ int dir = sys_openat2(root_fd,
                        *parent ? parent : "/",
                        O_PATH | O_DIRECTORY,
                        0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (dir < 0)
                return dir;
        ssize_t n = readlinkat(dir, slash ? slash + 1 : path, target, sizeof(target) - 1);
        if (n < 0)
                return errno == EINVAL ? 0 : -errno;
        target[n] = '\0';

        *ret = target[0] == '/' ? strdup(target) : str_printf("%s/%s", parent, target);
        return *ret ? 1 : -ENOMEM;
}

/* Where all links and dots lead in the end, as seen from inside; owned by the caller, or NULL. */
static char *resolve_inside(int root_fd, const char *path) {
        char root[PATH_MAX], resolved[PATH_MAX], buffer[FD_PATH_SIZE];

        _cleanup_close_ int fd = sys_openat2(
                        root_fd, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (fd < 0)
                return NULL;
        ssize_t n = readlink(fd_path(root_fd, buffer), root, sizeof(root) - 1);
        ssize_t m = readlink(fd_path(fd, buffer), resolved, sizeof(resolved) - 1);
        if (n < 0 || m < 0)
                return NULL;
        root[n] = resolved[m] = '\0';

        if (n == 1) /* "/" */
                return strdup(resolved);
        return str_has_prefix(resolved, root) ? strdup(resolved + n) : NULL;
}

static bool leads_to_init(int root_fd, const char *path) {
        _cleanup_free_ char *current = strdup(path);

        for (unsigned hops = 0; current && hops < LINKS_MAX; hops++) {
                char *next;

                if (path_is_init(current))
                        return true;
                if (follow_link(root_fd, current, &next) <= 0)
                        break;
                free(current);
                current = next;
        }

        _cleanup_free_ char *resolved = resolve_inside(root_fd, path);
        return resolved && path_is_init(resolved);
}

bool runtime_command_is_init(const RuntimeRoot *root, const char *command) {
        if (path_is_init(command))
                return true;

        _cleanup_close_ int root_fd = neg_errno(open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (root_fd < 0)
                return false;
        if (strchr(command, '/'))
                return leads_to_init(root_fd, command);

        for (size_t i = 0; i < ELEMENTSOF(search_dirs); i++) {
                _cleanup_free_ char *path = str_printf("%s/%s", search_dirs[i], command);

                if (path && leads_to_init(root_fd, path))
                        return true;
        }
        return false;
}
