/* SPDX-License-Identifier: MIT */
#include "runtime/apparmor.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

bool apparmor_is_enabled(void) {
        char answer = 'N';

        _cleanup_close_ int fd = neg_errno(
                        open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC));
        return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

/* The name with "apparmor" in it is AppArmor's whatever else is loaded, but kernels before 5.8 have the other only. */
static int open_attribute(const char *attributes) {
        static const char *const names[] = { "apparmor/exec", "exec" };
        char path[PATH_MAX];
        int fd = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(names) && fd == -ENOENT; i++) {
                int n = snprintf(path, sizeof(path), "%s/%s", attributes, names[i]);
                if (n < 0 || (size_t) n >= sizeof(path))
                        return -ENAMETOOLONG;
                fd = neg_errno(open(path, O_WRONLY | O_CLOEXEC));
        }
        return fd == -ENOENT ? -EOPNOTSUPP : fd;
}

int apparmor_enter_on_exec(const char *attributes, const char *profile) {
        char command[PATH_MAX];

        int n = snprintf(command, sizeof(command), "exec %s", profile);
        if (n < 0 || (size_t) n >= sizeof(command))
                return -ENAMETOOLONG;
        _cleanup_close_ int fd = open_attribute(attributes);
        if (fd < 0)
                return fd;
        /* At once: each write is a whole command. */
        ssize_t written = write(fd, command, (size_t) n);
        if (written < 0)
                return -errno;
        return written == n ? 0 : -EIO;
}
