/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A function of ours in a process of its own: what waits for a disk, or changes what can't be changed
 * back, as the namespaces that a process is in. The process is a copy of supd; it does its work and ends.
 *
 * Between calls: it runs until done was called; forked_free() before that kills it. It dies with supd, too.
 */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "base/macro.h"

typedef struct Forked Forked;

/* In the new process. Return: 0, or negative errno with an error. */
typedef int (*ForkedWork)(void *userdata, Error *error);

/* It has ended. @r and @error: what the work returned. The Forked may be freed from within this call. */
typedef void (*ForkedDone)(int r, const Error *error, void *userdata);

typedef struct ForkedRequest {
        const char *name; /* of the work, for messages */
        ForkedWork work;
        void *work_userdata; /* borrowed for the call of forked_start() */
        ForkedDone done;
        void *userdata; /* borrowed */
} ForkedRequest;

/** forked_start() - Return: 0 and the process, owned by the caller; negative errno with an error */
int forked_start(sd_event *event, const ForkedRequest *request, Forked **ret, Error *error);
pid_t forked_pid(const Forked *f);
Forked *forked_free(Forked *f);
DEFINE_CLEANUP(Forked *, forked_free);
