/* SPDX-License-Identifier: MIT */
#include "runtime/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

int netns_socket(int pidfd, int domain, int type) {
        _cleanup_close_ int own_fd = neg_errno(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        if (own_fd < 0)
                return own_fd;
        if (setns(pidfd, CLONE_NEWNET) < 0)
                return -errno;

        int fd = neg_errno(socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

        /* Where we came from is held and can't be gone. Going on in a container's network would be worse than
         * ending: whoever runs us starts us again, and nothing is lost. */
        if (setns(own_fd, CLONE_NEWNET) < 0)
                abort();
        return fd;
}
