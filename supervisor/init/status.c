/* SPDX-License-Identifier: MIT */
#include "init/status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Run by hand there is no status pipe; whatever else sits at its number is not ours to write to. */
int status_open(void) {
        struct stat st;

        if (fstat(SUPD_STATUS_FD, &st) < 0 || !S_ISFIFO(st.st_mode))
                return -EBADF;

        int flags = fcntl(SUPD_STATUS_FD, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
                return -EBADF;

        (void) fcntl(SUPD_STATUS_FD, F_SETFD, FD_CLOEXEC);
        return SUPD_STATUS_FD;
}

void status_write(int status_fd, SupdStatusType type, int code, int status) {
        const SupdStatusRecord record = {
                .type = type, .code = code, .status = status, .item = -1
        };

        if (status_fd < 0)
                return;

        /* Two records never fill a pipe; and if nobody reads, the exit status still tells. */
        ssize_t n = write(status_fd, &record, sizeof(record));
        (void) n;
}
