/* SPDX-License-Identifier: MIT */

/*
 * supd: options in, parts joined by daemon.c, the loop, out. Signals are blocked before anything else,
 * so that each reaches the loop.
 */

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/text.h"
#include "daemon/daemon.h"
#include "log/journal-send.h"
#include "supd/exit-status.h"

static void block_signals(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &set, NULL); /* fails for a bad first argument only */
        (void) signal(SIGPIPE, SIG_IGN);
}

/* A few descriptors a container, hundreds of containers: as many as we are allowed. */
static void raise_open_files(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit is always allowed */
}

/* The file we came from, by name: after an upgrade /proc/self/exe would still lead to the old one. */
static char *own_path(void) {
        char path[PATH_MAX];

        ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
        return n < 0 || n == sizeof(path) ? NULL : strndup(path, (size_t) n);
}

/* Into the journal for later, and on the terminal for whoever has just typed the command. */
static void tell_cannot_start(const char *why) {
        _cleanup_free_ char *message = str_printf("Cannot start: %s", why);

        if (!message)
                return;
        if (journal_send(JOURNAL_SEND_SOCKET, DIAG_ERROR, NULL, message) < 0 ||
                        !getenv("JOURNAL_STREAM"))
                diag_to_stderr(DIAG_ERROR, NULL, message);
}

static int run(int argc, char **argv) {
        _cleanup_free_ char *self = own_path();
        _cleanup_(options_done) Options options = {};
        _cleanup_(error_done) Error error = {};
        _cleanup_(daemon_freep) Daemon *daemon = NULL;
        int r;

        r = options_parse(&options, argc, argv, &error);
        if (r < 0) {
                diag_error("%s", error_text(&error, r));
                return SUPD_EXIT_USAGE;
        }
        if (r == 0)
                return EXIT_SUCCESS;

        if (geteuid() != 0) {
                diag_error("supd makes containers and cgroups: it must run as root");
                return EXIT_FAILURE;
        }
        diag_set_max_level(options.log_level);
        diag_set_sink(journal_sink);

        r = daemon_new(&options, &daemon, &error);
        if (r < 0) {
                tell_cannot_start(error_text(&error, r));
                return EXIT_FAILURE;
        }

        switch (daemon_run(daemon, &error)) {
        case DAEMON_ENDED:
                return EXIT_SUCCESS;
        case DAEMON_REEXECUTE:
                r = daemon_prepare_exec(daemon);
                if (r < 0) {
                        diag_error("Cannot keep the descriptors: %s; restarting without them",
                                        error_text(NULL, r));
                        return EXIT_FAILURE;
                }
                /* The lock on the cgroup tree and the sockets go with execve(); the containers do not. */
                (void) execv(self ?: "/proc/self/exe", argv);
                diag_error("Cannot execute supd again: %s", strerrordesc_np(errno));
                return EXIT_FAILURE;
        default:
                diag_error("%s", error_text(&error, -EIO));
                return EXIT_FAILURE;
        }
}

int main(int argc, char **argv) {
        block_signals();
        raise_open_files();
        return run(argc, argv);
}
