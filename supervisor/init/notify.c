/* SPDX-License-Identifier: MIT */
#include "init/notify.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"

#define MESSAGE_MAX 4096 /* systemd's limit */
#define FDS_MAX 253      /* the kernel's SCM_MAX_FD */

enum {
        NOTIFY_STORE = 1U << 0,
        NOTIFY_REMOVE = 1U << 1,
        NOTIFY_STOPPING = 1U << 2,
};

static const struct {
        const char *line;
        unsigned flag;
} fields[] = {
        { "FDSTORE=1", NOTIFY_STORE },
        { "FDSTOREREMOVE=1", NOTIFY_REMOVE },
        { "STOPPING=1", NOTIFY_STOPPING },
};

typedef struct Message {
        char text[MESSAGE_MAX + 1];
        unsigned flags;
        const char *name; /* FDNAME=, within the text; NULL: none */
        pid_t sender;
        int fds[FDS_MAX];
        int n_fds;
        bool truncated; /* descriptors were lost: too many for our limit */
} Message;

int notify_open(char *ret_address) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t size = sizeof(address);
        int fd = neg_errno(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

        if (fd < 0)
                return fd;

        /* Bound to nothing but the family, the socket gets an unused abstract name. */
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int) { 1 }, sizeof(int)) < 0 ||
                        bind(fd, (struct sockaddr *) &address, sizeof(sa_family_t)) < 0 ||
                        getsockname(fd, (struct sockaddr *) &address, &size) < 0) {
                int r = -errno;

                (void) close(fd);
                return r;
        }

        size_t length = size - offsetof(struct sockaddr_un, sun_path);
        memcpy(ret_address, address.sun_path, length);
        ret_address[0] = '@';
        ret_address[length] = '\0';
        return fd;
}

static void message_take_control(Message *m, struct msghdr *header) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                size_t size = c->cmsg_len - CMSG_LEN(0);

                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_RIGHTS) {
                        memcpy(m->fds, CMSG_DATA(c), size);
                        m->n_fds = (int) (size / sizeof(int));
                } else if (c->cmsg_type == SCM_CREDENTIALS) {
                        struct ucred credentials;

                        memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
                        m->sender = credentials.pid;
                }
        }
}

static void message_parse(Message *m) {
        char *next;

        for (char *line = m->text; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';

                if (strncmp(line, "FDNAME=", 7) == 0)
                        m->name = line + 7;
                for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                        if (strcmp(line, fields[i].line) == 0)
                                m->flags |= fields[i].flag;
        }
}

/* False: none is queued. */
static bool message_receive(int socket_fd, Message *m) {
        alignas(struct cmsghdr) char
                        control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(m->fds))];
        struct iovec text = { .iov_base = m->text, .iov_len = MESSAGE_MAX };
        struct msghdr header = {
                .msg_iov = &text,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control),
        };

        m->flags = 0;
        m->name = NULL;
        m->sender = 0;
        m->n_fds = 0;

        ssize_t n = recvmsg(socket_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return false;

        message_take_control(m, &header);
        m->truncated = header.msg_flags & MSG_CTRUNC;
        m->text[n] = '\0';
        /* Half a message could be taken for another one. */
        if (!(header.msg_flags & MSG_TRUNC))
                message_parse(m);
        return true;
}

/* Return: whether it says that the sender is stopping. */
static bool message_apply(const Message *m, pid_t sender, FdStore *store) {
        /* A sender of another pid namespace that we can't see has pid 0. */
        bool accepted = sender > 0 && m->sender == sender;

        if (accepted && m->truncated)
                fd_store_overflow(store);
        if (accepted && (m->flags & NOTIFY_REMOVE))
                fd_store_remove(store, m->name);

        for (int i = 0; i < m->n_fds; i++) {
                if (accepted && (m->flags & NOTIFY_STORE))
                        fd_store_add(store, m->fds[i], m->name);
                else
                        (void) close(m->fds[i]);
        }

        return accepted && (m->flags & NOTIFY_STOPPING);
}

bool notify_drain(int socket_fd, pid_t sender, FdStore *store) {
        bool stopping = false;
        Message m;

        while (message_receive(socket_fd, &m))
                stopping |= message_apply(&m, sender, store);

        return stopping;
}
