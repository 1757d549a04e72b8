/* SPDX-License-Identifier: MIT */
#include "image/confine/confine.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"

/* ---- capabilities ----------------------------------------------------------------------------- */
/* Files of any owner, mode and kind, with file capabilities. trusted.* is not among them. */
static const unsigned kept_capabilities[] = {
        CAP_CHOWN,
        CAP_DAC_OVERRIDE,
        CAP_DAC_READ_SEARCH,
        CAP_FOWNER,
        CAP_FSETID,
        CAP_MKNOD,
        CAP_SETFCAP,
};

static int drop_capabilities(bool all) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {},
                                      now[_LINUX_CAPABILITY_U32S_3];

        if (syscall(SYS_capget, &header, now) < 0)
                return -errno;
        for (size_t i = 0; !all && i < ELEMENTSOF(kept_capabilities); i++) {
                unsigned c = kept_capabilities[i];
                data[CAP_TO_INDEX(c)].permitted |= CAP_TO_MASK(c) & now[CAP_TO_INDEX(c)].permitted;
        }
        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                data[i].effective = data[i].permitted;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
                return -errno;
        return neg_errno((int) syscall(SYS_capset, &header, data));
}

/* ---- Landlock --------------------------------------------------------------------------------- */
/* Of <linux/landlock.h> after Linux 6.1. */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE \
        (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
                        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
                        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
                        LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
                        LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | \
                        LANDLOCK_ACCESS_FS_REFER)

/* The first version forbids links between directories, of which layers are full; the second has a
 * right for them. */
#define LANDLOCK_VERSION_MIN 2
#define LANDLOCK_VERSION_TRUNCATE 3

static int landlock_version(void) {
        return (int) syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool confine_has_landlock(void) {
        return landlock_version() >= LANDLOCK_VERSION_MIN;
}

static int landlock_allow(int ruleset, int fd, uint64_t access) {
        struct landlock_path_beneath_attr rule = { .parent_fd = fd };
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        /* Rights that only directories have are refused for files. */
        rule.allowed_access = S_ISDIR(st.st_mode) ? access : access & LANDLOCK_ACCESS_FS_READ_FILE;
        return neg_errno((int) syscall(
                        SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

static int restrict_files(const ConfineSpec *spec) {
        int version = landlock_version(), r = 0;

        if (version < LANDLOCK_VERSION_MIN)
                return 0;
        uint64_t write =
                        ACCESS_WRITE | (version >= LANDLOCK_VERSION_TRUNCATE ? ACCESS_TRUNCATE : 0);
        struct landlock_ruleset_attr attributes = {
                .handled_access_fs = ACCESS_READ | write | LANDLOCK_ACCESS_FS_EXECUTE,
        };
        _cleanup_close_ int ruleset = neg_errno((int) syscall(
                        SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0));
        if (ruleset < 0)
                return ruleset;
        for (size_t i = 0; i < spec->n_write_fds && r >= 0; i++)
                r = landlock_allow(ruleset, spec->write_fds[i], ACCESS_READ | write);
        for (size_t i = 0; i < spec->n_read_fds && r >= 0; i++)
                r = landlock_allow(ruleset, spec->read_fds[i], ACCESS_READ);
        if (r >= 0)
                r = neg_errno((int) syscall(SYS_landlock_restrict_self, ruleset, 0));
        return r;
}

/* ---- system calls ----------------------------------------------------------------------------- */
#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__arm__)
#define OWN_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__i386__)
#define OWN_ARCHITECTURE AUDIT_ARCH_I386
#else
#error "no seccomp architecture is known for this machine"
#endif

#define X32_BIT 0x40000000U

/* What the C library, libarchive, libcrypto and this program use. No exec, mount, ptrace, namespace,
 * key, bpf call is among them, and no way to make a socket. */
static const int allowed_calls[] = {
        __NR_read,
        __NR_pread64,
        __NR_readv,
        __NR_write,
        __NR_pwrite64,
        __NR_writev,
        __NR_lseek,
        __NR_close,
        __NR_openat,
        __NR_openat2,
        __NR_fstat,
        __NR_statx,
        __NR_fstatfs,
        __NR_getdents64,
        __NR_readlinkat,
        __NR_fcntl,
        __NR_dup,
        __NR_pipe2,
        __NR_mkdirat,
        __NR_mknodat,
        __NR_symlinkat,
        __NR_linkat,
        __NR_unlinkat,
        __NR_renameat2,
        __NR_ftruncate,
        __NR_fchmod,
        __NR_fchmodat,
        __NR_fchown,
        __NR_fchownat,
        __NR_utimensat,
        __NR_fsetxattr,
        __NR_fgetxattr,
        __NR_flistxattr,
        __NR_fsync,
        __NR_fdatasync,
        __NR_syncfs,
#ifdef __NR_sync_file_range
        __NR_sync_file_range,
#endif
        __NR_flock,
        __NR_copy_file_range,
        __NR_munmap,
        __NR_mprotect,
        __NR_mremap,
        __NR_madvise,
        __NR_brk,
        __NR_futex,
        __NR_getrandom,
        __NR_clock_gettime,
        __NR_clock_nanosleep,
        __NR_ppoll,
        __NR_epoll_create1,
        __NR_epoll_ctl,
        __NR_epoll_pwait,
        __NR_sendmsg,
        __NR_recvmsg,
        __NR_umask,
        __NR_uname,
        __NR_getpid,
        __NR_getppid,
        __NR_close_range,
        __NR_gettid,
        __NR_getuid,
        __NR_geteuid,
        __NR_tgkill,
        __NR_rt_sigaction,
        __NR_rt_sigprocmask,
        __NR_rt_sigreturn,
        __NR_sigaltstack,
        __NR_restart_syscall,
        __NR_sched_yield,
        __NR_sched_getaffinity,
        __NR_prlimit64,
        __NR_prctl, /* to give up more */
        __NR_capget,
        __NR_capset,
        __NR_landlock_create_ruleset,
        __NR_landlock_add_rule,
        __NR_landlock_restrict_self,
        __NR_seccomp,
        __NR_exit,
        __NR_exit_group,
#ifdef __NR_renameat
        __NR_renameat,
#endif
#ifdef __NR_newfstatat
        __NR_newfstatat,
#endif
#ifdef __NR_mmap
        __NR_mmap,
#endif
/* The same on 32-bit machines, where the plain names have narrower types. */
#ifdef __NR_mmap2
        __NR_mmap2,
        __NR_fstat64,
        __NR_fstatat64,
        __NR_fstatfs64,
        __NR_ftruncate64,
        __NR_fcntl64,
        __NR__llseek,
        __NR_fchown32,
        __NR_getuid32,
        __NR_geteuid32,
        __NR_clock_gettime64,
        __NR_clock_nanosleep_time64,
        __NR_futex_time64,
        __NR_ppoll_time64,
        __NR_utimensat_time64,
#endif
/* What newer architectures never had. */
#ifdef __NR_open
        __NR_open,
        __NR_poll,
        __NR_epoll_wait,
        __NR_readlink,
        __NR_unlink,
        __NR_rename,
#endif
};

/* Only where confined processes are started; clone's flags are checked besides. */
static const int fork_calls[] = {
        __NR_set_robust_list,
        __NR_set_tid_address,
        __NR_wait4,
        __NR_waitid,
        __NR_kill,
};

/* Only for who asks the network: libcurl, the C library's resolver, and the thread that it runs in.
 * socket() is checked besides, and nothing listens. */
static const int connect_calls[] = {
        __NR_connect,
        __NR_bind, /* the resolver's netlink socket */
        __NR_shutdown,
        __NR_getsockopt,
        __NR_setsockopt,
        __NR_getsockname,
        __NR_getpeername,
        __NR_sendto,
        __NR_recvfrom,
        __NR_sendmmsg,
        __NR_recvmmsg,
        __NR_socketpair,
        __NR_eventfd2,
        __NR_ioctl, /* FIONREAD and FIONBIO; what else there is takes a descriptor that is not had */
        __NR_set_robust_list,
        __NR_sysinfo,
        __NR_getgid,
        __NR_getegid,
        __NR_gettimeofday,
        __NR_clock_getres,
        __NR_faccessat,
#ifdef __NR_faccessat2
        __NR_faccessat2,
#endif
#ifdef __NR_rseq
        __NR_rseq,
#endif
#ifdef __NR_access
        __NR_access,
        __NR_stat,
        __NR_lstat,
        __NR_time,
#endif
#ifdef __NR_mmap2
        __NR_getgid32,
        __NR_getegid32,
        __NR_clock_getres_time64,
        __NR_recvmmsg_time64,
#endif
/* i386 may have one call for all of them, whose arguments can't be looked at. */
#ifdef __NR_socketcall
        __NR_socketcall,
#endif
};

static const int allowed_families[] = {
        AF_INET,
        AF_INET6,
        AF_UNIX,    /* resolvers' services */
        AF_NETLINK, /* which addresses we have, hence which are worth trying */
};

#define NAMESPACE_FLAGS \
        ((unsigned) (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
                        CLONE_NEWPID | CLONE_NEWNET))

#define FILTER_SIZE_MAX 512U

typedef struct Filter {
        struct sock_filter code[FILTER_SIZE_MAX];
        unsigned size;
} Filter;

static void emit(Filter *f, struct sock_filter instruction) {
        assert(f->size < FILTER_SIZE_MAX); /* the tables above are ours */
        f->code[f->size++] = instruction;
}

static void emit_load(Filter *f, size_t offset) {
        emit(f, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset));
}

static void emit_return(Filter *f, uint32_t action) {
        emit(f, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, action));
}

static void emit_allow(Filter *f, int number) {
        emit(f, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) number, 0, 1));
        emit_return(f, SECCOMP_RET_ALLOW);
}

/* The call, if the kernel would read its 32-bit argument as @value. */
static void emit_allow_with(Filter *f, int number, unsigned argument, uint32_t value) {
        size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

        offset += __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : sizeof(uint32_t);
        emit(f, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) number, 0, 4));
        emit_load(f, offset);
        emit(f, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
        emit_return(f, SECCOMP_RET_ALLOW);
        emit_return(f, SECCOMP_RET_ERRNO | ENOTTY);
}

/* clone() with some of @flags: @result, without: the other of allowed and refused. Leaves the filter's
 * accumulator as it was if it is another call. */
static void emit_clone(Filter *f, unsigned flags, bool allowed_with) {
        emit(f, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4));
        emit_load(f, offsetof(struct seccomp_data, args[0]));
        emit(f,
                        (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
                                        flags,
                                        allowed_with ? 0 : 1,
                                        allowed_with ? 1 : 0));
        emit_return(f, SECCOMP_RET_ALLOW);
        emit_return(f, SECCOMP_RET_ERRNO | ENOSYS);
}

static void emit_socket(Filter *f) {
        const unsigned n = ELEMENTSOF(allowed_families);

        emit(f,
                        (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                        __NR_socket,
                                        0,
                                        (unsigned char) (2 * n + 2)));
        emit_load(f, offsetof(struct seccomp_data, args[0]));
        for (unsigned i = 0; i < n; i++)
                emit_allow(f, allowed_families[i]);
        emit_return(f, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void filter_build(Filter *f, const ConfineSpec *spec) {
        /* Another architecture's numbers would mean other calls. */
        emit_load(f, offsetof(struct seccomp_data, arch));
        emit(f, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0));
        emit_return(f, SECCOMP_RET_KILL_PROCESS);
        emit_load(f, offsetof(struct seccomp_data, nr));
        emit(f, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
        emit_return(f, SECCOMP_RET_KILL_PROCESS);

        for (size_t i = 0; i < ELEMENTSOF(allowed_calls); i++)
                emit_allow(f, allowed_calls[i]);
        if (spec->may_clone)
                emit_allow_with(f, __NR_ioctl, 1, FICLONE);
        if (spec->may_fork) {
                for (size_t i = 0; i < ELEMENTSOF(fork_calls); i++)
                        emit_allow(f, fork_calls[i]);
                emit_clone(f, NAMESPACE_FLAGS, /* allowed_with= */ false);
        }
        if (spec->may_connect) {
                for (size_t i = 0; i < ELEMENTSOF(connect_calls); i++)
                        emit_allow(f, connect_calls[i]);
                emit_socket(f);
                emit_clone(f, CLONE_THREAD, /* allowed_with= */ true);
        }
        /* "Not there" is what libraries are prepared for; they fall back or fail. */
        emit_return(f, SECCOMP_RET_ERRNO | ENOSYS);
}

static int filter_calls(const ConfineSpec *spec) {
        Filter f = {};

        filter_build(&f, spec);
        struct sock_fprog program = { .len = (unsigned short) f.size, .filter = f.code };
        return neg_errno((int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

int confine_descriptors(const int *keep, size_t n_keep) {
        unsigned first = STDERR_FILENO + 1;

        for (;;) {
                unsigned next = ~0U;
                for (size_t i = 0; i < n_keep; i++)
                        if ((unsigned) keep[i] >= first)
                                next = MIN(next, (unsigned) keep[i]);
                int r = next > first ? sys_close_range(first, next == ~0U ? next : next - 1, 0) : 0;
                if (r < 0 || next == ~0U)
                        return r;
                first = next + 1;
        }
}

int confine_process(const ConfineSpec *spec, Error *error) {
        struct rlimit no_core = {};
        int r;

        r = neg_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        if (r >= 0)
                r = neg_errno(setrlimit(RLIMIT_CORE, &no_core));
        if (r >= 0)
                r = drop_capabilities(/* all= */ spec->may_connect);
        if (r < 0)
                return error_set(error, r, ERROR_RUNTIME, "cannot drop privileges");
        r = restrict_files(spec);
        if (r < 0)
                return error_set(
                                error, r, ERROR_RUNTIME, "cannot restrict file access by Landlock");
        r = filter_calls(spec);
        return r < 0 ? error_set(error, r, ERROR_RUNTIME, "cannot filter system calls") : 0;
}
