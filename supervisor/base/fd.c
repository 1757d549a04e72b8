/* SPDX-License-Identifier: MIT */
#include "base/fd.h"

#include <fcntl.h>

int close_fd(int fd) {
        if (fd >= 0) {
                int saved = errno;

                /* The number is gone whatever close() says; a late write error has no one to tell. */
                (void) close(fd);
                errno = saved;
        }
        return -EBADF;
}

int fd_write_all(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

static int fd_set_flag(int fd, int get, int set, int flag, int on) {
        int flags = fcntl(fd, get);
        if (flags < 0)
                return -errno;

        int wanted = on ? flags | flag : flags & ~flag;
        if (wanted == flags)
                return 0;
        return neg_errno(fcntl(fd, set, wanted)) < 0 ? -errno : 0;
}

int fd_set_nonblock(int fd, int nonblock) {
        return fd_set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, nonblock);
}

int fd_set_cloexec(int fd, int cloexec) {
        return fd_set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, cloexec);
}
