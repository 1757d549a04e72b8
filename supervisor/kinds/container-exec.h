/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A command in a container that runs, on the event loop: with the unit's user, environment and rights, in a
 * cgroup of its own below the container's, with a limit of time. runtime/exec.h does the work.
 *
 * Between calls: on_end was not called yet, and container_exec_free() kills the command and all that it has
 * started. What the command itself leaves running is killed when it ends.
 */

#include "base/error.h"
#include "core/restart.h"

typedef struct Container Container;
typedef struct ContainerExec ContainerExec;

typedef struct ContainerExecOps {
        /* What it writes to its standard output and error, as it comes. NULL: see output_fd. */
        void (*on_output)(const char *data, size_t size, void *userdata);
        /*
         * It is over. @result: 0 it ran, and ended so; -ETIMEDOUT it was killed for its time; else it could
         * not be run, and @error says why. May free the command.
         */
        void (*on_end)(int result, ExitInfo exit, const Error *error, void *userdata);
} ContainerExecOps;

typedef struct ContainerExecRequest {
        char *const *argv;           /* looked up in the environment's PATH inside */
        int output_fd;               /* borrowed; without on_output. -EBADF: /dev/null */
        uint64_t timeout_usec;       /* from the request to the end; USEC_INFINITY: none */
        const ContainerExecOps *ops; /* borrowed */
        void *userdata;
} ContainerExecRequest;

/**
 * container_exec_start() - Return: 0 and a command, owned by the caller; -ESRCH if nothing runs; -EBUSY while
 * it is paused
 */
int container_exec_start(Container *c,
                const ContainerExecRequest *request,
                ContainerExec **ret,
                Error *error);

/** container_exec_set_paused() - the container is frozen, and the command with it: its time stands still */
void container_exec_set_paused(ContainerExec *e, bool paused);

ContainerExec *container_exec_free(ContainerExec *e);
DEFINE_CLEANUP(ContainerExec *, container_exec_free);
