/* SPDX-License-Identifier: MIT */
#include "kinds/reap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/children.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"

#define CGROUP_FILE_SIZE_MAX (64U * 1024U)

/* The loop holds the only reference: this drops it. */
static void drop_source(sd_event_source *source) {
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        (void) sd_event_source_set_floating(source, /* b= */ false);
}

/* The loop is to hold it from here on. */
static void give_source(sd_event_source *source) {
        (void) sd_event_source_set_floating(source, /* b= */ true);
        (void) sd_event_source_unref(source);
}

/* ---- processes --------------------------------------------------------------------------------- */

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) events, (void) userdata;
        (void) waitid(P_PIDFD, (id_t) fd, NULL, WEXITED | WNOHANG); /* reaped, whatever it was */
        drop_source(source);
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
        give_source(source);
        return -EBADF;
}

/* A zombie still names the group that it died in, after its removal with " (deleted)" behind: cgroups(7). */
static bool is_member(pid_t pid, const Cgroup *c) {
        _cleanup_free_ char *path = str_printf("/proc/%d/cgroup", pid), *text = NULL;

        if (!path || file_read(AT_FDCWD, path, CGROUP_FILE_SIZE_MAX, &text, NULL) < 0)
                return false;
        const char *line = str_has_prefix(text, "0::") ? text : strstr(text, "\n0::");
        if (!line)
                return false;
        line = strchr(line, ':') + 2;
        if (!str_has_prefix(line, cgroup_path(c)))
                return false;
        char next = line[strlen(cgroup_path(c))];
        return next == '\n' || next == '/' || next == ' ' || next == '\0';
}

void reap_members(sd_event *event, const Cgroup *c) {
        _cleanup_free_ pid_t *children = NULL;
        size_t n = 0;

        (void) children_list(getpid(), &children, &n);
        for (size_t i = 0; i < n; i++) {
                if (is_member(children[i], c))
                        (void) reap_later(event, sys_pidfd_open(children[i], 0));
        }
}

/* ---- scratch groups ---------------------------------------------------------------------------- */

static int on_group_event(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Cgroup *c = userdata;
        CgroupEvents state = {};

        (void) fd, (void) events;
        int r = cgroup_read_events(c, &state);
        if (r >= 0 && state.populated)
                return 0;
        if (r < 0 || cgroup_scratch_end(c) != -EBUSY)
                drop_source(source);
        return 0;
}

static void on_group_gone(void *userdata) {
        (void) cgroup_free(userdata);
}

Cgroup *reap_scratch(sd_event *event, Cgroup *c) {
        sd_event_source *source = NULL;

        if (!c)
                return NULL;
        /* Whatever happens before the loop polls it is seen by its first poll: the file was opened when the group
         * was made, and not read since. */
        if (cgroup_scratch_end(c) != -EBUSY || sd_event_add_io(event,
                                                               &source,
                                                               cgroup_events_fd(c),
                                                               EPOLLPRI,
                                                               on_group_event,
                                                               c) < 0)
                return cgroup_free(c);
        (void) sd_event_source_set_destroy_callback(source, on_group_gone);
        give_source(source);
        return NULL;
}
