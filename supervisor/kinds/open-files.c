/* SPDX-License-Identifier: MIT */
#include "kinds/open-files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/diag.h"
#include "base/fd.h"

/* Of whichever type it is. */
static int connect_socket(const char *path) {
        static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                _cleanup_close_ int fd = neg_errno(
                                socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
                if (fd < 0)
                        return fd;
                if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) >= 0)
                        return TAKE_FD(fd);
                if (errno != EPROTOTYPE)
                        return -errno;
        }
        return -EPROTOTYPE;
}

static int open_file(const OpenFileSpec *f) {
        int flags = (f->read_only ? O_RDONLY : O_RDWR) | (f->append ? O_APPEND : 0) |
                    (f->truncate ? O_TRUNC : 0);
        struct stat st;

        if (stat(f->path, &st) < 0)
                return -errno;
        if (S_ISSOCK(st.st_mode))
                return connect_socket(f->path);
        return (int) neg_errno(open(f->path, flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

static int add(const OpenFileSpec *f, bool non_blocking, OpenFiles *files, PassedSockets *passed) {
        _cleanup_close_ int fd = open_file(f);
        if (fd < 0)
                return fd;
        int r = fd_set_nonblock(fd, non_blocking);
        if (r < 0)
                return r;

        int *grown = reallocarray(files->fds, files->n_fds + 1, sizeof(int));
        if (!grown)
                return -ENOMEM;
        files->fds = grown;
        r = passed_sockets_add(passed, fd, f->name);
        if (r >= 0)
                files->fds[files->n_fds++] = TAKE_FD(fd);
        return r;
}

int open_files_pass(const OpenFileSpecs *specs,
                bool non_blocking,
                OpenFiles *ret,
                PassedSockets *passed,
                Error *error) {
        for (size_t i = 0; i < specs->n_items; i++) {
                const OpenFileSpec *f = &specs->items[i];

                int r = add(f, non_blocking, ret, passed);
                if (r == -ENOMEM || (r < 0 && !f->graceful))
                        return error_set(error, r, ERROR_RUNTIME, "OpenFile=%s", f->path);
        }
        return 0;
}

void open_files_done(OpenFiles *o) {
        for (size_t i = 0; i < o->n_fds; i++)
                close_fd(o->fds[i]);
        free(o->fds);
        *o = (OpenFiles) {};
}
