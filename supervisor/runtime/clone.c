/* SPDX-License-Identifier: MIT */
#include "runtime/clone.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/sys.h"
#include "runtime/child.h"

/* clone() for where a filter around us hides clone3(). The child joins its cgroup by itself. */
static pid_t clone_legacy(uint64_t flags, int *ret_pidfd) {
        unsigned long signal = flags & CLONE_PARENT ? 0 : SIGCHLD;

        return (pid_t) neg_errno(syscall(
                        SYS_clone, (unsigned long) flags | signal, NULL, ret_pidfd, NULL, NULL));
}

/* @ret_pidfd: NULL: not wanted */
static pid_t clone_with(Plan *p, uint64_t flags, int *ret_pidfd) {
        struct clone_args args = {
                .flags = flags | (ret_pidfd ? CLONE_PIDFD : 0),
                .pidfd = (uint64_t) (uintptr_t) ret_pidfd,
                .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* then it is the parent's own */
        };

        if (!p->features.clone3_into_cgroup) {
                p->join_cgroup = true;
                return clone_legacy(args.flags, ret_pidfd);
        }
        if (p->cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) p->cgroup_fd;
        }
        return sys_clone3(&args);
}

static pid_t run_child(Plan *p, ChildRole role, uint64_t flags, int *ret_pidfd) {
        pid_t pid = clone_with(p, flags, ret_pidfd);

        if (pid != 0)
                return pid;
        p->role = role;
        child_run(p);
}

/* ---- with a user namespace --------------------------------------------------------------------- */

/* What the starter finds out for us, in memory that both see. */
typedef struct Started {
        pid_t pid; /* or negative errno */
        int pidfd; /* in our table of descriptors, which the starter shares */
} Started;

/* Later, as root of a user namespace, the child could not. One that is not to be had is the child's to tell. */
static void raise_hard_limits(const Plan *p) {
        for (size_t i = 0; i < p->n_limits; i++) {
                const PlanLimit *l = &p->limits[i];
                struct rlimit now;

                if (getrlimit(l->resource, &now) < 0 || now.rlim_max >= l->limit.rlim_max)
                        continue;
                now.rlim_max = l->limit.rlim_max;
                (void) setrlimit(l->resource, &now);
        }
}

static pid_t start_both(Plan *p, int *ret_pidfd) {
        uint64_t flags = p->clone_flags | CLONE_PARENT;
        pid_t mounter = run_child(p, CHILD_MOUNTER, CLONE_NEWNS, NULL);

        if (mounter < 0)
                return mounter;
        raise_hard_limits(p);
        if (p->join_user_fd < 0)
                flags |= CLONE_NEWUSER;
        else {
                /* Whoever is in there already must not look into this copy of supd, nor into the child's. */
                if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
                                setns(p->join_user_fd, CLONE_NEWUSER) < 0)
                        return -errno;
        }
        return run_child(p, CHILD_MAPPED, flags, ret_pidfd);
}

/*
 * A process in between makes both. So the container's is our child even where its maker had to enter another
 * user namespace first; and the mounter, whose parent has ended, is reaped by someone else: its end
 * concerns nobody here.
 */
static pid_t clone_by_starter(Plan *p, int *ret_pidfd) {
        Started *s = mmap(NULL,
                        sizeof(*s),
                        PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS,
                        /* cppcheck-suppress invalidFunctionArg ; as mmap(2) has it for memory of no file */
                        -1,
                        0);
        if (s == MAP_FAILED)
                return -errno;
        *s = (Started) { .pid = -ECANCELED, .pidfd = -EBADF };

        /* We sleep until it has ended. Its memory is a copy. */
        pid_t starter = (pid_t) neg_errno(syscall(
                        SYS_clone, CLONE_VFORK | CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL));
        if (starter == 0) {
                s->pid = start_both(p, &s->pidfd);
                _exit(0);
        }
        if (starter > 0)
                (void) waitpid(starter, NULL, 0); /* our child: nothing else can come of it */

        pid_t pid = starter < 0 ? starter : s->pid;
        if (pid > 0)
                *ret_pidfd = s->pidfd;
        (void) munmap(s, sizeof(*s));
        return pid;
}

static pid_t clone_mapped(Plan *p, int *ret_pidfd) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->handover_fds) < 0)
                return -errno;

        pid_t pid = clone_by_starter(p, ret_pidfd);
        for (unsigned i = 0; i < ELEMENTSOF(p->handover_fds); i++)
                p->handover_fds[i] = close_fd(p->handover_fds[i]);
        return pid;
}

/* No handler of ours may run in the child: it would act on the parent's event loop. */
pid_t clone_child(Plan *p, int *ret_pidfd) {
        sigset_t all, before;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &before);
        pid_t pid = p->user_namespace ? clone_mapped(p, ret_pidfd)
                                      : run_child(p, CHILD_WHOLE, p->clone_flags, ret_pidfd);
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return pid;
}
