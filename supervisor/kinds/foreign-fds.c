/* SPDX-License-Identifier: MIT */
#include "kinds/foreign-fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "kinds/reap.h"

/* Not by SO_LINGER as it is now: who holds the socket, too, may set it a moment later. */
static bool may_linger(int fd) {
        socklen_t size = sizeof(int);
        int domain = AF_UNSPEC;

        return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) >= 0 &&
               domain != AF_UNIX && domain != AF_NETLINK;
}

void foreign_fd_stop_linger(int fd) {
        if (may_linger(fd))
                (void) setsockopt(fd,
                                SOL_SOCKET,
                                SO_LINGER,
                                &(struct linger) {},
                                sizeof(struct linger)); /* it then lingers */
}

/*
 * A copy of supd, which holds all descriptors for as long as the pipe is open: supd's close() is not the last one
 * then, and what a process closes by its end does not linger.
 *
 * Return: its pidfd, and in *ret the pipe; negative errno.
 */
static int start_holder(int *ret) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        _cleanup_close_ int read_fd = fds[0], write_fd = fds[1];
        pid_t pid = neg_errno(fork());
        if (pid < 0)
                return pid;
        if (pid == 0) {
                char byte;

                (void) close(write_fd);
                while (read(read_fd, &byte, 1) < 0 && errno == EINTR)
                        ;
                _exit(EXIT_SUCCESS);
        }
        int pidfd = sys_pidfd_open(pid, 0);
        /* Without one it stays a zombie until supd ends, and has done its work nevertheless. */
        *ret = TAKE_FD(write_fd);
        return pidfd;
}

void foreign_fds_close(sd_event *event, int *fds, size_t n) {
        _cleanup_close_ int pipe_fd = -EBADF;
        int pidfd = -EBADF;
        bool lingers = false;

        for (size_t i = 0; i < n && !lingers; i++)
                lingers = may_linger(fds[i]);
        if (lingers)
                pidfd = start_holder(&pipe_fd);
        for (size_t i = 0; i < n; i++) {
                if (lingers && pipe_fd < 0)
                        foreign_fd_stop_linger(fds[i]);
                fds[i] = close_fd(fds[i]);
        }
        pipe_fd = close_fd(pipe_fd);
        (void) reap_later(event, pidfd);
}
