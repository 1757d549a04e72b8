/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * supd itself: every part made, joined and, in the reverse order, taken apart.
 */

#include "daemon/options.h"

typedef struct Daemon Daemon;

/** daemon_new() - make all parts, adopt what runs, queue what is wanted at boot; @options borrowed */
int daemon_new(const Options *options, Daemon **ret, Error *error);

typedef enum DaemonVerdict {
        DAEMON_FAILED,
        DAEMON_ENDED,     /* all units stopped */
        DAEMON_REEXECUTE, /* containers run on; execute supd again */
} DaemonVerdict;

/** daemon_run() - the loop, until a verdict */
DaemonVerdict daemon_run(Daemon *d, Error *error);

/** daemon_prepare_exec() - after DAEMON_REEXECUTE: descriptors will survive execve() */
int daemon_prepare_exec(Daemon *d);

Daemon *daemon_free(Daemon *d);
DEFINE_CLEANUP(Daemon *, daemon_free);
