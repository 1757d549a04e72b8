/* SPDX-License-Identifier: MIT */
#include "runtime/exec.h"

#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/sys.h"
#include "runtime/container-internal.h"

/* clang-format off */
static const struct {
        const char *name; /* below /proc/PID/ns */
        int flag;
} namespaces[] = {
        { "user",   CLONE_NEWUSER   },
        { "mnt",    CLONE_NEWNS     },
        { "pid",    CLONE_NEWPID    },
        { "net",    CLONE_NEWNET    },
        { "ipc",    CLONE_NEWIPC    },
        { "uts",    CLONE_NEWUTS    },
        { "cgroup", CLONE_NEWCGROUP },
};
/* clang-format on */

/* Only those that differ: a process can't join the user namespace that it is in. */
static int find_namespaces(pid_t pid, int pidfd, int *ret) {
        int flags = 0;

        for (size_t i = 0; i < ELEMENTSOF(namespaces); i++) {
                char own_path[64], path[64];
                struct stat own, its;

                snprintf(own_path, sizeof(own_path), "/proc/self/ns/%s", namespaces[i].name);
                snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, namespaces[i].name);
                if (stat(own_path, &own) < 0)
                        continue; /* this kernel has no such namespaces */
                if (stat(path, &its) < 0)
                        return errno == ENOENT ? -ESRCH : -errno;
                if (own.st_dev != its.st_dev || own.st_ino != its.st_ino)
                        flags |= namespaces[i].flag;
        }
        /* Still its pid: what was looked at was its own. */
        int r = sys_pidfd_send_signal(pidfd, 0);
        if (r < 0)
                return r;
        *ret = flags;
        return 0;
}

int runtime_exec(Runtime *r,
                const RuntimeSpec *spec,
                pid_t pid,
                int pidfd,
                RuntimeExec *ret,
                Error *error) {
        _cleanup_(plan_freep) Plan *p = NULL;
        RuntimeExec e = RUNTIME_EXEC_NONE;

        int q = runtime_plan(r, spec, plan_new_command, &p, error);
        if (q < 0)
                return q;
        p->join_pidfd = pidfd;
        q = find_namespaces(pid, pidfd, &p->join_namespaces);
        if (q < 0)
                return error_set(error, q, ERROR_RUNTIME, "find the container's namespaces");
        q = runtime_launch(&p, "command's", &e.child, error);
        if (q < 0)
                return q;
        *ret = e;
        return 0;
}

static int take_command(RuntimeExec *e, pid_t pid, Error *error) {
        /* It is our child and was not waited for, so that the number can't be another's. */
        int pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -ESRCH;
        if (pidfd < 0)
                return error_set(error, pidfd, ERROR_RUNTIME, "find the command's process");

        e->maker_pidfd = e->child.pidfd;
        e->child.pid = pid;
        e->child.pidfd = pidfd;
        return 0;
}

int runtime_exec_read(RuntimeExec *e, Error *error) {
        SupdStatusRecord record;

        for (;;) {
                int r = runtime_status_read(e->child.status_fd, &record);
                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return error_set(error, r, ERROR_RUNTIME, "read the status pipe");
                if (r == 0)
                        break;

                if (record.type == SUPD_STATUS_FORKED && e->maker_pidfd < 0)
                        r = take_command(e, record.code, error);
                else if (record.type == SUPD_STATUS_SETUP_FAILED ||
                                record.type == SUPD_STATUS_EXEC_FAILED)
                        e->failure = record; /* the command may tell before who made it does */
                if (r < 0)
                        return r;
        }

        if (e->failure.type != 0)
                return runtime_child_error(&e->child, &e->failure, error);
        if (e->maker_pidfd < 0)
                return error_set_plain(error,
                                -ECANCELED,
                                ERROR_RUNTIME,
                                "it was killed on its way into the container");
        runtime_child_settle(&e->child);
        return 1;
}

void runtime_exec_done(RuntimeExec *e) {
        e->maker_pidfd = close_fd(e->maker_pidfd);
        runtime_child_done(&e->child);
        *e = RUNTIME_EXEC_NONE;
}
