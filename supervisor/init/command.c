/* SPDX-License-Identifier: MIT */
#include "init/command.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "init/process.h"
#include "init/status.h"
#include "supd/exit-status.h"

static _Noreturn void child_run(char *const *argv, const SignalState *signals, int status_fd) {
        signals_restore(signals);
        int r = process_exec(argv, environ);

        status_write(status_fd, SUPD_STATUS_EXEC_FAILED, -r, 0);
        _exit(process_start_exit_code(r));
}

int command_run(char *const *argv, const SignalState *signals) {
        int status_fd = status_open();

        /* The kernel's call: clone3() is hidden by the usual filter, and a C library's fork() knows no
         * CLONE_PARENT, by which supd itself will be told of the command's end. */
        int pid = (int) neg_errno(
                        syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL));
        if (pid == 0)
                child_run(argv, signals, status_fd);
        if (pid < 0) {
                /* So the kernel says that the container's PID 1 has ended. */
                status_write(status_fd, SUPD_STATUS_EXEC_FAILED, pid == -ENOMEM ? ESRCH : -pid, 0);
                return SUPD_EXIT_NOT_EXECUTABLE;
        }
        status_write(status_fd, SUPD_STATUS_FORKED, pid, 0);
        return 0;
}
