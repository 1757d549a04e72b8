/* SPDX-License-Identifier: MIT */
#include "image/driver/driver.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "base/strv.h"
#include "base/text.h"
#include "image/driver/storage-internal.h"

/* The first is the default. */
static const StorageDriverOps *const drivers[] = {
        &storage_driver_overlay,
        &storage_driver_btrfs,
        &storage_driver_vfs,
};

int storage_driver_find(const char *name, const StorageDriverOps **ret, Error *error) {
        for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
                if (!name || str_equal(name, drivers[i]->name)) {
                        *ret = drivers[i];
                        return 0;
                }
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "unknown storage driver '%s'; there are overlay, btrfs and vfs",
                        name);
}

int storage_driver_check(const Storage *s, Error *error) {
        _cleanup_(error_done) Error reason = {};
        _cleanup_strv_ char **others = NULL;
        int r;

        r = s->driver->check(s, &reason);
        if (r != -EOPNOTSUPP) {
                if (r < 0)
                        error_move(error, &reason);
                return r;
        }
        for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
                if (drivers[i] != s->driver && drivers[i]->check(s, NULL) >= 0 &&
                                strv_append(&others, drivers[i]->name) < 0)
                        return -ENOMEM;
        _cleanup_free_ char *names = strv_join(others, " or ");
        if (!names)
                return -ENOMEM;
        /* vfs can always, so that there is a name. */
        return error_set_plain(error,
                        r,
                        ERROR_NOT_SUPPORTED,
                        "storage driver '%s' can't work in '%s': %s; choose %s (StorageDriver= in "
                        "supd.conf, or --driver)",
                        s->driver->name,
                        s->path,
                        error_text(&reason, r),
                        names);
}

const char *storage_file_system(int fd, char buffer[32]) {
        /* clang-format off */
        static const struct {
                unsigned long magic;
                const char *name;
        } known[] = {
                { BTRFS_SUPER_MAGIC,     "btrfs"     },
                { EXT4_SUPER_MAGIC,      "ext4"      },
                { XFS_SUPER_MAGIC,       "xfs"       },
                { F2FS_SUPER_MAGIC,      "f2fs"      },
                { TMPFS_MAGIC,           "tmpfs"     },
                { OVERLAYFS_SUPER_MAGIC, "overlayfs" },
                { NFS_SUPER_MAGIC,       "nfs"       },
                { MSDOS_SUPER_MAGIC,     "vfat"      },
                { EXFAT_SUPER_MAGIC,     "exfat"     },
                { FUSE_SUPER_MAGIC,      "fuse"      },
                { V9FS_MAGIC,            "9p"        },
                { CEPH_SUPER_MAGIC,      "ceph"      },
                { ECRYPTFS_SUPER_MAGIC,  "ecryptfs"  },
                { 0x2fc12fc1,            "zfs"       }, /* not of the kernel's headers */
                { 0xca451a4e,            "bcachefs"  },
        };
        /* clang-format on */
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return "an unknown file system";
        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if ((unsigned long) fs.f_type == known[i].magic)
                        return known[i].name;
        (void) snprintf(buffer, 32, "file system 0x%lx", (unsigned long) fs.f_type); /* fits */
        return buffer;
}
