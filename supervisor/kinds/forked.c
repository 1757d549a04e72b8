/* SPDX-License-Identifier: MIT */
#include "kinds/forked.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/record.h"
#include "base/sys.h"
#include "base/text.h"
#include "kinds/reap.h"

#define REPORT_SIZE_MAX 4096U /* fits a pipe: nobody reads before the end */

struct Forked {
        sd_event *event; /* borrowed */
        const char *name;
        ForkedDone done;
        void *userdata;              /* borrowed */
        pid_t pid;                   /* 0: reaped */
        int pidfd;                   /* owned */
        int report_fd;               /* owned */
        sd_event_source *end_source; /* owned */
};

/* ---- in the child ------------------------------------------------------------------------------ */

static void report(int fd, int r, const Error *error) {
        RecordWriter w = {};

        record_put_i64(&w, "Number", -r);
        record_put(&w, "Code", error_code_to_string(error->code));
        record_put(&w, "Message", error_text(error, r));
        if (w.result >= 0 && w.size <= REPORT_SIZE_MAX)
                (void) fd_write_all(fd, w.text, w.size); /* nobody left to tell */
        record_writer_done(&w);
}

_Noreturn static void work_and_exit(const ForkedRequest *request, int fd, pid_t parent) {
        _cleanup_(error_done) Error error = {};

        /* Had the parent died before this, nobody would wait for what we do. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        int r = request->work(request->work_userdata, &error);
        if (r < 0)
                report(fd, r, &error);
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* ---- its end ----------------------------------------------------------------------------------- */

static int read_report(const Forked *f, Error *error) {
        _cleanup_(record_freep) Record *record = NULL;
        _cleanup_free_ char *text = NULL;
        int64_t number = 0;

        int r = file_read_fd(f->report_fd, REPORT_SIZE_MAX, &text, NULL);
        if (r >= 0)
                r = record_parse(text, &record);
        if (r < 0 || record_get_i64(record, "Number", &number) < 0 || number <= 0 || number > 4095)
                return error_set_plain(error,
                                -EIO,
                                ERROR_FAILED,
                                "the process to %s ended without a reason",
                                f->name);
        return error_set_plain(error,
                        -(int) number,
                        error_code_from_string(record_get(record, "Code")),
                        "%s",
                        record_get(record, "Message") ?: f->name);
}

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Forked *f = userdata;
        _cleanup_(error_done) Error error = {};
        siginfo_t si = {};

        (void) source, (void) events;
        f->end_source = sd_event_source_disable_unref(f->end_source);
        bool well = waitid(P_PIDFD, (id_t) fd, &si, WEXITED | WNOHANG) >= 0 &&
                    si.si_code == CLD_EXITED && si.si_status == EXIT_SUCCESS;
        f->pid = 0;
        int r = well ? 0 : read_report(f, &error);
        f->done(r, &error, f->userdata);
        return 0;
}

int forked_start(sd_event *event, const ForkedRequest *request, Forked **ret, Error *error) {
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
        pid_t parent = getpid();
        int fds[2];

        _cleanup_(forked_freep) Forked *f = malloc(sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (Forked) {
                .event = event,
                .name = request->name,
                .done = request->done,
                .userdata = request->userdata,
                .pidfd = -EBADF,
                .report_fd = -EBADF,
        };
        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
        read_fd = fds[0], write_fd = fds[1];
        int r = fd_set_nonblock(read_fd, /* nonblock= */ true);
        if (r < 0)
                return r;

        f->pid = neg_errno(fork());
        if (f->pid == 0)
                work_and_exit(request, write_fd, parent);
        if (f->pid < 0) {
                r = f->pid;
                f->pid = 0;
                return error_set(error, r, ERROR_RUNTIME, "cannot make a process to %s", f->name);
        }
        f->report_fd = TAKE_FD(read_fd);
        r = f->pidfd = sys_pidfd_open(f->pid, 0);
        if (r >= 0)
                r = sd_event_add_io(event, &f->end_source, f->pidfd, EPOLLIN, on_ended, f);
        if (r < 0)
                return error_set(
                                error, r, ERROR_RUNTIME, "cannot watch the process to %s", f->name);
        *ret = TAKE_PTR(f);
        return 0;
}

pid_t forked_pid(const Forked *f) {
        return f->pid;
}

Forked *forked_free(Forked *f) {
        if (!f)
                return NULL;

        f->end_source = sd_event_source_disable_unref(f->end_source);
        if (f->pid > 0) {
                (void) kill(f->pid, SIGKILL); /* ours, and not reaped: the pid is still its */
                f->pidfd = reap_later(f->event, f->pidfd);
        }
        (void) close_fd(f->pidfd);
        (void) close_fd(f->report_fd);
        free(f);
        return NULL;
}
