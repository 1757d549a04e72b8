/* SPDX-License-Identifier: MIT */
#include "init/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"

static const uint64_t all_signals = UINT64_MAX;

void signals_take(SignalState *ret_before) {
        const struct sigaction by_default = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };

        /* Neither can fail with these arguments. */
        (void) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all_signals, &ret_before->mask, 8);
        (void) sigaction(SIGCHLD, &by_default, &ret_before->on_child);
}

void signals_restore(const SignalState *before) {
        (void) sigaction(SIGCHLD, &before->on_child, NULL);
        (void) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before->mask, NULL, 8);
}

static int signals_dequeue(siginfo_t *ret, const struct timespec *timeout) {
        long r = syscall(SYS_rt_sigtimedwait, &all_signals, ret, timeout, 8);

        return r > 0 ? (int) r : 0;
}

int signals_wait(siginfo_t *ret) {
        return signals_dequeue(ret, NULL);
}

int signals_next(siginfo_t *ret) {
        static const struct timespec now = {};

        return signals_dequeue(ret, &now);
}

int signals_open(void) {
        return (int) neg_errno(syscall(SYS_signalfd4, -1, &all_signals, 8, O_CLOEXEC | O_NONBLOCK));
}

bool signal_is_forwardable(int number, const siginfo_t *info) {
        if (number == SIGCHLD)
                return false;
        if (info->si_code <= 0 && info->si_pid == getpid())
                return false;
        return info->si_code != SI_KERNEL || (number != SIGTTIN && number != SIGTTOU);
}
