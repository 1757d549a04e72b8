/* SPDX-License-Identifier: MIT */
#include "log/journal-sync.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "log/journal-stream.h"

/* Varlink ends a message with its NUL. journald answers after all that was readable before is read. */
static const char request[] = "{\"method\":\"io.systemd.Journal.Synchronize\",\"parameters\":{}}";

int journal_sync_begin(const char *systemd_dir) {
        _cleanup_close_ int fd = journal_connect(systemd_dir, "io.systemd.journal");
        if (fd < 0)
                return fd;

        if (send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int journal_sync(const char *systemd_dir, uint64_t timeout_usec) {
        uint64_t timeout_msec = timeout_usec / USEC_PER_MSEC;

        _cleanup_close_ int fd = journal_sync_begin(systemd_dir);
        if (fd < 0)
                return fd;

        struct pollfd p = { .fd = fd, .events = POLLIN };
        int r = poll(&p, 1, timeout_msec > INT_MAX ? -1 : (int) timeout_msec);
        if (r < 0)
                return -errno;
        return r == 0 ? -ETIMEDOUT : 0;
}
