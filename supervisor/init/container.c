/* SPDX-License-Identifier: MIT */
#include "init/container.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/process.h"
#include "init/report.h"
#include "init/status.h"
#include "base/macro.h"
#include "supd/init-protocol.h"

/* From behind the status pipe, which is not the payload's, down to 3; and say whose they are. */
static int sockets_prepare(int n, char *const *envp) {
        for (int i = 0; i < n; i++) {
                if (dup2(SUPD_STATUS_FD + 1 + i, SUPD_STATUS_FD + i) < 0)
                        return -errno;
        }
        (void) close(SUPD_STATUS_FD + n);
        for (; *envp; envp++) {
                static const char prefix[] = SUPD_ENV_LISTEN_PID;

                if (strncmp(*envp, prefix, sizeof(prefix) - 1) == 0)
                        supd_listen_pid_write(*envp + sizeof(prefix) - 1, getpid());
        }
        return 0;
}

static int payload_prepare(void *userdata, char *const **envp) {
        const int *n_listen_fds = userdata;

        /* Out of our session, or a terminal's signals would reach the payload twice. */
        (void) setsid();
        /* Fails where stdin is no terminal, which is the common case. */
        (void) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
        return *n_listen_fds > 0 ? sockets_prepare(*n_listen_fds, *envp) : 0;
}

/*
 * Nothing is opened from here on, so plain holes at 0, 1 and 2 are safe, and unlike /dev/null they
 * don't keep a file system of the container busy.
 */
static void let_go(int status_fd) {
        int kept = status_fd < 0 ? 0 : status_fd;

        (void) chdir("/");
        for (int fd = 0; fd < kept; fd++)
                (void) close(fd);
        if (syscall(SYS_close_range, status_fd < 0 ? 0 : kept + 1, UINT_MAX, 0) == 0)
                return;
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                (void) close(fd);
}

/* Reaps all that ended; true if the payload was among it. */
static bool reap(pid_t payload, siginfo_t *ret_ended) {
        for (;;) {
                ret_ended->si_pid = 0;
                if (waitid(P_ALL, 0, ret_ended, WEXITED | WNOHANG) < 0 || ret_ended->si_pid == 0)
                        return false;
                if (ret_ended->si_pid == payload)
                        return true;
        }
}

int container_run(char *const *argv, int n_listen_fds, const SignalState *signals) {
        const Launch launch = {
                .argv = argv,
                .signals = signals,
                .prepare = payload_prepare,
                .userdata = &n_listen_fds,
                .fd_min = SUPD_STATUS_FD + 1 + n_listen_fds,
        };
        int status_fd = status_open();

        /* Executed from a memfd, it would else be called after that, or after its number. */
        (void) prctl(PR_SET_NAME, "supinit", 0L, 0L, 0L);
        /* For containers that share a pid namespace; PID 1 gets the orphans anyway. */
        (void) prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);

        pid_t payload = process_start(&launch);
        if (payload < 0) {
                status_write(status_fd, SUPD_STATUS_EXEC_FAILED, -payload, 0);
                if (status_fd < 0)
                        report("cannot execute '", argv[0], "': ", strerror(-payload), NULL);
                return process_start_exit_code(payload);
        }

        status_write(status_fd, SUPD_STATUS_EXECED, 0, 0);
        let_go(status_fd);

        siginfo_t info, ended;
        for (;;) {
                int number = signals_wait(&info);

                if (number == SIGCHLD && reap(payload, &ended))
                        break;
                if (number > 0 && signal_is_forwardable(number, &info))
                        (void) kill(payload, number); /* it may have ended just now */
        }

        status_write(status_fd, SUPD_STATUS_EXITED, ended.si_code, ended.si_status);
        return process_exit_code(&ended);
}
