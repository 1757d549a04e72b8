/* SPDX-License-Identifier: MIT */
#include "runtime/mounter.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/sys.h"
#include "runtime/capabilities.h"
#include "runtime/kernel-file.h"
#include "runtime/root.h"
#include "runtime/sysctl.h"
#include "supd/exit-status.h"

/* What the container's process sends. */
enum {
        ANNOUNCED_SELF, /* its directory in the host's procfs */
        ANNOUNCED_PIDFD,
        ANNOUNCED_PROC, /* a file-system context, ready to be mounted */
        _ANNOUNCED_MAX,
};

#define MAP_TEXT_SIZE 16384U /* the kernel pads its numbers: 340 lines of 33 */

typedef union ControlBuffer {
        char data[CMSG_SPACE(_ANNOUNCED_MAX * sizeof(int))];
        struct cmsghdr align;
} ControlBuffer;

/* ---- messages ---------------------------------------------------------------------------------- */

static int send_fds(int socket, const void *data, size_t size, const int *fds, size_t n) {
        ControlBuffer control = {};
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr m = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.data,
                .msg_controllen = CMSG_SPACE(n * sizeof(int)),
        };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
        return sendmsg(socket, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Return: bytes; 0 if the other end is gone, or sent no data. */
static ssize_t receive_fds(int socket, void *data, size_t size, int *fds, size_t n) {
        ControlBuffer control;
        struct iovec iov = { .iov_base = data, .iov_len = size };
        struct msghdr m = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.data,
                .msg_controllen = CMSG_SPACE(n * sizeof(int)),
        };

        ssize_t got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
        if (got <= 0)
                return got < 0 ? -errno : 0;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
                        c->cmsg_len == CMSG_LEN(n * sizeof(int)))
                memcpy(fds, CMSG_DATA(c), n * sizeof(int));
        return got;
}

/* Which end is whose, in Plan.handover_fds. */
static int keep_end(Plan *p, unsigned own) {
        p->handover_fds[1 - own] = close_fd(p->handover_fds[1 - own]);
        return p->handover_fds[own];
}

#define MOUNTER_END 0U
#define CHILD_END 1U

/* ---- the container's process ------------------------------------------------------------------- */

/* Only who is in a pid namespace can make a procfs of it; mounting it is the other's. */
static int open_proc_context(void) {
        _cleanup_close_ int fs = sys_fsopen("proc", FSOPEN_CLOEXEC);
        if (fs < 0)
                return fs;
        int r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "proc", 0);
        if (r >= 0)
                r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
        return r < 0 ? r : TAKE_FD(fs);
}

int mounter_announce(Plan *p) {
        int socket = keep_end(p, CHILD_END);

        _cleanup_close_ int self = neg_errno(open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (self < 0)
                return self;
        _cleanup_close_ int pidfd = sys_pidfd_open(getpid(), 0);
        if (pidfd < 0)
                return pidfd;
        _cleanup_close_ int proc = open_proc_context();
        if (proc < 0)
                return proc;

        const int fds[_ANNOUNCED_MAX] = { self, pidfd, proc };
        return send_fds(socket, "", 1, fds, ELEMENTSOF(fds));
}

int become_root(void) {
        /* The kernel's calls: those of the C library take locks to change all threads. */
        if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
                        syscall(SYS_setresuid, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

int mounter_await_root(Plan *p) {
        int socket = p->handover_fds[CHILD_END];
        int tree = -EBADF;

        ssize_t n = receive_fds(socket, &p->who, sizeof(p->who), &tree, 1);
        if (n == 1)
                _exit(SUPD_EXIT_RUNTIME); /* it has told already why it failed */
        if (n != sizeof(p->who) || tree < 0) {
                close_fd(tree);
                return n < 0 ? (int) n : -ECANCELED;
        }
        p->root_fd = tree;
        p->handover_fds[CHILD_END] = close_fd(socket);

        int r = root_attach(p, p->root_fd);
        return r < 0 ? r : become_root();
}

/* ---- the mounter ------------------------------------------------------------------------------- */

static int write_map(int self_fd, const char *name, const char *text) {
        _cleanup_close_ int fd = neg_errno(openat(self_fd, name, O_WRONLY | O_CLOEXEC));

        return fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
}

/* Of a namespace that was there already. */
static int read_map(int self_fd, const char *name, IdMap *map) {
        char text[MAP_TEXT_SIZE];
        size_t size = 0;

        _cleanup_close_ int fd = neg_errno(openat(self_fd, name, O_RDONLY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        for (;;) {
                ssize_t n = read(fd, text + size, sizeof(text) - 1 - size);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        text[size] = '\0';
        return id_map_parse(text, map->ranges, &map->n_ranges);
}

static int set_up_maps(Plan *p, int self_fd) {
        int r;

        if (p->join_user_fd >= 0) {
                r = read_map(self_fd, "uid_map", &p->uids);
                if (r >= 0)
                        r = read_map(self_fd, "gid_map", &p->gids);
        } else {
                r = write_map(self_fd, "gid_map", p->gid_map);
                if (r >= 0)
                        r = write_map(self_fd, "uid_map", p->uid_map);
        }
        if (r < 0)
                return r;

        p->owner_uid = id_map_outside(&p->uids, 0);
        p->owner_gid = id_map_outside(&p->gids, 0);
        if (p->owner_uid == ID_INVALID || p->owner_gid == ID_INVALID)
                return -ERANGE;
        p->shift = !id_map_is_identity(&p->uids) || !id_map_is_identity(&p->gids);
        return 0;
}

int mounter_meet(Plan *p) {
        int socket = keep_end(p, MOUNTER_END);
        int fds[_ANNOUNCED_MAX] = { -EBADF, -EBADF, -EBADF };
        char byte;

        ssize_t n = receive_fds(socket, &byte, sizeof(byte), fds, ELEMENTSOF(fds));
        if (n <= 0)
                _exit(SUPD_EXIT_RUNTIME); /* it has told already why it failed, or it was killed */

        _cleanup_close_ int self = fds[ANNOUNCED_SELF], pidfd = fds[ANNOUNCED_PIDFD];
        p->proc_context_fd = fds[ANNOUNCED_PROC];
        if (self < 0)
                return -ECANCELED;
        int r = set_up_maps(p, self);
        if (r < 0)
                return r;

        p->user_fd = p->join_user_fd >= 0
                                     ? p->join_user_fd
                                     : neg_errno(openat(self, "ns/user", O_RDONLY | O_CLOEXEC));
        if (p->user_fd < 0)
                return p->user_fd;
        /* The kernel's file systems are those of the namespaces that whoever mounts them is in. */
        int flags = (int) (p->clone_flags & (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
        return neg_errno(setns(pidfd, flags | CLONE_NEWCGROUP));
}

/* Leaves all capabilities in effect, which the kernel takes from who changes from user 0 to another. */
static int restore_capabilities(void) {
        uint64_t permitted = capabilities_permitted();

        return capabilities_set(permitted, permitted);
}

int mounter_take_ids(Plan *p) {
        (void) syscall(SYS_setfsgid, p->owner_gid); /* tells no errors: see below */
        (void) syscall(SYS_setfsuid, p->owner_uid);
        if ((uid_t) syscall(SYS_setfsuid, -1) != p->owner_uid)
                return -EPERM;
        return restore_capabilities();
}

/* As the container's root: user ids in effect, with all capabilities. */
static int apply_sysctl_as_owner(Plan *p) {
        if (syscall(SYS_setresgid, -1, p->owner_gid, -1) < 0 ||
                        syscall(SYS_setresuid, -1, p->owner_uid, -1) < 0)
                return -errno;
        int r = restore_capabilities();
        if (r >= 0)
                r = sysctl_apply(p);
        if (syscall(SYS_setresuid, -1, 0, -1) < 0 || syscall(SYS_setresgid, -1, 0, -1) < 0)
                return -errno;
        int q = mounter_take_ids(p);
        return r < 0 ? r : q;
}

/* Some can be written to by the host's root, others by the container's only. */
int mounter_apply_sysctls(Plan *p) {
        const PlanSysctl *all = p->sysctls;
        size_t n = p->n_sysctls;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                p->sysctls = &all[i];
                p->n_sysctls = 1;
                r = sysctl_apply(p);
                if (r == -EACCES)
                        r = apply_sysctl_as_owner(p);
                p->item = (int) i;
        }
        p->sysctls = all;
        p->n_sysctls = n;
        return r;
}

int mounter_own_streams(Plan *p) {
        for (unsigned i = 0; i < ELEMENTSOF(p->stdio); i++) {
                struct stat st;

                if (p->stdio[i] >= 0 && fstat(p->stdio[i], &st) >= 0 && S_ISFIFO(st.st_mode) &&
                                fchown(p->stdio[i],
                                                id_map_outside(&p->uids, p->who.uid),
                                                (gid_t) -1) < 0)
                        return -errno;
        }
        return 0;
}

int mounter_hand_over(Plan *p) {
        _cleanup_close_ int tree = sys_open_tree(p->root_fd,
                        "",
                        OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
        if (tree < 0)
                return tree;
        int r = send_fds(p->handover_fds[MOUNTER_END], &p->who, sizeof(p->who), &tree, 1);
        if (r < 0)
                return r;
        _exit(0);
}

void mounter_fail(const Plan *p) {
        (void) send(p->handover_fds[MOUNTER_END], "", 1, MSG_NOSIGNAL); /* else it sees us end */
}
