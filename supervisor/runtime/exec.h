/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One more command in a container that runs: in its namespaces, root and cgroup, with the user, environment
 * and rights that its payload was started with.
 *
 * Nothing blocks. runtime_exec() returns at once with a child that joins the container; the status pipe
 * then tells, through runtime_exec_read(), either that the command runs or why it can't:
 *
 *     runtime_exec()          child.pidfd is of the process that enters
 *     status_fd readable ───▶ runtime_exec_read(): 1, child.pid and .pidfd are now the command's own, a child of
 *                             the caller, whose end its pidfd tells
 *                             or negative: it could not be run, and says why
 *
 * A process that nobody reaps keeps the container's PID 1 from ending, and with it the container: the caller
 * reads on until the command is known, also when he has lost interest, and kills only then.
 *
 * Both processes are the caller's to reap, each by waitid(P_PIDFD): the one that enters ends by itself, but
 * nobody waits for that, for the container may be frozen at any moment. The caller kills by the cgroup,
 * which catches all whatever they fork, and may do so at any time.
 *
 * What the container could do to whoever enters is held off as for its first process: no descriptor but the
 * three streams is left, the working directory is checked to be inside the root, and what appears in
 * the container's pid namespace is never a copy of supd, but supinit from its sealed memfd.
 *
 * Not its duty: time limits, the output, choosing the cgroup.
 */

#include "runtime/container.h"

typedef struct RuntimeExec {
        RuntimeChild child; /* first of who enters, then of the command */
        int maker_pidfd;    /* owned; who entered, once child is of the command; -EBADF: not yet */
        SupdStatusRecord failure; /* type 0: none so far */
} RuntimeExec;

#define RUNTIME_EXEC_NONE \
        ((RuntimeExec) { .child = { .pidfd = -EBADF, .status_fd = -EBADF }, .maker_pidfd = -EBADF })

/**
 * runtime_exec() - start a command in a running container
 * @spec:  as for runtime_start(), of which process, security and cgroup count; process.argv is the command,
 *         process.init means nothing. cgroup is the container's or one below it, and not frozen.
 * @pid:   the container's PID 1
 * @pidfd: the same
 *
 * Standard streams may be pipes; -EBADF is the container's /dev/null. Return: 0; -ESRCH if the container has
 * ended; -EBUSY where cgroup v2 does not let processes into that group.
 */
int runtime_exec(Runtime *r,
                const RuntimeSpec *spec,
                pid_t pid,
                int pidfd,
                RuntimeExec *ret,
                Error *error);

/**
 * runtime_exec_read() - take in what the status pipe tells
 *
 * Return: 1 the command runs, and the pipe has told all: it is not to be watched any more; 0 nothing is decided yet; a negative errno with the
 * reason: -ENOENT and -EACCES are of the command itself, as a shell's 127 and 126.
 */
int runtime_exec_read(RuntimeExec *e, Error *error);

/** runtime_exec_done() - closes; kills nothing, reaps nothing. What is to be reaped is taken out before. */
void runtime_exec_done(RuntimeExec *e);
