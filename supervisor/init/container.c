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

static int payload_prepare(void *userdata, char *const **envp) {
        (void) userdata;
        (void) envp;

        /* Out of our session, or a terminal's signals would reach the payload twice. */
        (void) setsid();
        /* Fails where stdin is no terminal, which is the common case. */
        (void) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
        return 0;
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

int container_run(char *const *argv, const SignalState *signals) {
        const Launch launch = {
                .argv = argv,
                .signals = signals,
                .prepare = payload_prepare,
                .fd_min = SUPD_STATUS_FD + 1,
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
