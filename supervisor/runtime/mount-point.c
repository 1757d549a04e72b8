/* SPDX-License-Identifier: MIT */
#include "runtime/mount-point.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sys.h"

#define RESOLVE_INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

static int make_component(int dir_fd, const char *name, mode_t type) {
        int r = S_ISDIR(type) ? mkdirat(dir_fd, name, 0755)
                              : mknodat(dir_fd, name, S_IFREG | 0644, 0);

        return r < 0 ? -errno : 0;
}

/* mkdir -p of everything but the last component, which becomes @type. */
static int make_inside(int root_fd, const char *path, mode_t type, uint64_t resolve) {
        char prefix[PATH_MAX];
        size_t length = strlen(path);

        while (length > 1 && path[length - 1] == '/')
                length--;
        if (length >= sizeof(prefix))
                return -ENAMETOOLONG;
        memcpy(prefix, path, length);
        prefix[length] = '\0';

        _cleanup_close_ int dir_fd = neg_errno(fcntl(root_fd, F_DUPFD_CLOEXEC, 3));
        if (dir_fd < 0)
                return dir_fd;

        for (size_t begin = strspn(prefix, "/"); begin < length;) {
                size_t end = begin + strcspn(prefix + begin, "/");
                bool last = end >= length;

                prefix[end] = '\0';
                int next = sys_openat2(root_fd, prefix, O_PATH, 0, resolve);
                if (next == -ENOENT) {
                        int r = make_component(dir_fd, prefix + begin, last ? type : S_IFDIR);

                        /* There, but leading nowhere: a dangling link. */
                        if (r < 0)
                                return r == -EEXIST ? -ENOENT : r;
                        next = sys_openat2(root_fd, prefix, O_PATH, 0, resolve);
                }
                if (next < 0)
                        return next;
                close_fd(dir_fd);
                dir_fd = next;

                if (!last)
                        prefix[end] = '/';
                begin = end + strspn(prefix + end, "/");
        }
        return TAKE_FD(dir_fd);
}

static int check_type(int fd, mode_t type) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(type) == S_ISDIR(st.st_mode))
                return 0;
        return S_ISDIR(type) ? -ENOTDIR : -EISDIR;
}

int mount_point_open(int root_fd, const char *path, mode_t type, uint64_t resolve) {
        _cleanup_close_ int fd = sys_openat2(root_fd, path, O_PATH, 0, RESOLVE_INSIDE | resolve);
        if (fd == -ENOENT)
                fd = make_inside(root_fd, path, type, RESOLVE_INSIDE | resolve);
        if (fd < 0)
                return fd;

        int r = check_type(fd, type);
        return r < 0 ? r : TAKE_FD(fd);
}

int mount_point_open_nofollow(int root_fd, const char *path, mode_t type) {
        char parent[PATH_MAX];
        const char *slash = strrchr(path, '/');
        size_t length = slash ? (size_t) (slash - path) : 0;
        int r;

        if (length >= sizeof(parent))
                return -ENAMETOOLONG;
        memcpy(parent, path, length);
        parent[length] = '\0';

        _cleanup_close_ int dir_fd = mount_point_open(root_fd, length ? parent : "/", S_IFDIR, 0);
        if (dir_fd < 0)
                return dir_fd;

        const char *name = slash ? slash + 1 : path;
        _cleanup_close_ int fd = neg_errno(openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (fd == -ENOENT) {
                r = make_component(dir_fd, name, type);
                if (r < 0)
                        return r;
                fd = neg_errno(openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        }
        if (fd < 0)
                return fd;

        r = check_type(fd, type);
        return r < 0 ? r : TAKE_FD(fd);
}
