/* SPDX-License-Identifier: MIT */
#include "runtime/host-process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"

/* Numbers are systemd's exit statuses, texts what the person reads. */
typedef struct HostStep {
        int status;
        const char *what;
        int (*run)(const HostProcessSpec *spec);
} HostStep;

typedef struct HostReport {
        int step;
        int error; /* negative errno */
} HostReport;

/* ---- the child: no malloc, no locks ---------------------------------------------------------------- */

static int step_cgroup(const HostProcessSpec *spec) {
        const int *fds;
        size_t n = cgroup_join_fds(spec->cgroup, &fds);

        for (size_t i = 0; i < n; i++) {
                if (write(fds[i], "0", 1) < 0)
                        return -errno;
        }
        return 0;
}

static int step_streams(const HostProcessSpec *spec) {
        const int fds[] = { spec->stdin_fd, spec->stdout_fd, spec->stderr_fd };
        int copies[3];

        /* First out of the way of each other. */
        for (int i = 0; i < 3; i++) {
                copies[i] = fds[i] >= 0 ? fcntl(fds[i], F_DUPFD_CLOEXEC, 10)
                                        : open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
                if (copies[i] < 0)
                        return -errno;
                if (copies[i] < 3) {
                        copies[i] = fcntl(copies[i], F_DUPFD_CLOEXEC, 10);
                        if (copies[i] < 0)
                                return -errno;
                }
        }
        for (int i = 0; i < 3; i++) {
                if (dup2(copies[i], i) < 0)
                        return -errno;
        }
        return sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int step_nice(const HostProcessSpec *spec) {
        if (spec->nice_set && setpriority(PRIO_PROCESS, 0, spec->nice) < 0)
                return -errno;
        return 0;
}

static int step_group(const HostProcessSpec *spec) {
        if (!spec->drops_user)
                return 0;
        if (setgroups(spec->n_groups, spec->groups) < 0 ||
                        setresgid(spec->gid, spec->gid, spec->gid) < 0)
                return -errno;
        return 0;
}

static int step_user(const HostProcessSpec *spec) {
        if (spec->drops_user && setresuid(spec->uid, spec->uid, spec->uid) < 0)
                return -errno;
        return 0;
}

static int step_directory(const HostProcessSpec *spec) {
        if (chdir(spec->working_directory ?: "/") >= 0)
                return 0;
        if (!spec->working_directory_optional)
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}

static int step_exec(const HostProcessSpec *spec) {
        char *const none[] = { NULL };

        (void) execve(spec->path, spec->argv, spec->environment ?: none);
        return -errno;
}

static const HostStep steps[] = {
        { 219, "join its cgroup", step_cgroup },
        { 209, "set up its standard streams", step_streams },
        { 201, "set its niceness", step_nice },
        { 216, "take its group", step_group },
        { 217, "take its user", step_user },
        { 200, "enter its working directory", step_directory },
        { 203, "execute it", step_exec },
};

static void reset_signals(void) {
        struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int i = 1; i < NSIG; i++)
                (void) sigaction(i, &action, NULL); /* SIGKILL and its like refuse */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void child_run(const HostProcessSpec *spec, int low_status_fd) {
        /* Above the standard streams, which are replaced. */
        int status_fd = fcntl(low_status_fd, F_DUPFD_CLOEXEC, 10);

        reset_signals();
        (void) setsid(); /* a fresh child leads no group */
        (void) umask(spec->umask);
        for (int i = 0; i < (int) ELEMENTSOF(steps); i++) {
                HostReport report = { .step = i, .error = steps[i].run(spec) };

                if (report.error >= 0)
                        continue;
                if (write(status_fd, &report, sizeof(report)) < 0)
                        _exit(steps[i].status); /* nobody reads: the status says it */
                _exit(steps[i].status);
        }
        _exit(203);
}

/* ---- the parent ------------------------------------------------------------------------------------ */

static int join_by_path(Cgroup *cgroup) {
        _cleanup_close_ int fd = neg_errno(
                        openat(cgroup_dir_fd(cgroup), "cgroup.procs", O_WRONLY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        return write(fd, "0", 1) < 0 ? -errno : 0;
}

static pid_t clone_process(const HostProcessSpec *spec, int status_fd, int *ret_pidfd) {
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
                .pidfd = (uint64_t) (uintptr_t) ret_pidfd,
                .exit_signal = SIGCHLD,
                .cgroup = (uint64_t) cgroup_dir_fd(spec->cgroup),
        };
        bool joins = false;
        sigset_t all, before;

        /* No handler of ours may run in the child: it would act on the parent's event loop. */
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &before);
        pid_t pid = sys_clone3(&args);
        if (pid == -ENOSYS || pid == -EPERM) { /* a filter around us hides it */
                joins = true;
                pid = (pid_t) neg_errno(
                                syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, ret_pidfd, 0, 0));
        }
        if (pid == 0) {
                if (joins && join_by_path(spec->cgroup) < 0)
                        _exit(219);
                child_run(spec, status_fd);
        }
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return pid;
}

int host_process_start(const HostProcessSpec *spec, HostProcess *ret, Error *error) {
        int fds[2], pidfd = -EBADF;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        _cleanup_close_ int read_fd = fds[0], write_fd = fds[1];
        int r = fd_set_nonblock(read_fd, /* nonblock= */ true);
        if (r < 0)
                return r;
        pid_t pid = clone_process(spec, write_fd, &pidfd);
        if (pid < 0)
                return error_set(error, pid, ERROR_RUNTIME, "cannot make a process");

        *ret = (HostProcess) { .pid = pid, .pidfd = pidfd, .status_fd = TAKE_FD(read_fd) };
        return 0;
}

int host_process_read_status(HostProcess *p, const char *path, Error *error) {
        HostReport report;

        ssize_t n = read(p->status_fd, &report, sizeof(report));
        p->status_fd = close_fd(p->status_fd);
        if (n != (ssize_t) sizeof(report) || report.step < 0 ||
                        report.step >= (int) ELEMENTSOF(steps))
                return 0;
        return error_set(error,
                        report.error < 0 ? report.error : -EIO,
                        ERROR_RUNTIME,
                        "%s: cannot %s",
                        path,
                        steps[report.step].what);
}

void host_process_done(HostProcess *p) {
        p->pidfd = close_fd(p->pidfd);
        p->status_fd = close_fd(p->status_fd);
        p->pid = 0;
}
