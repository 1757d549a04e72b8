/* SPDX-License-Identifier: MIT */
#include "runtime/child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/apparmor.h"
#include "runtime/capabilities.h"
#include "runtime/kernel-file.h"
#include "runtime/masks.h"
#include "runtime/mount-point.h"
#include "runtime/mounter.h"
#include "runtime/mounts.h"
#include "runtime/network.h"
#include "runtime/root.h"
#include "runtime/secret-mounts.h"
#include "runtime/sysctl.h"
#include "runtime/user.h"
#include "supd/exit-status.h"
#include "supd/init-protocol.h"

#define SYS_ADMIN (UINT64_C(1) << CAP_SYS_ADMIN)

/* As the kernel has it: the C library's sigaction() refuses the two signals that it keeps for itself, and
 * those too may come to us ignored from whoever started supd. */
typedef struct KernelSigaction {
        void *handler;
        unsigned long flags;
        void *restorer; /* not looked at for SIG_DFL */
        uint64_t mask;
} KernelSigaction;

/* An ignored signal stays ignored over execve(), and supd ignores some. */
static int child_reset_signals(Plan *p) {
        const KernelSigaction by_default = {};
        sigset_t none;

        (void) p;
        /* SIGKILL and SIGSTOP refuse. */
        for (int signal = 1; signal < NSIG; signal++)
                (void) syscall(SYS_rt_sigaction, signal, &by_default, NULL, sizeof(uint64_t));
        (void) sigemptyset(&none);
        return neg_errno(sigprocmask(SIG_SETMASK, &none, NULL));
}

/* "0" is whoever writes, whatever its pid namespace. */
static int child_join_cgroups(Plan *p) {
        int r = 0;

        if (p->join_cgroup && p->cgroup_fd >= 0) {
                _cleanup_close_ int fd = neg_errno(
                                openat(p->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC));
                r = fd < 0 ? fd : fd_write_all(fd, "0", 1);
        }
        for (size_t i = 0; r >= 0 && i < p->n_join_fds; i++)
                r = fd_write_all(p->join_fds[i], "0", 1);
        return r;
}

/* By path: whoever owns the files unmounts them when it likes. */
static int child_join_shared(Plan *p) {
        for (SharedNamespace n = 0; n < _SHARED_NAMESPACE_MAX; n++) {
                if (!p->namespaces[n])
                        continue;
                p->item = (int) n;
                _cleanup_close_ int fd = neg_errno(open(p->namespaces[n], O_RDONLY | O_CLOEXEC));
                if (fd < 0)
                        return fd;
                if (setns(fd, shared_namespace_flag(n)) < 0)
                        return -errno;
        }
        return 0;
}

/* While /proc is the host's, which no container can have put anything on. It counts from the exec on. */
static int child_set_apparmor(Plan *p) {
        return p->apparmor ? apparmor_enter_on_exec("/proc/self/attr", p->apparmor) : 0;
}

/* Not by clone3(): its namespace would begin at the parent's v1 groups, not at ours. */
static int child_unshare_cgroups(Plan *p) {
        (void) p;
        return neg_errno(unshare(CLONE_NEWCGROUP));
}

/* Keys of supd's session are no business of the container; a new keyring hides them. */
static int child_new_session(Plan *p) {
        (void) p;
        umask(0); /* modes of what is made from here on are meant */
        if (setsid() < 0)
                return -errno;
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                return -errno;
        return 0;
}

static int child_write_oom_score(const Plan *p, const char *path) {
        int r = procfs_write(p->proc_fd, path, p->oom_score_adjust);

        /* Without CAP_SYS_RESOURCE it can't be lowered. The default of 0 is not worth failing for. */
        if (r == -EACCES && !p->oom_score_adjust_set)
                return 0;
        return r;
}

static int child_set_oom_score(Plan *p) {
        /* We are process 1 of the new procfs; "self" would be a link. */
        return child_write_oom_score(p, "1/oom_score_adj");
}

static int child_set_hostname(Plan *p) {
        if (!p->hostname)
                return 0;
        return neg_errno(sethostname(p->hostname, strlen(p->hostname)));
}

static int child_loopback_up(Plan *p) {
        return p->loopback ? network_loopback_up() : 0;
}

/* ---- of a command in a container that runs ----------------------------------------------------- */

static int child_set_own_oom_score(Plan *p) {
        char path[sizeof("2147483647/oom_score_adj")];

        p->proc_fd = neg_errno(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (p->proc_fd < 0)
                return p->proc_fd;
        snprintf(path, sizeof(path), "%d/oom_score_adj", getpid());
        return child_write_oom_score(p, path);
}

/* All at once, by a descriptor of its PID 1: no number that is another's meanwhile, no half way. Root and
 * working directory become those of the mount namespace. */
static int child_join_namespaces(Plan *p) {
        if (p->join_namespaces != 0 && setns(p->join_pidfd, p->join_namespaces) < 0)
                return -errno;
        int r = p->join_namespaces & CLONE_NEWUSER ? become_root() : 0;
        if (r < 0)
                return r;
        p->root_fd = neg_errno(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        return p->root_fd < 0 ? p->root_fd : 0;
}

/* The container's own, but only if it is one: the host's could have its mode changed through the descriptor. */
static int child_open_null(Plan *p) {
        struct stat st;

        p->null_fd = sys_openat2(p->root_fd,
                        "dev/null",
                        O_RDWR | O_NOCTTY | O_NONBLOCK,
                        0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (p->null_fd < 0)
                return p->null_fd;
        if (fstat(p->null_fd, &st) < 0)
                return -errno;
        return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ? 0 : -ENODEV;
}

/* ---- of both ----------------------------------------------------------------------------------- */

static int child_find_further_groups(Plan *p) {
        p->step = PLAN_STEP_FURTHER_GROUP;
        for (size_t i = 0; i < p->n_groups; i++) {
                gid_t gid;

                p->item = (int) i;
                int r = group_find(p->root_fd, p->groups[i], &gid);
                if (r >= 0)
                        r = user_add_group(&p->who, gid);
                if (r < 0)
                        return r;
        }
        p->item = -1;
        return 0;
}

static int child_find_user(Plan *p) {
        char name[USER_NAME_SIZE];

        int r = user_find(p->root_fd, p->user, &p->who, name);
        if (r < 0)
                return r;

        p->step = PLAN_STEP_GROUP;
        if (!p->group)
                r = user_find_groups(p->root_fd, name, &p->who);
        else
                r = group_find(p->root_fd, p->group, &p->who.gid);
        if (p->group)
                p->who.groups[0] = p->who.gid;
        return r < 0 ? r : child_find_further_groups(p);
}

static int child_set_home(Plan *p) {
        static const char prefix[] = "HOME=";

        if (!p->home_needed)
                return 0;
        memcpy(p->home_assignment, prefix, sizeof(prefix) - 1);
        memcpy(p->home_assignment + sizeof(prefix) - 1, p->who.home, strlen(p->who.home) + 1);
        p->environment[p->home_slot] = p->home_assignment;
        return 0;
}

static int child_open_working_dir(Plan *p) {
        p->cwd_fd = mount_point_open(p->root_fd, p->working_dir, S_IFDIR, 0);
        return p->cwd_fd < 0 ? p->cwd_fd : 0;
}

static int child_enter_working_dir(Plan *p) {
        char cwd[PATH_MAX];

        if (fchdir(p->cwd_fd) < 0)
                return -errno;

        /* CVE-2024-21626: the kernel says "(unreachable)" of a directory outside the root. */
        long n = syscall(SYS_getcwd, cwd, sizeof(cwd));
        if (n < 0)
                return -errno;
        umask(0022);
        return cwd[0] == '/' ? 0 : -EXDEV;
}

/* A pipe to a container's user is his: programs reopen /dev/stdout, which asks for the right to. */
static void child_own_pipe(int fd, uid_t uid) {
        struct stat st;

        if (uid == 0 || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
                return;
        if (fchown(fd, uid, (gid_t) -1) < 0)
                return; /* it still works, but for reopening */
}

/* The first descriptor that is not handed over: behind stdio, sockets and the status pipe. */
static int child_first_free_fd(const Plan *p) {
        return SUPD_STATUS_FD + 1 + (int) p->n_listen_fds;
}

/* Out of the way of what is overwritten. */
static int child_raise_fd(const Plan *p, int *fd) {
        int high = neg_errno(fcntl(*fd, F_DUPFD_CLOEXEC, child_first_free_fd(p)));
        if (high < 0)
                return high;
        *fd = high;
        return 0;
}

/* The payload has its sockets from 3 on. supinit keeps the status pipe there, and moves them down itself. */
static int child_set_sockets(Plan *p) {
        int first = p->exec_paths ? SUPD_STATUS_FD : SUPD_STATUS_FD + 1;

        for (size_t i = 0; i < p->n_listen_fds; i++) {
                if (dup2(p->listen_fds[i], first + (int) i) < 0)
                        return -errno;
        }
        if (p->listen_pid && p->exec_paths)
                supd_listen_pid_write(p->listen_pid, getpid());
        return 0;
}

static int child_set_stdio(Plan *p) {
        int fds[3], r = 0;

        /* Above all that is overwritten, for any of them may be any number. */
        for (unsigned i = 0; i < 3 && r >= 0; i++) {
                fds[i] = p->stdio[i] >= 0 ? p->stdio[i] : p->null_fd;
                r = child_raise_fd(p, &fds[i]);
        }
        for (size_t i = 0; i < p->n_listen_fds && r >= 0; i++)
                r = child_raise_fd(p, &p->listen_fds[i]);
        if (r >= 0 && p->init_fd >= 0 && p->init_fd < child_first_free_fd(p))
                r = child_raise_fd(p, &p->init_fd);
        int status = p->status_fd;
        if (r >= 0)
                r = child_raise_fd(p, &status);
        if (r < 0)
                return r;
        /* supinit goes on reporting; without it, the end of file tells that the exec succeeded. */
        int at = p->exec_paths ? SUPD_STATUS_FD + (int) p->n_listen_fds : SUPD_STATUS_FD;
        if (dup3(status, at, p->exec_paths ? O_CLOEXEC : 0) < 0)
                return -errno;
        p->status_fd = at;
        r = child_set_sockets(p);
        if (r < 0)
                return r;

        for (int i = 0; i < 3; i++) {
                if (dup2(fds[i], i) < 0)
                        return -errno;
                child_own_pipe(i, p->who.uid);
        }
        return 0;
}

static int child_set_limit(const PlanLimit *l) {
        struct rlimit now, limit = l->limit;

        if (setrlimit(l->resource, &limit) >= 0)
                return 0;
        if (errno != EPERM || !l->best_effort)
                return -errno;

        /* Raising a hard limit takes CAP_SYS_RESOURCE: make do with the one there is. */
        if (getrlimit(l->resource, &now) < 0)
                return -errno;
        limit.rlim_max = MIN(limit.rlim_max, now.rlim_max);
        limit.rlim_cur = MIN(limit.rlim_cur, limit.rlim_max);
        return neg_errno(setrlimit(l->resource, &limit));
}

static int child_set_limits(Plan *p) {
        for (size_t i = 0; i < p->n_limits; i++) {
                p->item = (int) i;
                int r = child_set_limit(&p->limits[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The kernel's calls: those of the C library take locks to change all threads. */
static int child_set_ids(const PlanUser *u) {
        if (syscall(SYS_setgroups, u->n_groups, u->groups) < 0 ||
                        syscall(SYS_setresgid, u->gid, u->gid, u->gid) < 0 ||
                        syscall(SYS_setresuid, u->uid, u->uid, u->uid) < 0)
                return -errno;
        return 0;
}

/*
 * Without no_new_privs a filter can be loaded only with CAP_SYS_ADMIN, and once it is loaded it may forbid
 * what drops privileges. So everything is dropped first but that one capability, which goes last, by
 * capset() alone.
 */
static int child_drop_privileges(Plan *p) {
        bool keep = p->seccomp && !p->no_new_privileges;
        int r;

        r = capabilities_bound(p->capabilities);
        if (r >= 0 && p->no_new_privileges)
                r = neg_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        if (r >= 0 && keep && p->who.uid != 0)
                r = neg_errno(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
        if (r >= 0)
                r = child_set_ids(&p->who);
        if (r >= 0 && keep && p->who.uid != 0)
                r = capabilities_set(SYS_ADMIN, SYS_ADMIN);
        return r;
}

static int child_load_seccomp(Plan *p) {
        if (!p->seccomp)
                return 0;
        /* SPEC_ALLOW: the slow-down that a filter else brings on older kernels is not asked for. */
        return (int) neg_errno(syscall(SYS_seccomp,
                        SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                        p->seccomp));
}

/* As in Docker: who is not root in the container keeps the bounding set only. */
static int child_set_capabilities(Plan *p) {
        uint64_t set = p->who.uid == 0 ? p->capabilities : 0;

        return capabilities_set(set, set);
}

/* Not one descriptor of the host may survive the exec. */
static int child_close_fds(Plan *p) {
        unsigned first = (unsigned) child_first_free_fd(p);

        if (p->features.close_range_cloexec)
                return sys_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);

        /* Linux 5.10 can only close: all but the program that is about to be executed. */
        if (p->exec_paths)
                return sys_close_range(first, ~0U, 0);
        int r = (unsigned) p->init_fd > first ? sys_close_range(first, (unsigned) p->init_fd - 1, 0)
                                              : 0;
        return r < 0 ? r : sys_close_range((unsigned) p->init_fd + 1, ~0U, 0);
}

_Noreturn static void child_exit(const Plan *p, SupdStatusType type, int r) {
        const SupdStatusRecord record = {
                .type = type,
                .code = -r,
                .status = type == SUPD_STATUS_SETUP_FAILED ? (int) p->step : 0,
                .item = p->item,
        };

        (void) fd_write_all(p->status_fd, &record, sizeof(record)); /* nobody left to tell */
        if (p->role == CHILD_MOUNTER)
                mounter_fail(p);
        if (type == SUPD_STATUS_EXEC_FAILED)
                _exit(r == -ENOENT ? SUPD_EXIT_NOT_FOUND : SUPD_EXIT_NOT_EXECUTABLE);
        _exit(SUPD_EXIT_RUNTIME);
}

/* As execvp(): go on where there is nothing, remember that something was there but not for us. */
static int child_exec_payload(const Plan *p) {
        int r = -ENOENT;

        for (size_t i = 0; p->exec_paths[i]; i++) {
                execve(p->exec_paths[i], p->argv, p->environment);
                if (errno == EACCES)
                        r = -EACCES;
                else if (errno != ENOENT && errno != ENOTDIR)
                        return -errno;
        }
        return r;
}

static int32_t usec_since_clone(const Plan *p, uint64_t usec) {
        return (int32_t) MIN(usec_sub(usec, p->clone_usec), UINT64_C(0x7fffffff));
}

/* How long what took, for whoever looks at a slow start: it costs one write. */
static void child_tell_times(const Plan *p) {
        const SupdStatusRecord record = {
                .type = SUPD_STATUS_SET_UP,
                .code = usec_since_clone(p, p->began_usec),
                .status = usec_since_clone(p, p->mounted_usec),
                .item = -1,
        };

        (void) fd_write_all(p->status_fd, &record, sizeof(record)); /* nobody needs it to run */
}

static int child_exec(Plan *p) {
        if (p->join_pidfd < 0)
                child_tell_times(p);
        if (p->exec_paths)
                child_exit(p, SUPD_STATUS_EXEC_FAILED, child_exec_payload(p));
        syscall(SYS_execveat, p->init_fd, "", p->exec_argv, p->environment, AT_EMPTY_PATH);
        return -errno;
}

/* What is not mapped would be refused much later, and for no reason that anybody could guess. */
static int child_check_ids(Plan *p) {
        if (!p->user_namespace)
                return 0;
        if (id_map_outside(&p->uids, p->who.uid) == ID_INVALID)
                return -EOVERFLOW;
        p->step = PLAN_STEP_GROUP;
        if (id_map_outside(&p->gids, p->who.gid) == ID_INVALID)
                return -EOVERFLOW;
        for (size_t i = 0; i < p->who.n_groups; i++) {
                if (id_map_outside(&p->gids, p->who.groups[i]) == ID_INVALID)
                        return -EOVERFLOW;
        }
        return 0;
}

/* Made by the mounter, whose descriptors are not ours. */
static int child_open_mapped_null(Plan *p) {
        return p->null_fd >= 0 ? 0 : child_open_null(p);
}

typedef struct ChildStep {
        PlanStep step;
        int (*run)(Plan *p);
        unsigned roles; /* 1 << CHILD_… */
} ChildStep;

#define WHOLE (1U << CHILD_WHOLE)
#define MAPPED (1U << CHILD_MAPPED)
#define MOUNTER (1U << CHILD_MOUNTER)
#define ALL (WHOLE | MAPPED | MOUNTER)

/* clang-format off */
static const ChildStep steps[] = {
        { PLAN_STEP_SIGNALS,          child_reset_signals,    ALL },
        { PLAN_STEP_CGROUP,           child_join_cgroups,     ALL },
        { PLAN_STEP_APPARMOR,         child_set_apparmor,     WHOLE | MAPPED },
        { PLAN_STEP_SHARED,           child_join_shared,      WHOLE }, /* before what shows them is mounted */
        { PLAN_STEP_CGROUP_NAMESPACE, child_unshare_cgroups,  WHOLE | MAPPED }, /* before the cgroup tree is mounted */
        { PLAN_STEP_SESSION,          child_new_session,      ALL },
        { PLAN_STEP_USER_NAMESPACE,   mounter_announce,       MAPPED },
        { PLAN_STEP_USER_NAMESPACE,   mounter_meet,           MOUNTER },
        { PLAN_STEP_SOURCES,          mounts_open_sources,    WHOLE | MOUNTER }, /* before propagation ends */
        { PLAN_STEP_PRIVATE,          mounts_make_private,    WHOLE | MOUNTER },
        { PLAN_STEP_ROOT,             root_make,              WHOLE | MOUNTER },
        { PLAN_STEP_USER_NAMESPACE,   mounter_take_ids,       MOUNTER }, /* overlayfs is to keep root's */
        { PLAN_STEP_FILESYSTEMS,      mounts_add_filesystems, WHOLE | MOUNTER },
        { PLAN_STEP_OOM_SCORE,        child_set_oom_score,    WHOLE | MOUNTER },
        { PLAN_STEP_HOSTNAME,         child_set_hostname,     WHOLE | MAPPED },
        { PLAN_STEP_LOOPBACK,         child_loopback_up,      WHOLE | MAPPED },
        { PLAN_STEP_SYSCTLS,          sysctl_apply,           WHOLE }, /* before /proc/sys is read-only */
        { PLAN_STEP_SYSCTLS,          mounter_apply_sysctls,  MOUNTER },
        { PLAN_STEP_MOUNTS,           mounts_add_volumes,     WHOLE | MOUNTER },
        { PLAN_STEP_SECRETS,          secrets_mount,          WHOLE | MOUNTER },
        { PLAN_STEP_MASKS,            masks_apply,            WHOLE | MOUNTER },
        { PLAN_STEP_USER,             child_find_user,        WHOLE | MOUNTER }, /* after volumes: one may bring /etc/passwd */
        { PLAN_STEP_USER,             child_check_ids,        MOUNTER },
        { PLAN_STEP_WORKING_DIR,      child_open_working_dir, WHOLE | MOUNTER }, /* made here, if it is missing */
        { PLAN_STEP_READ_ONLY,        mounts_make_read_only,  WHOLE | MOUNTER }, /* after all that makes mount points */
        { PLAN_STEP_STDIO,            mounter_own_streams,    MOUNTER },
        { PLAN_STEP_HAND_OVER,        mounter_hand_over,      MOUNTER },
        { PLAN_STEP_HAND_OVER,        mounter_await_root,     MAPPED },
        { PLAN_STEP_USER,             child_set_home,         WHOLE | MAPPED },
        { PLAN_STEP_WORKING_DIR,      child_open_working_dir, MAPPED },
        { PLAN_STEP_STDIO,            child_open_mapped_null, MAPPED },
        { PLAN_STEP_PIVOT,            mounts_pivot,           WHOLE | MAPPED },
        { PLAN_STEP_WORKING_DIR,      child_enter_working_dir, WHOLE | MAPPED },
        { PLAN_STEP_STDIO,            child_set_stdio,        WHOLE | MAPPED },
        { PLAN_STEP_LIMITS,           child_set_limits,       WHOLE | MAPPED }, /* a low one for files would hinder the above */
        { PLAN_STEP_STDIO,            child_close_fds,        WHOLE | MAPPED },
        { PLAN_STEP_PRIVILEGES,       child_drop_privileges,  WHOLE | MAPPED },
        { PLAN_STEP_SECCOMP,          child_load_seccomp,     WHOLE | MAPPED },
        { PLAN_STEP_CAPABILITIES,     child_set_capabilities, WHOLE | MAPPED },
        { PLAN_STEP_EXEC,             child_exec,             WHOLE | MAPPED },
};

static const ChildStep command_steps[] = {
        { PLAN_STEP_SIGNALS,          child_reset_signals, WHOLE },
        { PLAN_STEP_CGROUP,           child_join_cgroups, WHOLE },
        { PLAN_STEP_APPARMOR,         child_set_apparmor, WHOLE },
        { PLAN_STEP_OOM_SCORE,        child_set_own_oom_score, WHOLE }, /* while /proc is the host's */
        { PLAN_STEP_NAMESPACES,       child_join_namespaces, WHOLE },
        { PLAN_STEP_SESSION,          child_new_session, WHOLE },
        { PLAN_STEP_STDIO,            child_open_null, WHOLE },
        { PLAN_STEP_USER,             child_find_user, WHOLE },
        { PLAN_STEP_USER,             child_set_home, WHOLE },
        { PLAN_STEP_WORKING_DIR,      child_open_working_dir, WHOLE },
        { PLAN_STEP_WORKING_DIR,      child_enter_working_dir, WHOLE },
        { PLAN_STEP_STDIO,            child_set_stdio, WHOLE },
        { PLAN_STEP_LIMITS,           child_set_limits, WHOLE },
        { PLAN_STEP_STDIO,            child_close_fds, WHOLE },
        { PLAN_STEP_PRIVILEGES,       child_drop_privileges, WHOLE },
        { PLAN_STEP_SECCOMP,          child_load_seccomp, WHOLE },
        { PLAN_STEP_CAPABILITIES,     child_set_capabilities, WHOLE },
        { PLAN_STEP_EXEC,             child_exec, WHOLE },
};
/* clang-format on */

_Noreturn void child_run(Plan *p) {
        bool is_command = p->join_pidfd >= 0;
        const ChildStep *list = is_command ? command_steps : steps;
        size_t n = is_command ? ELEMENTSOF(command_steps) : ELEMENTSOF(steps);
        int r = 0;

        p->began_usec = clock_monotonic_usec();
        for (size_t i = 0; i < n && r >= 0; i++) {
                if (!(list[i].roles & (1U << p->role)))
                        continue;
                p->step = list[i].step;
                p->item = -1;
                r = list[i].run(p);
                if (p->step == PLAN_STEP_PIVOT)
                        p->mounted_usec = clock_monotonic_usec();
        }
        child_exit(p, SUPD_STATUS_SETUP_FAILED, r);
}
