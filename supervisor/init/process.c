/* SPDX-License-Identifier: MIT */
#include "init/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "supd/exit-status.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *environment_path(char *const *envp) {
        for (; *envp; envp++)
                if (strncmp(*envp, "PATH=", 5) == 0)
                        return *envp + 5;

        return DEFAULT_PATH;
}

/*
 * Returns only on failure. -ENOENT: look elsewhere, as well in place of a directory that may not be
 * searched, like root's own for others. -EACCES: a file is there, but may not be executed.
 */
static int exec_in(const char *directory, size_t length, char *const *argv, char *const *envp) {
        char path[PATH_MAX];
        size_t name_size = strlen(argv[0]) + 1;

        if (length + 1 + name_size > sizeof(path))
                return -ENOENT;

        memcpy(path, directory, length);
        if (length > 0) /* empty: the current one */
                path[length++] = '/';
        memcpy(path + length, argv[0], name_size);

        (void) execve(path, argv, envp);
        if (errno == ENOTDIR || (errno == EACCES && access(path, F_OK) < 0))
                return -ENOENT;
        return -errno;
}

/* A file that may not be executed says more than a later -ENOENT. */
int process_exec(char *const *argv, char *const *envp) {
        int result = -ENOENT;

        if (strchr(argv[0], '/')) {
                (void) execve(argv[0], argv, envp);
                return -errno;
        }
        if (argv[0][0] == '\0')
                return -ENOENT;

        for (const char *p = environment_path(envp);; p++) {
                size_t length = strcspn(p, ":");
                int r = exec_in(p, length, argv, envp);

                if (r != -ENOENT)
                        result = r;
                p += length;
                if ((r != -ENOENT && r != -EACCES) || *p == '\0')
                        return result;
        }
}

static int child_exec(const Launch *launch) {
        char *const *envp = environ;

        if (launch->prepare) {
                int r = launch->prepare(launch->userdata, &envp);
                if (r < 0)
                        return r;
        }

        signals_restore(launch->signals);
        return process_exec(launch->argv, envp);
}

static _Noreturn void child_run(const Launch *launch, int report_fd) {
        int high_fd = neg_errno(fcntl(report_fd, F_DUPFD_CLOEXEC, launch->fd_min));
        int r = high_fd < 0 ? high_fd : child_exec(launch);

        /* Without a reader there is nobody to tell. */
        ssize_t n = write(high_fd < 0 ? report_fd : high_fd, &r, sizeof(r));
        (void) n;
        _exit(SUPD_EXIT_NOT_FOUND);
}

pid_t process_start(const Launch *launch) {
        int pipe_fds[2];

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;

        pid_t pid = neg_errno(fork());
        if (pid == 0)
                child_run(launch, pipe_fds[1]);

        /* End of file: the exec closed the other end. */
        int error = pid < 0 ? pid : 0;
        (void) close(pipe_fds[1]);
        if (pid > 0 && read(pipe_fds[0], &error, sizeof(error)) == sizeof(error))
                (void) waitpid(pid, NULL, 0);
        (void) close(pipe_fds[0]);

        return error < 0 ? error : pid;
}

int process_start_exit_code(int error) {
        return error == -ENOENT ? SUPD_EXIT_NOT_FOUND : SUPD_EXIT_NOT_EXECUTABLE;
}

int process_exit_code(const siginfo_t *ended) {
        return ended->si_code == CLD_EXITED ? ended->si_status : 128 + ended->si_status;
}
