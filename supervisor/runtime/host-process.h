/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A process on the host, in a cgroup: commands of units, and what a plain service runs. It gets its own session,
 * no descriptor but its three streams, and no signal blocked or ignored.
 *
 * Nothing blocks. What fails between the clone and the exec is told through the status pipe, and the process
 * then ends with systemd's exit status for that (200 CHDIR, 203 EXEC, …). The pipe closes with the exec.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/cgroup.h"

/* All borrowed for the call. */
typedef struct HostProcessSpec {
        const char *path; /* absolute */
        char *const *argv, *const *environment;
        const char *working_directory; /* NULL: "/" */
        bool working_directory_optional;
        bool drops_user; /* uid, gid and groups below hold */
        uid_t uid;
        gid_t gid;
        const gid_t *groups;
        size_t n_groups;
        mode_t umask;
        int nice;
        bool nice_set;
        int stdin_fd, stdout_fd, stderr_fd; /* -EBADF: /dev/null */
        Cgroup *cgroup;
} HostProcessSpec;

typedef struct HostProcess {
        pid_t pid;
        int pidfd, status_fd; /* owned */
} HostProcess;

#define HOST_PROCESS_NONE ((HostProcess) { .pidfd = -EBADF, .status_fd = -EBADF })

/** host_process_start() - Return: 0; negative errno if there could be no process */
int host_process_start(const HostProcessSpec *spec, HostProcess *ret, Error *error);
/**
 * host_process_read_status() - once status_fd is readable; closes it
 * @path: of the spec, for the message
 *
 * Return: 0 it executes; negative errno with the reason why it does not.
 */
int host_process_read_status(HostProcess *p, const char *path, Error *error);
void host_process_done(HostProcess *p);
