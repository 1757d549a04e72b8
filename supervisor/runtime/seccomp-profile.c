/* SPDX-License-Identifier: MIT */
#include "runtime/seccomp-profile.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "base/macro.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define NAMES(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define ARGUMENT(...) (&(const SeccompArgument) { __VA_ARGS__ })

/* clone()'s flags are its first argument but on s390, where they are the second. */
#ifdef __s390__
#define CLONE_FLAGS_INDEX 1
#else
#define CLONE_FLAGS_INDEX 0
#endif

/* CLONE_NEWTIME is no flag of clone(): its bit lies in the exit signal. */
#define CLONE_NAMESPACES \
        (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
                        CLONE_NEWPID | CLONE_NEWNET)

/* personality(): Linux and 32 bit, each also with UNAME26, and the question what it is. */
#define PERSONALITY(value) \
        { .names = NAMES("personality"), .argument = ARGUMENT(0, SCMP_CMP_EQ, (value), 0) }

/* clang-format off */
static const char *const always[] = {
        /* files */
        "access", "chdir", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range", "creat",
        "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
        "fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl",
        "fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat",
        "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64", "futimesat",
        "getcwd", "getdents", "getdents64", "getxattr", "getxattrat", "inotify_add_watch", "inotify_init",
        "inotify_init1", "inotify_rm_watch", "ioctl", "lchown", "lchown32", "lgetxattr", "link", "linkat",
        "listxattr", "listxattrat", "llistxattr", "_llseek", "lremovexattr", "lseek", "lsetxattr", "lstat",
        "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat",
        "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
        "readlink", "readlinkat", "readv", "removexattr", "removexattrat", "rename", "renameat", "renameat2",
        "rmdir", "sendfile", "sendfile64", "setxattr", "setxattrat", "splice", "stat", "stat64", "statfs",
        "statfs64", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee", "truncate",
        "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes",
        "vmsplice", "write", "writev", "cachestat",
        /* memory */
        "brk", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore", "mlock",
        "mlock2", "mlockall", "mmap", "mmap2", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall",
        "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "process_mrelease", "remap_file_pages",
        /* processes and who they are */
        "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "getegid", "getegid32",
        "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getpgid", "getpgrp",
        "getpid", "getppid", "getpriority", "getresgid", "getresgid32", "getresuid", "getresuid32",
        "getrlimit", "getrusage", "getsid", "gettid", "getuid", "getuid32", "ioprio_get", "ioprio_set", "kill",
        "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "pause", "pidfd_open",
        "pidfd_send_signal", "prctl", "prlimit64", "restart_syscall", "rseq", "seccomp", "setfsgid",
        "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setpgid",
        "setpriority", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32",
        "setreuid", "setreuid32", "setrlimit", "setsid", "setuid", "setuid32", "sysinfo", "tgkill", "times",
        "tkill", "ugetrlimit", "uname", "vfork", "wait4", "waitid", "waitpid",
        /* threads and scheduling */
        "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "getcpu",
        "get_robust_list", "get_thread_area", "sched_getaffinity", "sched_getattr", "sched_getparam",
        "sched_get_priority_max", "sched_get_priority_min", "sched_getscheduler", "sched_rr_get_interval",
        "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam",
        "sched_setscheduler", "sched_yield", "set_robust_list", "set_thread_area", "set_tid_address",
        /* signals */
        "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
        "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sigaltstack", "signalfd",
        "signalfd4", "sigprocmask", "sigreturn",
        /* waiting */
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
        "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "io_cancel", "io_destroy", "io_getevents",
        "io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit", "_newselect", "poll", "ppoll",
        "ppoll_time64", "pselect6", "pselect6_time64", "select",
        /* time; setting a clock with these takes CAP_SYS_TIME anyhow */
        "adjtimex", "alarm", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
        "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer",
        "gettimeofday", "nanosleep", "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun",
        "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create",
        "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
        /* communication */
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "ipc", "listen",
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
        "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "pipe", "pipe2", "recv",
        "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "semctl", "semget", "semop", "semtimedop",
        "semtimedop_time64", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shmat", "shmctl", "shmdt",
        "shmget", "shutdown", "socketcall", "socketpair",
        /* random numbers; tracing is harmless since Linux 4.8, where it can't pass a filter by */
        "getrandom", "process_vm_readv", "process_vm_writev", "ptrace",
        /* of one architecture each */
        "arch_prctl", "arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "modify_ldt",
        "riscv_flush_icache", "riscv_hwprobe", "s390_pci_mmio_read", "s390_pci_mmio_write",
        "s390_runtime_instr", "set_tls", "swapcontext", "sync_file_range2",
        NULL,
};

const SeccompRow seccomp_profile[] = {
        { .names = always },

        /* AF_VSOCK talks to the hypervisor, past every network namespace. */
        { .names = NAMES("socket"), .argument = ARGUMENT(0, SCMP_CMP_NE, AF_VSOCK, 0) },

        PERSONALITY(0x0), PERSONALITY(0x8), PERSONALITY(0x20000), PERSONALITY(0x20008), PERSONALITY(0xffffffff),

        { .names = NAMES("open_by_handle_at"), .needs = CAP(DAC_READ_SEARCH) },
        {
                .names = NAMES("bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick",
                               "listmount", "lookup_dcookie", "lsm_get_self_attr", "lsm_list_modules",
                               "lsm_set_self_attr", "mount", "mount_setattr", "move_mount", "open_tree",
                               "perf_event_open", "quotactl", "quotactl_fd", "setdomainname", "sethostname",
                               "setns", "statmount", "syslog", "umount", "umount2", "unshare"),
                .needs = CAP(SYS_ADMIN),
        },
        {
                .names = NAMES("clone"),
                .excluded = CAP(SYS_ADMIN),
                .argument = ARGUMENT(CLONE_FLAGS_INDEX, SCMP_CMP_MASKED_EQ, CLONE_NAMESPACES, 0),
        },
        /* Its flags lie in memory, where no filter can look: programs fall back to clone(). */
        { .names = NAMES("clone3"), .excluded = CAP(SYS_ADMIN), .error = ENOSYS },
        { .names = NAMES("reboot"), .needs = CAP(SYS_BOOT) },
        { .names = NAMES("chroot"), .needs = CAP(SYS_CHROOT) },
        { .names = NAMES("delete_module", "init_module", "finit_module"), .needs = CAP(SYS_MODULE) },
        { .names = NAMES("acct"), .needs = CAP(SYS_PACCT) },
        { .names = NAMES("kcmp", "pidfd_getfd", "process_madvise"), .needs = CAP(SYS_PTRACE) },
        { .names = NAMES("iopl", "ioperm"), .needs = CAP(SYS_RAWIO) },
        { .names = NAMES("settimeofday", "stime", "clock_settime", "clock_settime64"), .needs = CAP(SYS_TIME) },
        { .names = NAMES("vhangup"), .needs = CAP(SYS_TTY_CONFIG) },
        {
                .names = NAMES("get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"),
                .needs = CAP(SYS_NICE),
        },
        { .names = NAMES("syslog"), .needs = CAP(SYSLOG), .excluded = CAP(SYS_ADMIN) },
        { .names = NAMES("bpf"), .needs = CAP(BPF), .excluded = CAP(SYS_ADMIN) },
        { .names = NAMES("perf_event_open"), .needs = CAP(PERFMON), .excluded = CAP(SYS_ADMIN) },
};
/* clang-format on */
const size_t seccomp_profile_size = ELEMENTSOF(seccomp_profile);
