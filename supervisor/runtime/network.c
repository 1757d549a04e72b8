/* SPDX-License-Identifier: MIT */
#include "runtime/network.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"

int network_loopback_up(void) {
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

        /* Any protocol's socket reaches the interfaces; this one is never missing. */
        _cleanup_close_ int fd = neg_errno(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (fd < 0)
                return fd;
        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}
