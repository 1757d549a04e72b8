/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Kernel calls that the C library of Debian 12 has no wrapper for, and those that tests replace by
 * linking tests/lib/fake-sys.c. Each returns its result or a negative errno; errno is not used.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct clone_args; /* <linux/sched.h> */
struct mount_attr; /* <linux/mount.h> */

/* Return: pid, 0 in the child, or negative errno. */
pid_t sys_clone3(struct clone_args *args);

int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int signal);

/**
 * sys_pidfd_exit_status() - how a process that is no child of ours ended
 *
 * Return: 1 and a waitpid()-style status if it ended; 0 if it still runs; -EOPNOTSUPP before
 * Linux 6.15; -ESRCH or another errno if the kernel does not say.
 */
int sys_pidfd_exit_status(int pidfd, int *ret_status);

/* openat2(2); @resolve is RESOLVE_… of <linux/openat2.h>. O_CLOEXEC is added. */
int sys_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

int sys_open_tree(int dir_fd, const char *path, unsigned flags);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_fsopen(const char *type, unsigned flags);
int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux);
int sys_fsmount(int fd, unsigned flags, unsigned attributes);
int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attributes);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_close_range(unsigned first, unsigned last, unsigned flags);

/**
 * sys_process_start_time() - field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it
 * names a process for good
 */
int sys_process_start_time(pid_t pid, uint64_t *ret);
