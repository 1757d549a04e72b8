/* SPDX-License-Identifier: MIT */
#include "runtime/block-device.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

/* A mapping of a mapping of a partition …: more than anybody has, and an end to a loop. */
#define DEPTH_MAX 16U
#define MOUNTINFO_SIZE_MAX (16U * 1024U * 1024U)

/* "8:0", of a file of sysfs. */
static int read_device(int sysfs_fd, const char *path, dev_t *ret) {
        _cleanup_free_ char *text = NULL;
        unsigned major, minor;

        int r = file_read(sysfs_fd, path, 64, &text, NULL);
        if (r < 0)
                return r;
        if (sscanf(text, "%u:%u", &major, &minor) != 2)
                return -EBADMSG;
        *ret = makedev(major, minor);
        return 0;
}

/* Name of the one device that this one is made of. Return: owned; NULL: none, or several. */
static char *only_slave(int sysfs_fd, const char *slaves) {
        _cleanup_free_ char *only = NULL;
        const struct dirent *entry;

        int fd = neg_errno(openat(sysfs_fd, slaves, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        _cleanup_(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir) {
                (void) close_fd(fd);
                return NULL;
        }
        while ((entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (only)
                        return NULL;
                only = strdup(entry->d_name);
        }
        return TAKE_PTR(only);
}

/* Return: 1 and the device one step below; 0: @device is the last. */
static int step_down(int sysfs_fd, dev_t device, dev_t *ret) {
        _cleanup_free_ char *of = str_printf("%u:%u", major(device), minor(device));
        _cleanup_free_ char *partition = of ? str_printf("%s/partition", of) : NULL;
        _cleanup_free_ char *slaves = of ? str_printf("%s/slaves", of) : NULL;
        _cleanup_free_ char *path = NULL;

        if (!partition || !slaves)
                return 0;
        if (faccessat(sysfs_fd, partition, F_OK, 0) >= 0)
                path = str_printf("%s/../dev", of);
        else {
                _cleanup_free_ char *slave = only_slave(sysfs_fd, slaves);
                path = slave ? str_printf("%s/%s/dev", slaves, slave) : NULL;
        }
        return path && read_device(sysfs_fd, path, ret) >= 0;
}

dev_t block_device_find_whole(int sysfs_fd, dev_t device) {
        for (unsigned i = 0; i < DEPTH_MAX && step_down(sysfs_fd, device, &device) > 0; i++)
                continue;
        return device;
}

char *block_device_of_mount(const char *mountinfo, unsigned long long mount_id) {
        for (const char *line = mountinfo; *line;) {
                size_t size = strcspn(line, "\n");
                const char *end = line + size;
                const char *dash = memmem(line, size, " - ", 3);
                unsigned long long id;

                /* ID PARENT MAJ:MIN ROOT POINT OPTIONS… - TYPE SOURCE OPTIONS */
                if (dash && sscanf(line, "%llu ", &id) == 1 && id == mount_id) {
                        const char *source = memchr(dash + 3, ' ', (size_t) (end - dash - 3));
                        if (!source || source[1] != '/')
                                return NULL;
                        return strndup(source + 1, strcspn(source + 1, " \n"));
                }
                line = *end ? end + 1 : end;
        }
        return NULL;
}

/* File systems that span devices (btrfs) have a number of their own: the mount tells one they are on. */
static int device_of_mount(const char *path, dev_t *ret) {
        _cleanup_free_ char *text = NULL;
        struct statx sx;
        struct stat st;

        int r = neg_errno(statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_MNT_ID, &sx));
        if (r >= 0)
                r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;
        _cleanup_free_ char *source = block_device_of_mount(text, sx.stx_mnt_id);
        if (!source || stat(source, &st) < 0 || !S_ISBLK(st.st_mode))
                return -ENODEV;
        *ret = st.st_rdev;
        return 0;
}

int block_device_find(const char *path, dev_t *ret, Error *error) {
        struct stat st;
        dev_t device = 0;

        int r = neg_errno(stat(path, &st));
        if (r < 0)
                return error_set(error, r, ERROR_INVALID_ARGUMENT, "cannot look at %s", path);
        if (S_ISBLK(st.st_mode))
                device = st.st_rdev;
        else if (S_ISCHR(st.st_mode))
                r = -ENODEV;
        else if (major(st.st_dev) != 0)
                device = st.st_dev;
        else
                r = device_of_mount(path, &device);
        if (r < 0)
                return error_set_plain(error,
                                -ENODEV,
                                ERROR_INVALID_ARGUMENT,
                                "%s is not a disk, and not on one",
                                path);

        _cleanup_close_ int sysfs_fd =
                        neg_errno(open("/sys/dev/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        *ret = sysfs_fd < 0 ? device : block_device_find_whole(sysfs_fd, device);
        return 0;
}
