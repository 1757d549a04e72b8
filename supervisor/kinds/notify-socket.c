/* SPDX-License-Identifier: MIT */
#include "kinds/notify-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "kinds/foreign-fds.h"

#define RECEIVE_BUFFER_SIZE (8 * 1024 * 1024)

char *notify_socket_path(const char *runtime_dir, const char *run) {
        return str_printf("%s/notify/%s", runtime_dir, run);
}

static int make_parent(const char *path) {
        _cleanup_free_ char *dir = strndup(path, (size_t) (strrchr(path, '/') - path));

        return dir ? dir_make_all(dir, 0700) : -ENOMEM;
}

/* By the descriptor of its directory, as an address has room for a hundred bytes only. */
static int bind_to(int fd, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *dir = strndup(path, (size_t) (slash - path)), *name = NULL;
        _cleanup_close_ int dir_fd = -EBADF;

        if (!dir)
                return -ENOMEM;
        dir_fd = neg_errno(open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (dir_fd < 0)
                return dir_fd;
        if (unlinkat(dir_fd, slash + 1, 0) < 0 && errno != ENOENT)
                return -errno;
        name = str_printf("/proc/self/fd/%d/%s", dir_fd, slash + 1);
        if (!name)
                return -ENOMEM;
        if (strlen(name) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, name, strlen(name) + 1);
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        /* Whoever is in the container may write. */
        return neg_errno(fchmodat(dir_fd, slash + 1, 0666, 0));
}

int notify_socket_open(const char *path, Error *error) {
        _cleanup_close_ int fd =
                        neg_errno(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        int r = fd;

        if (r >= 0)
                r = neg_errno(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int) { 1 }, sizeof(int)));
        /* For bursts, and for what comes while supd restarts; the default will do, too. */
        if (r >= 0)
                (void) setsockopt(fd,
                                SOL_SOCKET,
                                SO_RCVBUF,
                                &(int) { RECEIVE_BUFFER_SIZE },
                                sizeof(int));
        if (r >= 0)
                r = make_parent(path);
        if (r >= 0)
                r = bind_to(fd, path);
        return r < 0 ? error_set(error, r, ERROR_STORAGE, "cannot make the socket %s", path)
                     : TAKE_FD(fd);
}

void notify_socket_remove(const char *path) {
        _cleanup_free_ char *dir = strndup(path, (size_t) (strrchr(path, '/') - path));

        (void) unlink(path);
        if (dir)
                (void) rmdir(dir); /* others' sockets are in it */
}

typedef union ControlBuffer {
        char data[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(NOTIFY_FDS_MAX * sizeof(int))];
        struct cmsghdr align;
} ControlBuffer;

static void take_control(struct msghdr *m, NotifyDatagram *ret) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                size_t size = c->cmsg_len - CMSG_LEN(0);

                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_RIGHTS) {
                        memcpy(ret->fds, CMSG_DATA(c), size);
                        ret->n_fds = size / sizeof(int);
                } else if (c->cmsg_type == SCM_CREDENTIALS) {
                        struct ucred credentials;

                        memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
                        ret->pid = credentials.pid;
                }
        }
}

int notify_socket_receive(int fd, NotifyDatagram *ret) {
        ControlBuffer control;
        struct iovec iov = { .iov_base = ret->text, .iov_len = NOTIFICATION_TEXT_MAX };
        struct msghdr m = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.data,
                .msg_controllen = sizeof(control.data),
        };

        ret->n_fds = 0;
        ret->pid = 0;
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        take_control(&m, ret);
        ret->size = (size_t) n;
        ret->text[n] = '\0';
        /* Half a message could be taken for another one. */
        ret->truncated = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
        return 1;
}

void notify_datagram_done(NotifyDatagram *d, sd_event *event) {
        foreign_fds_close(event, d->fds, d->n_fds);
        d->n_fds = 0;
}
