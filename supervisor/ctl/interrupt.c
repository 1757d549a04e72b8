/* SPDX-License-Identifier: MIT */
#include "ctl/interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "base/macro.h"

int interrupt_open(void) {
        sigset_t signals;

        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        return neg_errno(signalfd(-1, &signals, SFD_CLOEXEC));
}
