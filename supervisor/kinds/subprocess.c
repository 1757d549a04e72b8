/* SPDX-License-Identifier: MIT */
#include "kinds/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/record-stream.h"
#include "base/strv.h"
#include "base/sys.h"
#include "base/text.h"
#include "kinds/reap.h"

#define EXTRA_FILENO (STDERR_FILENO + 1)

struct Subprocess {
        sd_event *event;          /* borrowed */
        const SubprocessOps *ops; /* borrowed */
        void *userdata;           /* borrowed */
        char *name;               /* owned; for messages: "supd-image" */
        pid_t pid;                /* 0: reaped */
        int pidfd;                /* owned */
        int records_fd;           /* owned; -EBADF: somebody else reads its output */
        RecordStream stream;
        sd_event_source *end_source, *records_source; /* owned */
        int exit_status;
        int number; /* of the error that it told; 0: none */
        Error error;
        bool told_error;
};

/* What programs that reach out want to know of the outside. The rest of supd's environment names sockets
 * of its own manager, which are none of theirs. */
static const char *const environment_names[] = {
        "HOME",
        "PATH",
        "TZ",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "TMPDIR",
        "LANG",
        "ASAN_OPTIONS",
        "UBSAN_OPTIONS",
        "REGISTRY_AUTH_FILE",
        "DOCKER_CONFIG",
};

/* ---- starting ---------------------------------------------------------------------------------- */
static int copy_environment(char ***ret) {
        _cleanup_strv_ char **environment = NULL;

        for (size_t i = 0; i < ELEMENTSOF(environment_names); i++) {
                const char *value = getenv(environment_names[i]);
                int r = value ? strv_append_printf(
                                                &environment, "%s=%s", environment_names[i], value)
                              : 0;
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(environment);
        return 0;
}

static int spawn_attributes(posix_spawnattr_t *attributes) {
        short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
        sigset_t none, all;

        (void) sigemptyset(&none); /* these two can't fail */
        (void) sigfillset(&all);
        int r = posix_spawnattr_setflags(attributes, flags);
        if (r == 0)
                r = posix_spawnattr_setsigmask(attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attributes, &all);
        return -r;
}

static int spawn_stream(posix_spawn_file_actions_t *actions, int fd, int target) {
        if (fd < 0)
                return posix_spawn_file_actions_addopen(actions, target, "/dev/null", O_RDWR, 0);
        return posix_spawn_file_actions_adddup2(actions, fd, target);
}

/* posix_spawn() suspends us until the exec only, as vfork() does, and copies no page tables. */
static int spawn(const SubprocessRequest *q, int stdout_fd, pid_t *ret) {
        _cleanup_strv_ char **environment = NULL;
        char *const none[] = { NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        r = copy_environment(&environment);
        if (r >= 0)
                r = -posix_spawn_file_actions_init(&actions);
        if (r < 0)
                return r;
        r = -posix_spawnattr_init(&attributes);
        if (r >= 0) {
                r = -spawn_stream(&actions, q->stdin_fd, STDIN_FILENO);
                if (r >= 0)
                        r = -spawn_stream(&actions, stdout_fd, STDOUT_FILENO);
                if (r >= 0 && q->extra_fd >= 0)
                        r = -spawn_stream(&actions, q->extra_fd, EXTRA_FILENO);
                if (r >= 0)
                        r = -posix_spawn_file_actions_addclosefrom_np(&actions,
                                        q->extra_fd >= 0 ? EXTRA_FILENO + 1 : EXTRA_FILENO);
                if (r >= 0)
                        r = spawn_attributes(&attributes);
                if (r >= 0)
                        r = -posix_spawn(ret,
                                        q->argv[0],
                                        &actions,
                                        &attributes,
                                        q->argv,
                                        environment ?: none);
                (void) posix_spawnattr_destroy(&attributes); /* can't fail */
        }
        (void) posix_spawn_file_actions_destroy(&actions); /* can't fail */
        return r;
}

/* ---- what it tells ----------------------------------------------------------------------------- */
static void subprocess_take_record(const char *key, const char *value, void *userdata) {
        Subprocess *h = userdata;
        int64_t number = 0;

        if (str_equal(key, "ERROR"))
                h->told_error = str_replace(&h->error.message, value) >= 0;
        else if (str_equal(key, "ERROR_CODE"))
                h->error.code = error_code_from_string(value);
        else if (str_equal(key, "ERRNO") && parse_i64(value, &number) >= 0 && number > 0 &&
                        number < 4096)
                h->number = -(int) number;
        if (h->ops->on_record)
                h->ops->on_record(key, value, h->userdata);
}

static void subprocess_read(Subprocess *h) {
        int r = record_stream_read(&h->stream, h->records_fd, subprocess_take_record, h);

        if (r == 1)
                return;
        /* At the end, or what it says makes no sense: its exit status has the last word. */
        h->records_source = sd_event_source_disable_unref(h->records_source);
        h->records_fd = close_fd(h->records_fd);
        if (r < 0 && h->pid > 0)
                (void) kill(h->pid, SIGTERM); /* ours, and not reaped: the pid is still its */
}

static int on_records(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        subprocess_read(userdata);
        return 0;
}

/* ---- its end ----------------------------------------------------------------------------------- */
static int subprocess_result(Subprocess *h, Error *error) {
        if (h->exit_status == 0)
                return 0;
        if (h->told_error) {
                int number = h->number < 0 ? h->number : -EIO;
                error_move(error, &h->error);
                return number;
        }
        if (h->exit_status > 128)
                return error_set_plain(error,
                                -ECANCELED,
                                ERROR_FAILED,
                                "%s was killed by signal %d",
                                h->name,
                                h->exit_status - 128);
        return error_set_plain(error,
                        -EIO,
                        ERROR_FAILED,
                        "%s ended with status %d and without a reason",
                        h->name,
                        h->exit_status);
}

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Subprocess *h = userdata;
        _cleanup_(error_done) Error error = {};
        siginfo_t si = {};

        (void) source, (void) fd, (void) events;
        h->end_source = sd_event_source_disable_unref(h->end_source);
        if (waitid(P_PIDFD, (id_t) h->pidfd, &si, WEXITED | WNOHANG) >= 0)
                h->exit_status = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
        h->pid = 0;
        /* What it wrote before it ended may still be in the pipe. */
        if (h->records_fd >= 0)
                subprocess_read(h);
        h->records_source = sd_event_source_disable_unref(h->records_source);
        int result = subprocess_result(h, &error);
        h->ops->on_end(result, &error, h->userdata);
        return 0;
}

/* ---- all of it --------------------------------------------------------------------------------- */
static int subprocess_watch(Subprocess *h, sd_event *event) {
        int r = 0;

        h->pidfd = sys_pidfd_open(h->pid, 0);
        if (h->pidfd < 0)
                return h->pidfd;
        if (h->records_fd >= 0)
                r = sd_event_add_io(
                                event, &h->records_source, h->records_fd, EPOLLIN, on_records, h);
        if (r >= 0)
                r = sd_event_add_io(event, &h->end_source, h->pidfd, EPOLLIN, on_ended, h);
        return r;
}

int subprocess_start(
                sd_event *event, const SubprocessRequest *request, Subprocess **ret, Error *error) {
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
        const char *slash = strrchr(request->argv[0], '/');
        int fds[2], r;

        _cleanup_(subprocess_freep) Subprocess *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        *h = (Subprocess) {
                .event = event,
                .ops = request->ops,
                .userdata = request->userdata,
                .pidfd = -EBADF,
                .records_fd = -EBADF,
        };
        h->name = strdup(slash ? slash + 1 : request->argv[0]);
        if (!h->name)
                return -ENOMEM;

        if (request->stdout_fd < 0) {
                if (pipe2(fds, O_CLOEXEC) < 0)
                        return error_set(error, -errno, ERROR_RUNTIME, "cannot make a pipe");
                read_fd = fds[0], write_fd = fds[1];
                r = fd_set_nonblock(read_fd, /* nonblock= */ true);
                if (r < 0)
                        return r;
        }
        r = spawn(request, write_fd >= 0 ? write_fd : request->stdout_fd, &h->pid);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot start %s", request->argv[0]);
        h->records_fd = TAKE_FD(read_fd);
        r = subprocess_watch(h, event);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot watch %s", h->name);

        *ret = TAKE_PTR(h);
        return 0;
}

void subprocess_signal(const Subprocess *h, int signal) {
        if (h->pid > 0)
                (void) kill(h->pid, signal); /* ours, and not reaped: the pid is still its */
}

void subprocess_kill(const Subprocess *h, uint64_t timeout_usec) {
        struct pollfd p = { .fd = h->pidfd, .events = POLLIN };

        subprocess_signal(h, SIGKILL);
        if (h->pid > 0 && h->pidfd >= 0)
                (void) poll(&p,
                                1,
                                (int) (timeout_usec /
                                                USEC_PER_MSEC)); /* it is dying, or in a sync */
}

int subprocess_exit_status(const Subprocess *h) {
        return h->exit_status;
}

Subprocess *subprocess_free(Subprocess *h) {
        if (!h)
                return NULL;

        h->end_source = sd_event_source_disable_unref(h->end_source);
        h->records_source = sd_event_source_disable_unref(h->records_source);
        if (h->pid > 0) {
                (void) kill(h->pid, SIGKILL); /* ours, and not reaped: the pid is still its */
                h->pidfd = reap_later(h->event, h->pidfd);
        }
        (void) close_fd(h->pidfd);
        (void) close_fd(h->records_fd);
        record_stream_done(&h->stream);
        error_done(&h->error);
        free(h->name);
        free(h);
        return NULL;
}
