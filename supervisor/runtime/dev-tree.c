/* SPDX-License-Identifier: MIT */
#include "runtime/dev-tree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/sys.h"

/* clang-format off */
static const struct {
        const char *name, *host;
        unsigned major, minor;
} devices[] = {
        { "null",    "/dev/null",    1, 3 },
        { "zero",    "/dev/zero",    1, 5 },
        { "full",    "/dev/full",    1, 7 },
        { "random",  "/dev/random",  1, 8 },
        { "urandom", "/dev/urandom", 1, 9 },
        { "tty",     "/dev/tty",     5, 0 },
};

static const struct {
        const char *name, *target;
} links[] = {
        { "fd",     "/proc/self/fd"   },
        { "stdin",  "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" },
        { "stderr", "/proc/self/fd/2" },
        { "core",   "/proc/kcore"     },
        { "ptmx",   "pts/ptmx"        },
};
/* clang-format on */

static const char *const directories[] = { "pts", "mqueue", "shm" };

const char *dev_tree_device(int row) {
        return row >= 0 && (size_t) row < ELEMENTSOF(devices) ? devices[row].name : NULL;
}

/* Where mknod() is refused, by a device policy around us or in a user namespace: the host's node. */
static int device_bind(int dev_fd, size_t row) {
        if (mknodat(dev_fd, devices[row].name, S_IFREG | 0666, 0) < 0)
                return -errno;

        _cleanup_close_ int tree = sys_open_tree(
                        AT_FDCWD, devices[row].host, OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
        if (tree < 0)
                return tree;
        return sys_move_mount(tree, "", dev_fd, devices[row].name, MOVE_MOUNT_F_EMPTY_PATH);
}

static int device_make(int dev_fd, size_t row) {
        dev_t number = makedev(devices[row].major, devices[row].minor);

        int r = neg_errno(mknodat(dev_fd, devices[row].name, S_IFCHR | 0666, number));
        return r == -EPERM ? device_bind(dev_fd, row) : r;
}

int dev_tree_create(Plan *p, int dev_fd) {
        p->dev_fd = dev_fd;
        p->step = PLAN_STEP_DEVICES;
        for (size_t i = 0; i < ELEMENTSOF(devices); i++) {
                p->item = (int) i;
                int r = device_make(dev_fd, i);
                if (r < 0)
                        return r;
        }

        p->item = -1;
        for (size_t i = 0; i < ELEMENTSOF(links); i++) {
                if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
                        return -errno;
        }
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                if (mkdirat(dev_fd, directories[i], 0755) < 0)
                        return -errno;
        }

        /* What hides files, and what unused standard streams lead to. */
        p->null_fd = neg_errno(openat(dev_fd, "null", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
        return p->null_fd < 0 ? p->null_fd : 0;
}
