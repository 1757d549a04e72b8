/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A helper program: started, its records read as they come, its end told. supd does nothing itself that
 * takes long; it has a helper do it and goes on.
 *
 * Between calls: the process runs until on_end was called; subprocess_free() before that kills it. It dies
 * with supd, too.
 */

#include <systemd/sd-event.h>

#include "base/error.h"

typedef struct Subprocess Subprocess;

typedef struct SubprocessOps {
        /* One KEY=value line of its standard output, unescaped. NULL: not of interest. */
        void (*on_record)(const char *key, const char *value, void *userdata);
        /*
         * It has ended, all of its records were told. @result: 0, or a negative errno with the error that it
         * told by ERROR= (or, if it told none, what became of it). The helper may be freed from within
         * this call, not from within on_record.
         */
        void (*on_end)(int result, const Error *error, void *userdata);
} SubprocessOps;

typedef struct SubprocessRequest {
        char *const *argv; /* argv[0]: absolute path */
        /* Its standard streams; borrowed. -EBADF: /dev/null; as stdout a pipe that on_record is told from. */
        int stdin_fd, stdout_fd;
        int extra_fd;             /* the same, as its descriptor 3; -EBADF: none */
        const SubprocessOps *ops; /* borrowed */
        void *userdata;
} SubprocessRequest;

/** subprocess_start() - Return: 0 and a helper, owned by the caller; negative errno with an error */
int subprocess_start(
                sd_event *event, const SubprocessRequest *request, Subprocess **ret, Error *error);

/** subprocess_signal() - send @signal, unless it has ended: SIGTERM asks it to */
void subprocess_signal(const Subprocess *h, int signal);

/** subprocess_kill() - and wait for its end, @timeout_usec at most; subprocess_free() is still to come */
void subprocess_kill(const Subprocess *h, uint64_t timeout_usec);

/** subprocess_exit_status() - once it has ended: 0 to 255, or 128 and the signal that killed it */
int subprocess_exit_status(const Subprocess *h);

Subprocess *subprocess_free(Subprocess *h);
DEFINE_CLEANUP(Subprocess *, subprocess_free);
