/* SPDX-License-Identifier: MIT */
#include "image/confine/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"

pid_t process_start(int (*body)(const void *userdata), const void *userdata) {
        pid_t parent = getpid(), pid = fork();

        if (pid == 0) {
                /* Killed with us: what it writes is a dead operation's, and will be removed. */
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                        _exit(1);
                _exit(body(userdata));
        }
        return neg_errno(pid);
}

int process_reap(pid_t *pid, bool kill_it) {
        int status = 0;

        if (*pid <= 0)
                return 0;
        if (kill_it)
                (void) kill(*pid, SIGKILL); /* ours, and not waited for: it can't fail */
        while (waitpid(*pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        *pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Locks, leases and the store itself are not for a process that a layer may have taken over. */
static int close_all_but(const int *keep, size_t n_keep) {
        unsigned first = STDERR_FILENO + 1;

        for (;;) {
                unsigned next = ~0U;
                for (size_t i = 0; i < n_keep; i++)
                        if (keep[i] >= 0 && (unsigned) keep[i] >= first)
                                next = MIN(next, (unsigned) keep[i]);
                int r = next > first ? sys_close_range(first, next == ~0U ? next : next - 1, 0) : 0;
                if (r < 0 || next == ~0U)
                        return r;
                first = next + 1;
        }
}

int process_confine(const int *keep, size_t n_keep, const ConfineSpec *spec, Error *error) {
        int r = close_all_but(keep, n_keep);

        return r < 0 ? error_set(error, r, ERROR_RUNTIME, "cannot close descriptors")
                     : confine_process(spec, error);
}
