/* SPDX-License-Identifier: MIT */
#include "log/journal-stream.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"

/* What libsystemd asks for: a burst of lines shall not wait for journald. */
#define STREAM_SEND_BUFFER_BYTES (8 * 1024 * 1024)

int journal_connect(const char *systemd_dir, const char *name) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        int n = snprintf(address.sun_path,
                        sizeof(address.sun_path),
                        "%s/journal/%s",
                        systemd_dir ?: JOURNAL_SYSTEMD_DIR,
                        name);
        if (n < 0 || (size_t) n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;

        _cleanup_close_ int fd =
                        neg_errno(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (fd < 0)
                return fd;

        /* A blocking connect() would wait while journald is stopped with a full backlog. */
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

bool journal_stream_is_served(const char *systemd_dir) {
        _cleanup_close_ int fd = journal_connect(systemd_dir, "stdout");
        return fd >= 0;
}

int journal_stream_open(const char *systemd_dir, const JournalStreamSpec *spec) {
        int size = STREAM_SEND_BUFFER_BYTES;

        assert(!strchr(spec->identifier, '\n') && !strchr(spec->unit_id, '\n'));

        _cleanup_close_ int fd = journal_connect(systemd_dir, "stdout");
        if (fd < 0)
                return fd;

        /* Only a privilege lifts the system's limit; a smaller buffer serves as well, if worse. */
        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        /*
         * The kernel notes a line's writer if either end asks for that. journald asks after it has accepted
         * the connection: without a listening socket that asks already (systemd's does), what is written
         * just then has no writer. A header of nobody's cannot name a unit, a line of nobody's has none.
         */
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int) { true }, sizeof(int)) < 0)
                return -errno;
        if (shutdown(fd, SHUT_RD) < 0)
                return -errno;

        /* Nothing is forwarded to syslog, kmsg and console. */
        _cleanup_free_ char *header = str_printf("%s\n%s\n%d\n%d\n0\n0\n0\n",
                        spec->identifier,
                        spec->unit_id,
                        spec->priority,
                        spec->level_prefix);
        if (!header)
                return -ENOMEM;
        int r = fd_write_all(fd, header, strlen(header));
        if (r < 0)
                return r;

        r = fd_set_nonblock(fd, /* nonblock= */ false);
        if (r < 0)
                return r;
        return TAKE_FD(fd);
}
