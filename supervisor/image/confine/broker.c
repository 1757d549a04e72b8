/* SPDX-License-Identifier: MIT */
#include "image/confine/broker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#define OPAQUE_XATTR "trusted.overlay.opaque"
enum {
        MARK = 'o',
        LOOK = 'l',
};

#define REQUEST_FDS 2 /* the directory, and the socket that the answer goes to */

typedef union FdMessage {
        struct cmsghdr header;
        char space[CMSG_SPACE(REQUEST_FDS * sizeof(int))];
} FdMessage;

/* ---- asking ----------------------------------------------------------------------------------- */
static int ask_about(int dir_fd, char what, int socket_fd) {
        int answer_fds[2];
        FdMessage control = {};
        struct iovec iov = { &what, 1 };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        int32_t answer;

        /* A socket for each answer: many processes share the one for requests. */
        if (pipe2(answer_fds, O_CLOEXEC) < 0)
                return -errno;
        _cleanup_close_ int read_fd = answer_fds[0], write_fd = answer_fds[1];
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(REQUEST_FDS * sizeof(int));
        memcpy(CMSG_DATA(c), (int[]) { dir_fd, write_fd }, REQUEST_FDS * sizeof(int));
        if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
                return -errno;
        write_fd = close_fd(write_fd);
        if (read(read_fd, &answer, sizeof(answer)) != (ssize_t) sizeof(answer))
                return -EPIPE;
        return answer;
}

int broker_make_opaque(int dir_fd, void *userdata) {
        return ask_about(dir_fd, MARK, *(int *) userdata);
}

int broker_is_opaque(int dir_fd, void *userdata) {
        return ask_about(dir_fd, LOOK, *(int *) userdata);
}

int broker_ask(int request_fd, const char *request) {
        size_t size = strlen(request);
        int32_t answer;

        if (size > BROKER_REQUEST_MAX)
                return -E2BIG;
        /* Not write(): it knows no MSG_NOSIGNAL. */
        struct iovec iov = { (char *) request, size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        if (sendmsg(request_fd, &message, MSG_NOSIGNAL) < 0)
                return -errno;
        if (read(request_fd, &answer, sizeof(answer)) != (ssize_t) sizeof(answer))
                return -EPIPE;
        return answer;
}

/* ---- answering -------------------------------------------------------------------------------- */
static int is_marked(int dir_fd) {
        char value;

        if (fgetxattr(dir_fd, OPAQUE_XATTR, &value, 1) < 0)
                return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
        return value == 'y';
}

/* Return: 1 after a request, 0 at the end. */
static int serve_mark(int fd) {
        FdMessage control = {};
        char byte;
        struct iovec iov = { &byte, 1 };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        int fds[REQUEST_FDS];
        struct stat st;

        ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EINTR ? 1 : -errno;
        if (n == 0)
                return 0;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fds)))
                return -EPROTO;
        memcpy(fds, CMSG_DATA(c), sizeof(fds));
        _cleanup_close_ int dir_fd = fds[0], answer_fd = fds[1];

        int32_t answer = neg_errno(fstat(dir_fd, &st));
        if (answer >= 0 && !S_ISDIR(st.st_mode))
                answer = -ENOTDIR;
        if (answer >= 0)
                answer = byte == LOOK ? is_marked(dir_fd)
                                      : neg_errno(fsetxattr(dir_fd, OPAQUE_XATTR, "y", 1, 0));
        /* Fails if the asking process is gone, which its parent finds out. */
        (void) fd_write_all(answer_fd, &answer, sizeof(answer));
        return 1;
}

static int wait_for(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int serve_request(int fd, BrokerServe serve, void *userdata) {
        char text[BROKER_REQUEST_MAX + 1];

        ssize_t n = read(fd, text, BROKER_REQUEST_MAX);
        if (n < 0)
                return errno == EINTR ? 1 : -errno;
        if (n == 0)
                return 0;
        text[n] = '\0';
        int32_t answer = serve(text, userdata);
        /* Fails if the asking process is gone, which its parent finds out. */
        (void) fd_write_all(fd, &answer, sizeof(answer));
        return 1;
}

/* Until nobody can ask any more. */
static int serve_all(const BrokerSockets *own, BrokerServe serve, void *userdata) {
        struct pollfd polled[] = {
                { .fd = own->mark_fd, .events = POLLIN },
                { .fd = own->request_fd, .events = POLLIN },
        };
        int r;

        while (polled[0].fd >= 0 || polled[1].fd >= 0) {
                if (poll(polled, ELEMENTSOF(polled), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                for (size_t i = 0; i < ELEMENTSOF(polled); i++) {
                        if (!polled[i].revents)
                                continue;
                        r = i == 0 ? serve_mark(polled[i].fd)
                                   : serve_request(polled[i].fd, serve, userdata);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                polled[i].fd = -1;
                }
        }
        return 0;
}

int broker_run(BrokerBody body, BrokerServe serve, void *userdata, Error *error) {
        int marks[2], requests[2], r;
        pid_t parent = getpid();

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, marks) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a socket pair");
        _cleanup_close_ int own_marks = marks[0], other_marks = marks[1];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, requests) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a socket pair");
        _cleanup_close_ int own_requests = requests[0], other_requests = requests[1];
        (void) signal(SIGPIPE, SIG_IGN); /* can't fail: the arguments are constant */

        pid_t pid = fork();
        if (pid < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot start a process");
        if (pid == 0) {
                (void) close_fd(own_marks);
                (void) close_fd(own_requests);
                r = neg_errno(prctl(PR_SET_PDEATHSIG, SIGKILL));
                if (r < 0 || getppid() != parent)
                        _exit(1);
                _exit(body(&(BrokerSockets) { other_marks, other_requests }, userdata));
        }

        other_marks = close_fd(other_marks);
        other_requests = close_fd(other_requests);
        r = serve_all(&(BrokerSockets) { own_marks, own_requests }, serve, userdata);
        /* A confined process that sends nonsense is not ours any more. */
        if (r < 0)
                (void) kill(pid, SIGKILL);
        int status = wait_for(pid);
        return status < 0 ? error_set(error, status, ERROR_RUNTIME, "cannot wait for a process")
                          : status;
}
