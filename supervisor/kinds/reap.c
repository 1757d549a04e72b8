/* SPDX-License-Identifier: MIT */
#include "kinds/reap.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "base/fd.h"

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) events, (void) userdata;
        (void) waitid(P_PIDFD, (id_t) fd, NULL, WEXITED | WNOHANG); /* reaped, whatever it was */
        /* The loop holds the only reference; this drops it. */
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        (void) sd_event_source_set_floating(source, /* b= */ false);
        return 0;
}

int reap_later(sd_event *event, int pidfd) {
        sd_event_source *source = NULL;
        siginfo_t si = {};

        /* Most have ended already. */
        if (pidfd < 0)
                return -EBADF;
        if ((waitid(P_PIDFD, (id_t) pidfd, &si, WEXITED | WNOHANG) >= 0 && si.si_pid > 0) ||
                        sd_event_add_io(event, &source, pidfd, EPOLLIN, on_ended, NULL) < 0)
                return close_fd(pidfd);
        (void) sd_event_source_set_io_fd_own(source, /* own= */ true);
        /* It goes with the loop at the latest. */
        (void) sd_event_source_set_floating(source, /* b= */ true);
        (void) sd_event_source_unref(source);
        return -EBADF;
}
