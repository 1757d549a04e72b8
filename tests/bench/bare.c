/* SPDX-License-Identifier: MIT */

/*
 * The yardstick of `make bench`: the same namespaces, mounts, filter and capabilities as a container of
 * supd, made by the fewest system calls, straight from main(). What supd takes above this is supd's own.
 *
 *     bare [--net] [--runs N] [--cgroup DIR] [--join DIR]... [--bind FROM:TO] ROOT COMMAND [ARGUMENT...]
 *
 * ROOT is the lower directory of an overlay and must hold /proc, /sys, /dev and TO, which is relative to it.
 * COMMAND's first output, on standard output, is the time of CLOCK_MONOTONIC in nanoseconds: `tick stdout`.
 * DIR of --cgroup is one of cgroup v2, DIR of --join one of v1, for each hierarchy with a controller of its own.
 * Prints "MEDIAN MINIMUM MAXIMUM RUNS", in microseconds, from before clone3() to that time.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
#define RUNS_MAX 100000
#define JOIN_MAX 16

/* Docker's default set. */
#define CAPABILITIES 0xa80425fbULL

typedef struct Options {
        bool net;
        unsigned runs;
        int cgroup_fd;          /* -1: none */
        int join_fds[JOIN_MAX]; /* "tasks" of v1 */
        size_t n_join_fds;
        const char *root;
        char *bind_from, *bind_to; /* owned, one allocation; NULL: none */
        char **command;
} Options;

static void fail(const char *what) {
        fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
        _exit(125);
}

#define TRY(call) \
        do { \
                if ((long) (call) < 0) \
                        fail(#call); \
        } while (0)

static uint64_t now_nsec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

static void mount_root(const char *root) {
        TRY(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));

        int lower = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        TRY(lower);
        TRY(mount("tmpfs", root, "tmpfs", 0, "mode=0755"));
        TRY(chdir(root));
        TRY(mkdir("upper", 0755));
        TRY(mkdir("work", 0755));

        char options[128];
        snprintf(options,
                        sizeof(options),
                        "lowerdir=/proc/self/fd/%d,upperdir=upper,workdir=work",
                        lower);
        TRY(mount("overlay", root, "overlay", 0, options));
        close(lower);
        TRY(chdir(root));
}

/* A volume, as users have them; here it is the directory with the FIFO that others report through. */
static void mount_volume(const Options *o) {
        TRY(mount(o->bind_from, o->bind_to, NULL, MS_BIND, NULL));
}

static void mount_filesystems(void) {
        const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;

        TRY(mount("proc", "proc", "proc", safe, NULL));
        TRY(mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL));
        TRY(mount("cgroup2", "sys/fs/cgroup", "cgroup2", safe | MS_RDONLY, NULL));
        TRY(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=0755,size=65536k"));
        TRY(mkdir("dev/pts", 0755));
        TRY(mkdir("dev/mqueue", 0755));
        TRY(mkdir("dev/shm", 0755));
        TRY(mount("devpts",
                        "dev/pts",
                        "devpts",
                        MS_NOSUID | MS_NOEXEC,
                        "newinstance,ptmxmode=0666,mode=0620,gid=5"));
        TRY(mount("mqueue", "dev/mqueue", "mqueue", safe, NULL));
        TRY(mount("tmpfs", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"));
}

static void make_devices(void) {
        static const struct {
                const char *path;
                unsigned major, minor;
        } devices[] = {
                { "dev/null", 1, 3 },
                { "dev/zero", 1, 5 },
                { "dev/full", 1, 7 },
                { "dev/random", 1, 8 },
                { "dev/urandom", 1, 9 },
                { "dev/tty", 5, 0 },
        };
        static const char *const links[][2] = {
                { "/proc/self/fd", "dev/fd" },
                { "/proc/self/fd/0", "dev/stdin" },
                { "/proc/self/fd/1", "dev/stdout" },
                { "/proc/self/fd/2", "dev/stderr" },
                { "/proc/kcore", "dev/core" },
                { "pts/ptmx", "dev/ptmx" },
        };

        for (size_t i = 0; i < ELEMENTSOF(devices); i++)
                TRY(mknod(devices[i].path,
                                S_IFCHR | 0666,
                                makedev(devices[i].major, devices[i].minor)));
        for (size_t i = 0; i < ELEMENTSOF(links); i++)
                TRY(symlink(links[i][0], links[i][1]));
}

static void mask_paths(void) {
        static const char *const masked[] = {
                "proc/acpi",
                "proc/asound",
                "proc/interrupts",
                "proc/kcore",
                "proc/keys",
                "proc/latency_stats",
                "proc/sched_debug",
                "proc/scsi",
                "proc/timer_list",
                "proc/timer_stats",
                "sys/devices/virtual/powercap",
                "sys/firmware",
        };
        static const char *const read_only[] = {
                "proc/bus",
                "proc/fs",
                "proc/irq",
                "proc/sys",
                "proc/sysrq-trigger",
        };

        for (size_t i = 0; i < ELEMENTSOF(masked); i++) {
                if (mount("dev/null", masked[i], NULL, MS_BIND, NULL) < 0 && errno == ENOTDIR)
                        TRY(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, NULL));
        }
        for (size_t i = 0; i < ELEMENTSOF(read_only); i++) {
                if (mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL) >= 0)
                        TRY(mount(NULL,
                                        read_only[i],
                                        NULL,
                                        MS_BIND | MS_REMOUNT | MS_RDONLY,
                                        NULL));
        }
}

static void loopback_up(void) {
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        TRY(fd);
        TRY(ioctl(fd, SIOCSIFFLAGS, &request));
        close(fd);
}

/* A short list of what is refused: no filter that a runtime loads is quicker to load. */
static void load_filter(void) {
        static const int refused[] = {
                SYS_mount,
                SYS_umount2,
                SYS_unshare,
                SYS_setns,
                SYS_reboot,
                SYS_swapon,
                SYS_swapoff,
                SYS_keyctl,
                SYS_add_key,
                SYS_request_key,
                SYS_bpf,
                SYS_acct,
                SYS_init_module,
                SYS_finit_module,
                SYS_delete_module,
                SYS_kexec_load,
                SYS_perf_event_open,
                SYS_settimeofday,
                SYS_clock_settime,
                SYS_open_by_handle_at,
                SYS_userfaultfd,
                SYS_pivot_root,
        };
        struct sock_filter filter[2 * ELEMENTSOF(refused) + 2] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        };
        size_t n = 1;

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                filter[n++] = (struct sock_filter) BPF_JUMP(
                                BPF_JMP | BPF_JEQ | BPF_K, (unsigned) refused[i], 0, 1);
                filter[n++] = (struct sock_filter) BPF_STMT(
                                BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
        }
        filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

        struct sock_fprog program = { .len = (unsigned short) n, .filter = filter };
        TRY(syscall(SYS_seccomp,
                        SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                        &program));
}

static void drop_capabilities(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {
                { .effective = (uint32_t) CAPABILITIES, .permitted = (uint32_t) CAPABILITIES },
        };

        for (unsigned c = 0; c <= CAP_LAST_CAP; c++) {
                if (!(CAPABILITIES >> c & 1))
                        prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
        }
        load_filter(); /* needs CAP_SYS_ADMIN */
        TRY(syscall(SYS_capset, &header, data));
}

/* A thread that moves itself through "tasks" spares the kernel a lock over all processes. */
static void join_cgroups(const Options *o) {
        for (size_t i = 0; i < o->n_join_fds; i++)
                TRY(write(o->join_fds[i], "0", 1));
}

__attribute__((noreturn)) static void child(const Options *o, int out) {
        join_cgroups(o);
        TRY(unshare(CLONE_NEWCGROUP));
        TRY(setsid());
        umask(0);
        mount_root(o->root);
        mount_filesystems();
        make_devices();
        if (o->bind_from)
                mount_volume(o);
        mask_paths();
        TRY(sethostname("bare", 4));
        if (o->net)
                loopback_up();
        TRY(syscall(SYS_pivot_root, ".", "."));
        TRY(umount2(".", MNT_DETACH));
        TRY(chdir("/"));
        TRY(dup2(out, STDOUT_FILENO));
        umask(022);
        TRY(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC));
        drop_capabilities();
        execve(o->command[0], o->command, environ);
        fail("execve");
        __builtin_unreachable();
}

static double run_once(const Options *o) {
        char text[64] = "";
        int pipe_fds[2], pidfd = -1, status;
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                         (o->net ? CLONE_NEWNET : 0) | (o->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
                .cgroup = o->cgroup_fd >= 0 ? (uint64_t) o->cgroup_fd : 0,
        };

        TRY(pipe2(pipe_fds, O_CLOEXEC));
        uint64_t begin = now_nsec();
        pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        TRY(pid);
        if (pid == 0)
                child(o, pipe_fds[1]);

        close(pipe_fds[1]);
        ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);
        close(pipe_fds[0]);
        close(pidfd);
        TRY(waitpid(pid, &status, 0));
        if (n <= 0 || status != 0) {
                fprintf(stderr, "bare: the command failed\n");
                _exit(1);
        }
        return (double) (strtoull(text, NULL, 10) - begin) / 1000.0;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static int usage(void) {
        fprintf(stderr,
                        "usage: bare [--net] [--runs N] [--cgroup DIR] [--join DIR]... [--bind "
                        "FROM:TO] ROOT "
                        "COMMAND [ARGUMENT...]\n");
        return 2;
}

static void parse_join(const char *directory, Options *o) {
        char path[4096];

        if (o->n_join_fds == JOIN_MAX) {
                errno = E2BIG;
                fail("--join");
        }
        snprintf(path, sizeof(path), "%s/tasks", directory);
        TRY(o->join_fds[o->n_join_fds++] = open(path, O_WRONLY | O_CLOEXEC));
}

static void parse_bind(const char *text, Options *o) {
        free(o->bind_from);
        TRY((o->bind_from = strdup(text)) ? 0 : -1);
        o->bind_to = strchr(o->bind_from, ':');
        if (!o->bind_to) {
                errno = EINVAL;
                fail("--bind");
        }
        *o->bind_to++ = '\0';
}

static int parse(int argc, char **argv, Options *o) {
        int i = 1;

        for (; i < argc && argv[i][0] == '-'; i++) {
                if (strcmp(argv[i], "--net") == 0)
                        o->net = true;
                else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
                        o->runs = (unsigned) strtoul(argv[++i], NULL, 10);
                else if (strcmp(argv[i], "--cgroup") == 0 && i + 1 < argc)
                        TRY(o->cgroup_fd = open(argv[++i], O_PATH | O_DIRECTORY | O_CLOEXEC));
                else if (strcmp(argv[i], "--join") == 0 && i + 1 < argc)
                        parse_join(argv[++i], o);
                else if (strcmp(argv[i], "--bind") == 0 && i + 1 < argc)
                        parse_bind(argv[++i], o);
                else
                        return -EINVAL;
        }
        if (argc - i < 2 || o->runs == 0 || o->runs > RUNS_MAX)
                return -EINVAL;
        o->root = argv[i];
        o->command = argv + i + 1;
        return 0;
}

int main(int argc, char **argv) {
        Options o = { .runs = 50, .cgroup_fd = -1 };

        if (parse(argc, argv, &o) < 0)
                return usage();

        double *times = calloc(o.runs, sizeof(*times));
        if (!times)
                return 1;
        for (unsigned i = 0; i < o.runs; i++)
                times[i] = run_once(&o);
        qsort(times, o.runs, sizeof(*times), compare);
        printf("%.1f %.1f %.1f %u\n", times[o.runs / 2], times[0], times[o.runs - 1], o.runs);
        free(times);
        free(o.bind_from);
        return 0;
}
