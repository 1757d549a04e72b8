/* SPDX-License-Identifier: MIT */
#include "runtime/masks.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/mounts.h"

/* Docker's lists. */
/* clang-format off */
static const PlanMask defaults[] = {
        { "/proc/acpi",                      false },
        { "/proc/asound",                    false },
        { "/proc/interrupts",                false },
        { "/proc/kcore",                     false },
        { "/proc/keys",                      false },
        { "/proc/latency_stats",             false },
        { "/proc/sched_debug",               false },
        { "/proc/scsi",                      false },
        { "/proc/timer_list",                false },
        { "/proc/timer_stats",               false },
        { "/sys/devices/virtual/powercap",   false },
        { "/sys/firmware",                   false },
        { "/proc/bus",                       true  },
        { "/proc/fs",                        true  },
        { "/proc/irq",                       true  },
        { "/proc/sys",                       true  },
        { "/proc/sysrq-trigger",             true  },
};
/* clang-format on */

/* One directory for each processor of a machine that reports its heat. */
#define THERMAL_FORMAT "/sys/devices/system/cpu/cpu%u/thermal_throttle"

static unsigned count_thermal(Plan *p) {
        for (unsigned n = 0;; n++) {
                const char *path = plan_printf(p, THERMAL_FORMAT, n);

                if (!path || access(path, F_OK) < 0)
                        return n;
        }
}

static bool is_unmasked(const char *path, char *const *unmask) {
        STRV_FOREACH (pattern, unmask) {
                if (str_equal(*pattern, "ALL") || fnmatch(*pattern, path, FNM_PATHNAME) == 0)
                        return true;
        }
        return false;
}

int masks_plan(Plan *p, char *const *mask, char *const *unmask) {
        unsigned n_thermal = count_thermal(p);
        size_t n = 0;

        PlanMask *masks = plan_alloc(
                        p, (ELEMENTSOF(defaults) + n_thermal + strv_length(mask)) * sizeof(*masks));
        if (!masks)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(defaults); i++) {
                if (!is_unmasked(defaults[i].path, unmask))
                        masks[n++] = defaults[i];
        }
        for (unsigned i = 0; i < n_thermal; i++) {
                const char *path = plan_printf(p, THERMAL_FORMAT, i);
                if (!path)
                        return -ENOMEM;
                if (!is_unmasked(path, unmask))
                        masks[n++].path = path;
        }
        STRV_FOREACH (path, mask) {
                masks[n].path = plan_strdup(p, *path);
                if (!masks[n++].path)
                        return -ENOMEM;
        }
        p->masks = masks;
        p->n_masks = n;
        return 0;
}

/* @source_fd: the mount to clone onto the target. */
static int cover(const Plan *p, int source_fd, int target_fd, bool recursive, uint64_t attributes) {
        _cleanup_close_ int tree = sys_open_tree(source_fd,
                        "",
                        OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE | AT_EMPTY_PATH |
                                        (recursive ? AT_RECURSIVE : 0));
        if (tree < 0)
                return tree;
        return mount_attach(p, tree, target_fd, attributes, 0, recursive);
}

/*
 * All hidden directories share one empty tmpfs: the first mask attaches it, the others clone it from
 * there. A file is covered by the null device that we made, held by descriptor: by name it could have
 * been exchanged by who shares a volume with us.
 */
static int hide(Plan *p, int target_fd, int *empty_fd) {
        static const PlanOption options[] = {
                { "mode", "0555" }, { "size", "4k" }, { "nr_inodes", "1" }
        };
        struct stat st;

        if (fstat(target_fd, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return cover(p, p->null_fd, target_fd, /* recursive= */ false, 0);
        if (*empty_fd >= 0)
                return cover(p, *empty_fd, target_fd, /* recursive= */ false, 0);

        *empty_fd = filesystem_create("tmpfs",
                        options,
                        ELEMENTSOF(options),
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                        MOUNT_ATTR_NOEXEC);
        if (*empty_fd < 0)
                return *empty_fd;
        return mount_attach(p, *empty_fd, target_fd, 0, 0, false);
}

int masks_apply(Plan *p) {
        _cleanup_close_ int empty_fd = -EBADF;

        for (size_t i = 0; i < p->n_masks; i++) {
                const PlanMask *m = &p->masks[i];

                p->item = (int) i;
                _cleanup_close_ int target = sys_openat2(p->root_fd,
                                m->path,
                                O_PATH,
                                0,
                                RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
                if (target == -ENOENT || target == -ENOTDIR)
                        continue;
                if (target < 0)
                        return target;

                int r = m->read_only ? cover(p,
                                                       target,
                                                       target,
                                                       /* recursive= */ true,
                                                       MOUNT_ATTR_RDONLY)
                                     : hide(p, target, &empty_fd);
                if (r < 0)
                        return r;
        }
        return 0;
}
