/* SPDX-License-Identifier: MIT */
#include "runtime/kernel-file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/sys.h"

int procfs_write(int proc_fd, const char *path, const char *text) {
        _cleanup_close_ int fd = sys_openat2(proc_fd,
                        path,
                        O_WRONLY | O_NOCTTY,
                        0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
        if (fd < 0)
                return fd;

        struct statfs fs;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if (fs.f_type != PROC_SUPER_MAGIC)
                return -EXDEV;

        ssize_t n = write(fd, text, strlen(text));
        return n < 0 ? -errno : 0;
}

const char *fd_path(int fd, char buffer[static FD_PATH_SIZE]) {
        static const char prefix[] = "/proc/self/fd/";
        char digits[12];
        size_t n = 0;

        do {
                digits[n++] = (char) ('0' + fd % 10);
                fd /= 10;
        } while (fd > 0);

        memcpy(buffer, prefix, sizeof(prefix) - 1);
        char *end = buffer + sizeof(prefix) - 1;
        while (n > 0)
                *end++ = digits[--n];
        *end = '\0';
        return buffer;
}
