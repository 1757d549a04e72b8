/* SPDX-License-Identifier: MIT */

/*
 * Sends one notification, as sd_notify(3) does, from a root without libraries.
 *
 *     notify-send [-f FILE]... [-b] [-n TIMES] [-s BYTES] [-z] [-e] [-l] LINE...
 *
 *   -f FILE   pass it, opened for reading, too
 *   -b        then wait until supd has taken in all that was sent: BARRIER=1
 *   -n TIMES  send it so often
 *   -s BYTES  lengthen it to so many
 *   -z        put a NUL in the middle
 *   -e        send the NUL at the end of the text, too
 *   -l        pass a connection whose last close() waits an hour for the peer
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FILES_MAX 253U
#define BARRIER_TIMEOUT_MSEC 20000

static void fail(const char *what) {
        fprintf(stderr, "notify-send: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void send_message(
                int socket_fd, const char *text, size_t size, const int *fds, size_t n_fds) {
        union {
                char data[CMSG_SPACE(FILES_MAX * sizeof(int))];
                struct cmsghdr align;
        } control = {};
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct iovec iov = { .iov_base = (void *) text, .iov_len = size };
        struct msghdr m = {
                .msg_name = &address,
                .msg_namelen = sizeof(address),
                .msg_iov = &iov,
                .msg_iovlen = 1,
        };
        const char *path = getenv("NOTIFY_SOCKET");

        if (!path || strlen(path) >= sizeof(address.sun_path)) {
                errno = ENOENT;
                fail("NOTIFY_SOCKET");
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (n_fds > 0) {
                m.msg_control = control.data;
                m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                struct cmsghdr *c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
                memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
        }
        if (sendmsg(socket_fd, &m, MSG_NOSIGNAL) < 0)
                fail("sendmsg");
}

static void wait_for_barrier(int socket_fd) {
        int fds[2];

        if (pipe(fds) < 0)
                fail("pipe");
        send_message(socket_fd, "BARRIER=1", strlen("BARRIER=1"), &fds[1], 1);
        close(fds[1]);
        struct pollfd p = { .fd = fds[0] };
        if (poll(&p, 1, BARRIER_TIMEOUT_MSEC) != 1)
                fail("barrier");
}

/* The peer reads nothing: what is queued stays so until the container ends. */
static int lingering_connection(void) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct linger linger = { .l_onoff = 1, .l_linger = 3600 };
        socklen_t size = sizeof(address);
        static const char data[65536];

        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || bind(listener, (struct sockaddr *) &address, size) < 0 ||
                        listen(listener, 1) < 0 ||
                        getsockname(listener, (struct sockaddr *) &address, &size) < 0)
                fail("listener");
        /* Before the connection is there, of which this process must have no copy. */
        pid_t peer = fork();
        if (peer < 0)
                fail("fork");
        if (peer == 0) {
                for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                        close(fd);
                for (;;)
                        pause();
        }
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, size) < 0)
                fail("connect");
        while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
                ;
        if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
                fail("SO_LINGER");
        close(listener);
        return fd;
}

int main(int argc, char **argv) {
        int fds[FILES_MAX], option;
        size_t n_fds = 0, size = 0, wanted = 0;
        unsigned long times = 1;
        bool barrier = false, zero = false, end = false;

        while ((option = getopt(argc, argv, "f:bn:s:zel")) != -1) {
                if (option == 'f' && n_fds < FILES_MAX) {
                        fds[n_fds] = open(optarg, O_RDONLY | O_NONBLOCK);
                        if (fds[n_fds++] < 0)
                                fail(optarg);
                } else if (option == 'b')
                        barrier = true;
                else if (option == 'n')
                        times = strtoul(optarg, NULL, 10);
                else if (option == 's')
                        wanted = strtoul(optarg, NULL, 10);
                else if (option == 'z')
                        zero = true;
                else if (option == 'e')
                        end = true;
                else if (option == 'l' && n_fds < FILES_MAX)
                        fds[n_fds++] = lingering_connection();
                else
                        return 2;
        }

        static char text[65536];
        for (int i = optind; i < argc; i++)
                size += (size_t) snprintf(text + size,
                                sizeof(text) - size,
                                "%s%s",
                                size > 0 ? "\n" : "",
                                argv[i]);
        for (; size < wanted && size < sizeof(text) - 1; size++)
                text[size] = 'x';
        if (zero && size > 0)
                text[size / 2] = '\0';

        int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (socket_fd < 0)
                fail("socket");
        for (unsigned long i = 0; i < times; i++)
                send_message(socket_fd, text, size + end, fds, n_fds);
        if (barrier)
                wait_for_barrier(socket_fd);
        return 0;
}
