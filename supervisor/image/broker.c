/* SPDX-License-Identifier: MIT */
#include "image/broker.h"

#include <fcntl.h>
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

/* ---- answering -------------------------------------------------------------------------------- */
static int is_marked(int dir_fd) {
        char value;

        if (fgetxattr(dir_fd, OPAQUE_XATTR, &value, 1) < 0)
                return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
        return value == 'y';
}

/* Return: 1 after a request, 0 at the end. */
static int serve(int fd) {
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

int broker_run(BrokerBody body, void *userdata, Error *error) {
        int pair[2], r;
        pid_t parent = getpid();

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a socket pair");
        _cleanup_close_ int own = pair[0], other = pair[1];
        (void) signal(SIGPIPE, SIG_IGN); /* can't fail: the arguments are constant */

        pid_t pid = fork();
        if (pid < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot start a process");
        if (pid == 0) {
                (void) close_fd(own);
                r = neg_errno(prctl(PR_SET_PDEATHSIG, SIGKILL));
                if (r < 0 || getppid() != parent)
                        _exit(1);
                _exit(body(other, userdata));
        }

        other = close_fd(other);
        do
                r = serve(own);
        while (r > 0);
        /* A confined process that sends nonsense is not ours any more. */
        if (r < 0)
                (void) kill(pid, SIGKILL);
        int status = wait_for(pid);
        return status < 0 ? error_set(error, status, ERROR_RUNTIME, "cannot wait for a process")
                          : status;
}
