/* SPDX-License-Identifier: MIT */
#include "base/sys.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macro.h"
#include "base/text.h"

pid_t sys_clone3(struct clone_args *args) {
        return (pid_t) neg_errno(syscall(SYS_clone3, args, sizeof(*args)));
}

int sys_pidfd_open(pid_t pid, unsigned flags) {
        return (int) neg_errno(syscall(SYS_pidfd_open, pid, flags));
}

int sys_pidfd_send_signal(int pidfd, int signal) {
        return (int) neg_errno(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

/* <linux/pidfd.h> of Linux 6.15; Debian 12's headers are older. */
typedef struct PidfdInfo {
        uint64_t mask;
        uint64_t cgroup_id;
        uint32_t pid, tgid, ppid;
        uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
        int32_t exit_code;
        uint32_t coredump_mask, coredump_signal;
} PidfdInfo;

#define PIDFD_INFO_EXIT_MASK (1U << 3)
#define PIDFD_INFO_SIZE_VER0 64U
#define PIDFD_GET_INFO_REQUEST _IOC(_IOC_READ | _IOC_WRITE, 0xFF, 11, PIDFD_INFO_SIZE_VER0)

int sys_pidfd_exit_status(int pidfd, int *ret_status) {
        PidfdInfo info = { .mask = PIDFD_INFO_EXIT_MASK };

        if (ioctl(pidfd, PIDFD_GET_INFO_REQUEST, &info) < 0)
                return errno == ENOTTY || errno == EINVAL ? -EOPNOTSUPP : -errno;
        if (!(info.mask & PIDFD_INFO_EXIT_MASK))
                return 0;
        *ret_status = info.exit_code;
        return 1;
}

int sys_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
        struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };

        for (unsigned tries = 0;; tries++) {
                int fd = (int) neg_errno(syscall(SYS_openat2, dir_fd, path, &how, sizeof(how)));

                /* A rename elsewhere raced with "..": the kernel asks to try again. */
                if (fd != -EAGAIN || tries >= 16)
                        return fd;
        }
}

int sys_open_tree(int dir_fd, const char *path, unsigned flags) {
        return (int) neg_errno(syscall(SYS_open_tree, dir_fd, path, flags));
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
        return (int) neg_errno(syscall(SYS_move_mount, from_fd, from, to_fd, to, flags));
}

int sys_fsopen(const char *type, unsigned flags) {
        return (int) neg_errno(syscall(SYS_fsopen, type, flags));
}

int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux) {
        return (int) neg_errno(syscall(SYS_fsconfig, fd, command, key, value, aux));
}

int sys_fsmount(int fd, unsigned flags, unsigned attributes) {
        return (int) neg_errno(syscall(SYS_fsmount, fd, flags, attributes));
}

int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attributes) {
        /* struct mount_attr has been four 64-bit words since it came in Linux 5.12. */
        return (int) neg_errno(syscall(SYS_mount_setattr, dir_fd, path, flags, attributes, 32));
}

int sys_pivot_root(const char *new_root, const char *put_old) {
        return (int) neg_errno(syscall(SYS_pivot_root, new_root, put_old));
}

int sys_close_range(unsigned first, unsigned last, unsigned flags) {
        return (int) neg_errno(syscall(SYS_close_range, first, last, flags));
}

int sys_process_start_time(pid_t pid, uint64_t *ret) {
        _cleanup_free_ char *path = str_printf("/proc/%d/stat", pid), *stat = NULL;
        if (!path)
                return -ENOMEM;

        int r = file_read(AT_FDCWD, path, 64 * 1024, &stat, NULL);
        if (r < 0)
                return r;

        /* The name in field 2 may hold blanks and parentheses: count from the last ')'. */
        char *p = strrchr(stat, ')');
        for (unsigned field = 2; p && field < 22; field++)
                p = strchr(p + 1, ' ');
        if (!p)
                return -EBADMSG;

        p++;
        p[strcspn(p, " ")] = '\0';
        return parse_u64(p, ret) < 0 ? -EBADMSG : 0;
}
