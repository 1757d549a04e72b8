/* SPDX-License-Identifier: MIT */
#include "runtime/image-file.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sys.h"
#include "runtime/kernel-file.h"
#include "runtime/loop-device.h"

#define KERNEL_MESSAGE_MAX 512U

typedef struct FileSystem {
        const char *type, *option; /* the kernel's configuration option, for messages */
        off_t magic_offset;
        uint32_t magic;
        bool from_file; /* newer kernels mount the file itself */
} FileSystem;

/* clang-format off */
static const FileSystem file_systems[] = {
        { "squashfs", "CONFIG_SQUASHFS", 0,    SQUASHFS_MAGIC,       false },
        { "erofs",    "CONFIG_EROFS_FS", 1024, EROFS_SUPER_MAGIC_V1, true  },
};
/* clang-format on */

static const FileSystem *recognise(int fd) {
        for (size_t i = 0; i < ELEMENTSOF(file_systems); i++) {
                uint32_t magic;

                if (pread(fd, &magic, sizeof(magic), file_systems[i].magic_offset) ==
                                                sizeof(magic) &&
                                le32toh(magic) == file_systems[i].magic)
                        return &file_systems[i];
        }
        return NULL;
}

/* The kernel's own words, "e squashfs: …": an errno alone tells nobody which compression is missing. */
static bool read_kernel_message(int fs_fd, char message[static KERNEL_MESSAGE_MAX]) {
        ssize_t n;

        while ((n = read(fs_fd, message, KERNEL_MESSAGE_MAX - 1)) > 2) {
                message[n] = '\0';
                message[strcspn(message, "\n")] = '\0';
                if (message[0] == 'e') {
                        memmove(message, message + 2, strlen(message + 2) + 1);
                        return true;
                }
        }
        return false;
}

static int mount_source(const FileSystem *fs, const char *source, const char *path, Error *error) {
        char message[KERNEL_MESSAGE_MAX];

        _cleanup_close_ int fd = sys_fsopen(fs->type, FSOPEN_CLOEXEC);
        if (fd == -ENODEV)
                return error_set_plain(error,
                                -EOPNOTSUPP,
                                ERROR_NOT_SUPPORTED,
                                "root %s: this kernel has no %s (module '%s', %s)",
                                path,
                                fs->type,
                                fs->type,
                                fs->option);
        if (fd < 0)
                return error_set(error, fd, ERROR_RUNTIME, "root %s: mount %s", path, fs->type);

        int r = sys_fsconfig(fd, FSCONFIG_SET_STRING, "source", source, 0);
        if (r >= 0)
                r = sys_fsconfig(fd, FSCONFIG_SET_FLAG, "ro", NULL, 0);
        if (r >= 0)
                r = sys_fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
        if (r >= 0)
                r = sys_fsmount(fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
        if (r >= 0)
                return r;
        if (read_kernel_message(fd, message))
                return error_set(error, r, ERROR_RUNTIME, "root %s: %s", path, message);
        return error_set(error, r, ERROR_RUNTIME, "root %s: mount %s", path, fs->type);
}

static int mount_by_loop_device(const FileSystem *fs, int fd, const char *path, Error *error) {
        char name[LOOP_NAME_SIZE];

        _cleanup_close_ int device = loop_device_attach(fd, name, error);
        if (device < 0)
                return error_prefix(error, device, "root %s", path);

        return mount_source(fs, name, path, error);
}

int image_file_mount(const char *path, const RuntimeFeatures *features, Error *error) {
        char source[FD_PATH_SIZE];

        _cleanup_close_ int fd =
                        neg_errno(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (fd < 0)
                return error_set(error, fd, ERROR_RUNTIME, "root %s", path);
        const FileSystem *fs = recognise(fd);
        if (!fs)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_BAD_SETTING,
                                "root %s: neither squashfs nor erofs",
                                path);

        /* Whether it can be is told best by trying: that depends on the kernel and on where the file lies. */
        if (fs->from_file && features->mount_from_file) {
                int r = mount_source(fs, fd_path(fd, source), path, NULL);
                if (r >= 0)
                        return r;
        }
        return mount_by_loop_device(fs, fd, path, error);
}
