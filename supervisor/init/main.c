/* SPDX-License-Identifier: MIT */

/*
 * supinit: PID 1 of a container (container.h) and guardian of supd (guardian.h). PID 1 of an
 * appliance is to be a guardian that sets the machine up first.
 *
 * Static, without heap after start, and unable to fail once its child runs.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "init/command.h"
#include "init/container.h"
#include "init/guardian.h"
#include "init/report.h"
#include "init/signals.h"
#include "supd/init-protocol.h"
#include "supd/version.h"

#define EXIT_USAGE 2
#define LISTEN_FDS_MAX 1024

static const char help_text[] =
                "usage: supinit --container [--listen-fds=N] -- COMMAND [ARGUMENT...]\n"
                "       supinit --exec -- COMMAND [ARGUMENT...]\n"
                "       supinit [--] PROGRAM [ARGUMENT...]\n"
                "\n"
                "With --container: run COMMAND as PID 1 of a container does: reap, forward "
                "signals,\n"
                "report its start and end as records on descriptor 3, exit with its status. Of N\n"
                "sockets from descriptor 4 on COMMAND gets to know by LISTEN_FDS and LISTEN_PID.\n"
                "\n"
                "With --exec: give COMMAND a process of its own in the pid namespace that was set "
                "for\n"
                "children, tell its number as a record on descriptor 3, and end.\n"
                "\n"
                "Else: keep PROGRAM (supd) alive and hold descriptors for it over restarts, by\n"
                "systemd's protocol (NOTIFY_SOCKET, FDSTORE=1, LISTEN_FDS). Ends when PROGRAM "
                "exits\n"
                "with 0, or in any way after SIGTERM or SIGINT, with its status.\n"
                "\n"
                "  --help     this text\n"
                "  --version  the version\n";

static const char version_text[] = "supinit " SUPD_VERSION "\n";

static int print(const char *text, size_t length) {
        return write(STDOUT_FILENO, text, length) == (ssize_t) length ? 0 : 1;
}

static int usage_error(const char *what, const char *argument) {
        report(what, argument, "; see supinit --help", NULL);
        return EXIT_USAGE;
}

/* Between supd and us, of one version: no more is checked than that it is a number. */
static int listen_fds_option(const char *argument, int *ret) {
        static const char option[] = SUPD_OPTION_LISTEN_FDS;
        int n = 0;

        if (strncmp(argument, option, sizeof(option) - 1) != 0)
                return -EINVAL;
        for (argument += sizeof(option) - 1; *argument; argument++) {
                if (*argument < '0' || *argument > '9' || n > LISTEN_FDS_MAX)
                        return -EINVAL;
                n = n * 10 + (*argument - '0');
        }
        *ret = n;
        return 0;
}

int main(int argc, char **argv) {
        SignalState signals;
        bool is_container = false, is_command = false;
        int i = 1, n_listen_fds = 0;

        signals_take(&signals);

        for (; i < argc && argv[i][0] == '-'; i++) {
                if (strcmp(argv[i], "--help") == 0)
                        return print(help_text, sizeof(help_text) - 1);
                if (strcmp(argv[i], "--version") == 0)
                        return print(version_text, sizeof(version_text) - 1);
                if (strcmp(argv[i], "--") == 0) {
                        i++;
                        break;
                }
                if (strcmp(argv[i], "--container") == 0)
                        is_container = true;
                else if (strcmp(argv[i], "--exec") == 0)
                        is_command = true;
                else if (listen_fds_option(argv[i], &n_listen_fds) < 0)
                        return usage_error("unknown option ", argv[i]);
        }

        if (i >= argc)
                return usage_error("no command given", "");

        if (is_command)
                return command_run(argv + i, &signals);
        return is_container ? container_run(argv + i, n_listen_fds, &signals)
                            : guardian_run(argv + i, &signals);
}
