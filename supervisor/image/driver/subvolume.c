/* SPDX-License-Identifier: MIT */
#include "image/driver/subvolume.h"

#include <btrfsutil.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"

bool subvolume_can_be_at(int dir_fd) {
        struct statfs fs;

        return fstatfs(dir_fd, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool subvolume_is_there(int dir_fd, const char *name) {
        struct stat st;

        return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode) &&
               st.st_ino == BTRFS_FIRST_FREE_OBJECTID && subvolume_can_be_at(dir_fd);
}

static int from_btrfs(enum btrfs_util_error e) {
        if (e == BTRFS_UTIL_OK)
                return 0;
        if (e == BTRFS_UTIL_ERROR_NO_MEMORY)
                return -ENOMEM;
        return errno > 0 ? -errno : -EIO; /* the call that failed set it */
}

static int open_subvolume(int dir_fd, const char *name) {
        return neg_errno(openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int subvolume_create(int dir_fd, const char *name) {
        errno = 0;
        return from_btrfs(btrfs_util_create_subvolume_fd(dir_fd, name, 0, NULL, NULL));
}

int subvolume_snapshot(int from_dir, const char *from, int to_dir, const char *to, bool read_only) {
        int flags = read_only ? BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY : 0;

        _cleanup_close_ int fd = open_subvolume(from_dir, from);
        if (fd < 0)
                return fd;
        errno = 0;
        return from_btrfs(btrfs_util_create_snapshot_fd2(fd, to_dir, to, flags, NULL, NULL));
}

int subvolume_delete(int dir_fd, const char *name) {
        const int flags = BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE;
        struct btrfs_ioctl_qgroup_create_args group = {};
        uint64_t id = 0;
        int r;

        _cleanup_close_ int fd = open_subvolume(dir_fd, name);
        if (fd < 0)
                return fd;
        errno = 0;
        r = from_btrfs(btrfs_util_subvolume_id_fd(fd, &id));
        if (r >= 0)
                r = from_btrfs(btrfs_util_delete_subvolume_fd(dir_fd, name, flags));
        if (r < 0)
                return r;
        /* Kernels since 6.11 refuse while blocks are given back, and remove it themselves afterwards.
         * Where quotas are off there is none. */
        group.qgroupid = id;
        (void) ioctl(dir_fd, BTRFS_IOC_QGROUP_CREATE, &group);
        return 0;
}

/* ---- quota groups ----------------------------------------------------------------------------- */
static int quota_enable(int fd) {
        struct btrfs_ioctl_quota_ctl_args args = { .cmd = BTRFS_QUOTA_CTL_ENABLE };
        int r;

        r = neg_errno(ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args)); /* on already: nothing happens */
        return r < 0 ? r : neg_errno(ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_WAIT));
}

/* The only way to ask what a quota group counts is to read its item in the quota tree. */
static int quota_usage(int fd, uint64_t id, uint64_t *ret) {
        struct btrfs_ioctl_search_args args = {
                .key = {
                        .tree_id = BTRFS_QUOTA_TREE_OBJECTID,
                        .min_type = BTRFS_QGROUP_INFO_KEY,
                        .max_type = BTRFS_QGROUP_INFO_KEY,
                        .min_offset = id,
                        .max_offset = id,
                        .max_transid = UINT64_MAX,
                        .nr_items = 1,
                },
        };
        struct btrfs_qgroup_info_item item;

        if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0)
                return -errno;
        if (args.key.nr_items < 1)
                return -ENOENT;
        memcpy(&item, args.buf + sizeof(struct btrfs_ioctl_search_header), sizeof(item));
        *ret = le64toh(item.rfer);
        return 0;
}

int subvolume_limit(int dir_fd, const char *name, uint64_t bytes) {
        struct btrfs_ioctl_qgroup_limit_args args = {
                .lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = bytes },
        };
        uint64_t used = 0;
        int r;

        _cleanup_close_ int fd = open_subvolume(dir_fd, name);
        r = fd < 0 ? fd : quota_enable(fd);
        if (r < 0)
                return r;
        errno = 0;
        r = from_btrfs(btrfs_util_subvolume_id_fd(fd, (uint64_t *) &args.qgroupid));
        if (r >= 0)
                r = quota_usage(fd, args.qgroupid, &used);
        if (r < 0)
                return r;
        return used > bytes ? -EFBIG : neg_errno(ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args));
}
