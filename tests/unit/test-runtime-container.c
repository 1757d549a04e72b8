/* SPDX-License-Identifier: MIT */

/* Real containers on a root made of busybox, without supinit unless a test is about it. Needs root. */

#include "runtime/container.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "runtime/container-internal.h"
#include "runtime/plan.h"

#define BUSYBOX "/bin/busybox"
#define OUTPUT_MAX (1024U * 1024U)
#define DEADLINE_MSEC 20000

typedef struct Fixture {
        char *dir;        /* owned; below it "root" and what tests put beside it */
        char *root;       /* owned */
        Runtime *runtime; /* owned */
        RuntimeSpec spec; /* what a test changes before run() */
        char *output;     /* owned; of the last run */
        char *error;      /* owned; of the last run, or NULL */
        int status;       /* as of waitpid(); -1: the start failed */
} Fixture;

static const char *const applets[] = {
        "sh",
        "cat",
        "ls",
        "id",
        "hostname",
        "mount",
        "unshare",
        "mkdir",
        "touch",
        "stat",
        "grep",
        "echo",
        "head",
        "readlink",
        "ps",
        "umount",
        "date",
        "env",
        "rm",
        "ln",
        "wc",
        "sed",
        "sleep",
        "dd",
        "find",
        "chmod",
        "printf",
        "true",
        "tr",
};

static char *path_in(const char *dir, const char *name) {
        char *path = str_printf("%s/%s", dir, name);

        assert_non_null(path);
        return path;
}

static void write_file(const char *dir, const char *name, const char *text) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(file_replace(AT_FDCWD, path, text, 0644, false), 0);
}

static void make_dir(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(dir_make_all(path, 0755), 0);
}

static void make_link(const char *target, const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(symlink(target, path), 0);
}

static bool exists(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        return access(path, F_OK) == 0;
}

static void make_root(const char *root) {
        _cleanup_free_ char *program = NULL, *busybox = path_in(root, "bin/busybox");
        size_t size;

        make_dir(root, "bin");
        make_dir(root, "etc");
        assert_int_equal(file_read(AT_FDCWD, BUSYBOX, 16 * 1024 * 1024, &program, &size), 0);
        _cleanup_close_ int fd = open(busybox, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, program, size), 0);
        for (size_t i = 0; i < ELEMENTSOF(applets); i++) {
                _cleanup_free_ char *name = str_printf("bin/%s", applets[i]);
                make_link("busybox", root, name);
        }
        write_file(root,
                        "etc/passwd",
                        "root:x:0:0:root:/root:/bin/sh\n"
                        "www:x:33:34:web:/var/www:/bin/sh\n");
        write_file(root, "etc/group", "root:x:0:\nwww:x:34:\nmedia:x:50:other,www\nstaff:x:60:\n");
}

static int set_up(void **state) {
        char dir[] = "/tmp/supd-rt-XXXXXX";

        if (getuid() != 0 || access(BUSYBOX, X_OK) < 0)
                return 0; /* *state stays NULL: each test skips itself */

        Fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        assert_non_null(mkdtemp(dir));
        assert_int_equal(chmod(dir, 0755), 0);
        f->dir = strdup(dir);
        f->root = path_in(dir, "root");
        make_root(f->root);
        assert_int_equal(runtime_new(NULL, &f->runtime, NULL), 0);
        f->spec = (RuntimeSpec) {
                .hostname = "box",
                .root = { .path = f->root, .overlay = true, .shm_size_bytes = 1024 * 1024 },
                .process = { .stdin_fd = -EBADF },
                .security = { .capabilities = runtime_capabilities_default(), .seccomp = true },
        };
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        if (!f)
                return 0;
        assert_int_equal(dir_remove_all(AT_FDCWD, f->dir), 0);
        f->runtime = runtime_free(f->runtime);
        free(f->dir);
        free(f->root);
        free(f->output);
        free(f->error);
        free(f);
        return 0;
}

static Fixture *fixture(void **state) {
        if (!*state)
                skip();
        return *state;
}

static void wait_readable(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
}

static void collect(Fixture *f, RuntimeChild *c) {
        Error error = {};
        SupdStatusRecord record;

        wait_readable(c->pidfd);
        int r = runtime_status_read(c->status_fd, &record);
        if (r == 1 && (record.type == SUPD_STATUS_SETUP_FAILED ||
                                      record.type == SUPD_STATUS_EXEC_FAILED)) {
                r = runtime_child_error(c, &record, &error);
                f->error = strdup(error_text(&error, r));
                error_done(&error);
        } else if (c->plan->exec_paths)
                assert_int_equal(r, 0);
        assert_int_equal(waitpid(c->pid, &f->status, 0), c->pid);
        runtime_child_done(c);
}

/* Starts f->spec and keeps what it prints, and its end. */
static void run_argv(Fixture *f, char *const *argv) {
        Error error = {};
        RuntimeChild c;
        int fds[2];

        free(f->output);
        free(f->error);
        f->output = f->error = NULL;
        f->status = -1;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f->spec.process.argv = argv;
        f->spec.process.stdout_fd = f->spec.process.stderr_fd = fds[1];
        int r = runtime_start(f->runtime, &f->spec, &c, &error);
        (void) close_fd(fds[1]);
        if (r < 0) {
                f->error = strdup(error_text(&error, r));
                error_done(&error);
        } else {
                /* Ends when the container does. */
                assert_int_equal(file_read_fd(fds[0], OUTPUT_MAX, &f->output, NULL), 0);
                collect(f, &c);
        }
        (void) close_fd(fds[0]);
}

static void run(Fixture *f, const char *script) {
        char *argv[] = { (char *) "sh", (char *) "-c", (char *) script, NULL };

        run_argv(f, argv);
        if (f->error)
                print_message("error: %s\n", f->error);
}

#define assert_ran(f) assert_int_equal((f)->status, 0)
#define assert_prints(f, script, expected) \
        do { \
                run((f), (script)); \
                assert_non_null((f)->output); \
                assert_string_equal((f)->output, (expected)); \
        } while (0)
#define assert_fails(f, text) \
        do { \
                run((f), "true"); \
                assert_non_null((f)->error); \
                assert_string_equal((f)->error, (text)); \
        } while (0)
#define assert_contains(f, text) \
        do { \
                assert_non_null((f)->output); \
                if (!strstr((f)->output, (text))) \
                        fail_msg("no '%s' in:\n%s", (text), (f)->output); \
        } while (0)

/* ---- identity and namespaces ---- */

static void test_the_command_is_pid_1_with_its_own_host_name(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f, "echo $$; hostname", "1\nbox\n");
        assert_ran(f);
}

static void test_every_namespace_is_new_and_the_host_network_is_not(void **state) {
        static const char *const kinds[] = { "pid", "mnt", "uts", "ipc", "cgroup", "net" };
        Fixture *f = fixture(state);

        f->spec.network = RUNTIME_NETWORK_HOST;
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                char own[128];
                _cleanup_free_ char *host = str_printf("/proc/self/ns/%s", kinds[i]);
                _cleanup_free_ char *script = str_printf("readlink /proc/self/ns/%s", kinds[i]);

                ssize_t n = readlink(host, own, sizeof(own) - 2);
                assert_true(n > 0);
                own[n] = '\n';
                own[n + 1] = '\0';
                run(f, script);
                assert_ran(f);
                if (str_equal(kinds[i], "net"))
                        assert_string_equal(f->output, own);
                else
                        assert_string_not_equal(f->output, own);
        }
}

static void test_loopback_is_up_in_a_network_namespace_of_its_own(void **state) {
        Fixture *f = fixture(state);

        run(f, "cat /sys/class/net/lo/flags; ls /sys/class/net");
        assert_string_equal(f->output, "0x9\nlo\n");
}

static void test_no_descriptor_leaks(void **state) {
        Fixture *f = fixture(state);
        /* Inheritable, as a library might leave it. */
        _cleanup_close_ int leak =
                        open("/etc", O_RDONLY | O_DIRECTORY); // NOLINT(android-cloexec-open)

        assert_true(leak >= 0);
        run(f, "ls /proc/1/fd; true");
        assert_string_equal(f->output, "0\n1\n2\n");
}

static void test_signals_are_neither_blocked_nor_ignored(void **state) {
        Fixture *f = fixture(state);
        sigset_t set, before;

        assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
        char *argv[] = { (char *) "grep",
                (char *) "-E",
                (char *) "^Sig(Blk|Ign)",
                (char *) "/proc/self/status",
                NULL };
        run_argv(f, argv);
        assert_string_equal(f->output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
}

static void test_session_umask_and_directory_are_set(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "umask; pwd; sed -n 's/^[^)]*) . 0 \\([0-9]* [0-9]*\\) .*/\\1/p' "
                        "/proc/1/stat",
                        "0022\n/\n1 1\n");
}

/* ---- file systems ---- */

static void test_an_overlay_leaves_the_directory_untouched(void **state) {
        Fixture *f = fixture(state);

        run(f, "echo changed >/etc/passwd; mkdir /new; rm /bin/date; cat /etc/passwd; ls -d /new");
        assert_string_equal(f->output, "changed\n/new\n");
        assert_true(exists(f->root, "bin/date"));
        assert_false(exists(f->root, "new"));
        assert_false(exists(f->root, "proc"));
}

static void test_a_root_path_with_separators_works(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *odd = path_in(f->dir, "a:b,c\\d e");

        assert_int_equal(rename(f->root, odd), 0);
        f->spec.root.path = odd;
        assert_prints(f, "hostname", "box\n");
        assert_int_equal(rename(odd, f->root), 0);
}

static void test_a_directory_root_is_written_to(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.overlay = false;
        run(f, "echo kept >/kept");
        assert_ran(f);
        assert_true(exists(f->root, "kept"));
}

static void test_nothing_stays_mounted_on_the_host(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *mounts = NULL;

        run(f, "true");
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", OUTPUT_MAX, &mounts, NULL), 0);
        assert_null(strstr(mounts, f->dir));
}

static void test_the_host_is_out_of_reach(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *script =
                        str_printf("ls -d /../..%s 2>/dev/null; cat /proc/self/mountinfo", f->dir);

        /* The old root is gone with all that was mounted there: only the first mount is a root. */
        run(f, script);
        assert_null(strstr(f->output, f->dir));
        assert_prints(f, "grep -c ' / / ' /proc/self/mountinfo", "1\n");
}

static void test_dev_holds_the_default_devices_and_nothing_else(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "cd /dev && echo *; stat -c '%F %t:%T %a' null zero full random urandom "
                        "tty;"
                        "for l in fd stdin stdout stderr core ptmx; do readlink $l; done; echo x "
                        ">/dev/null; head -c 3 "
                        "/dev/zero | wc -c",
                        "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty "
                        "urandom zero\n"
                        "character special file 1:3 666\ncharacter special file 1:5 666\n"
                        "character special file 1:7 666\ncharacter special file 1:8 666\n"
                        "character special file 1:9 666\ncharacter special file 5:0 666\n"
                        "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n/proc/"
                        "kcore\npts/ptmx\n"
                        "3\n");
}

static void test_kernel_file_systems_have_their_flags(void **state) {
        Fixture *f = fixture(state);

        run(f, "mount");
        assert_contains(f, "proc on /proc type proc (rw,nosuid,nodev,noexec");
        assert_contains(f, "sysfs on /sys type sysfs (ro,nosuid,nodev,noexec");
        assert_contains(f, "cgroup2 on /sys/fs/cgroup type cgroup2 (ro,nosuid,nodev,noexec");
        assert_contains(f, "tmpfs on /dev type tmpfs (rw,nosuid");
        assert_contains(f, "devpts on /dev/pts type devpts (rw,nosuid,noexec");
        assert_contains(f, "ptmxmode=666");
        assert_contains(f, "mqueue on /dev/mqueue type mqueue (rw,nosuid,nodev,noexec");
        assert_contains(f, "tmpfs on /dev/shm type tmpfs (rw,nosuid,nodev,noexec");
        assert_contains(f, "size=1024k");
}

static void test_masked_paths_are_empty(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts "
                        "/proc/latency_stats; do "
                        "[ ! -e $p ] || [ $(head -c 8 $p | wc -c) = 0 ] || echo $p; done;"
                        "for d in /proc/acpi /proc/scsi /sys/firmware; do [ ! -e $d ] || ls $d; "
                        "done;"
                        "touch /sys/firmware/x 2>/dev/null && echo writable",
                        "");
}

static void test_read_only_paths_can_not_be_written(void **state) {
        Fixture *f = fixture(state);

        f->spec.security.capabilities = UINT64_MAX; /* not for want of a right */
        run(f,
                        "for p in /proc/sys/kernel/hostname /proc/sysrq-trigger; do [ ! -e $p ] || "
                        "{ echo h >$p; } 2>&1 | grep -c 'Read-only file system'; done");
        assert_contains(f, "1\n");
        assert_null(strstr(f->output, "0"));
}

static void test_unmask_and_mask_change_the_lists(void **state) {
        Fixture *f = fixture(state);
        char *unmask[] = { (char *) "/proc/key*", NULL }, *all[] = { (char *) "ALL", NULL };
        char *mask[] = { (char *) "/etc/passwd", (char *) "/etc", NULL };

        f->spec.root.unmask = unmask;
        run(f, "[ $(head -c 4 /proc/timer_list | wc -c) = 0 ] && mount | grep -c 'on /proc/keys '");
        assert_string_equal(f->output, "0\n");
        f->spec.root.unmask = all;
        run(f, "mount | grep -c ' on /proc/'");
        assert_string_equal(f->output, "0\n");
        f->spec.root.mask = mask;
        assert_prints(f, "ls /etc | wc -l", "0\n");
}

/* ---- volumes ---- */

static void test_volumes_are_writable_or_not(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = {
                { .source = source, .target = "/rw", .recursive = true },
                { .source = source,
                                .target = "/ro",
                                .recursive = true,
                                .read_only = true,
                                .noexec = true },
        };

        make_dir(f->dir, "data");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 2;
        run(f,
                        "echo a >/rw/file; cat /ro/file; echo b >/ro/file; mount | grep -c 'on /ro "
                        ".*(ro,.*noexec'");
        assert_contains(f, "a\n");
        assert_contains(f, "Read-only file system");
        assert_contains(f, "\n1\n");
        assert_true(exists(f->dir, "data/file"));
}

static void test_read_only_covers_what_is_mounted_below_a_volume(void **state) {
        Fixture *f = fixture(state);
        RuntimeBind binds[] = {
                { .source = "/dev", .target = "/host", .recursive = true, .read_only = true }
        };

        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        run(f, "touch /host/shm/x 2>&1");
        assert_contains(f, "Read-only file system");
}

static void test_files_and_sockets_are_volumes_too(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "conf");
        RuntimeBind binds[] = { { .source = source, .target = "/etc/new/conf" } };

        write_file(f->dir, "conf", "text\n");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_prints(f, "cat /etc/new/conf", "text\n");
}

static void test_a_link_in_the_root_does_not_lead_a_mount_out(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data"), *evil = path_in(f->dir, "evil");
        _cleanup_free_ char *script = str_printf("cat %s/mark; cat /data/mark", evil);
        RuntimeBind binds[] = { { .source = source, .target = "/data" } };

        make_dir(f->dir, "data");
        make_dir(f->dir, "evil");
        write_file(f->dir, "data/mark", "volume\n");
        make_link(evil, f->root, "data");
        f->spec.root.overlay = false;
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;

        /* Dangling inside the root: refused. */
        run(f, script);
        assert_non_null(f->error);
        assert_null(f->output && *f->output ? f->output : NULL);

        /* Leading to a directory of the same name inside the root: that one is taken. */
        _cleanup_free_ char *inside = str_printf("%s%s", f->root, evil);
        assert_int_equal(dir_make_all(inside, 0755), 0);
        run(f, script);
        assert_string_equal(f->output, "volume\nvolume\n");
        assert_false(exists(f->dir, "evil/mark"));
}

static void test_nothing_is_mounted_over_procfs(void **state) {
        Fixture *f = fixture(state);
        RuntimeBind binds[] = { { .source = "/tmp", .target = "/proc/sys" } };

        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_fails(f, "mount volume /tmp on /proc/sys: not permitted, or a target inside /proc");

        make_link("/proc/self", f->root, "trick");
        binds[0].target = "/trick/fd";
        run(f, "true");
        assert_non_null(f->error);
        assert_non_null(strstr(f->error, "mount volume /tmp on /trick/fd"));

        binds[0] = (RuntimeBind) { .source = "/etc/hostname", .target = "/proc/uptime" };
        run(f, "true");
        assert_null(f->error);
}

static void test_mounts_nest_whatever_their_order(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = { { .source = source, .target = "/a/b/c" } };
        RuntimeTmpfs tmpfs[] = { { .target = "/a/b" }, { .target = "/a", .options = "size=1m" } };

        make_dir(f->dir, "data");
        write_file(f->dir, "data/mark", "deep\n");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 2;
        assert_prints(f, "cat /a/b/c/mark; mount | grep -c ' on /a'", "deep\n3\n");
}

static void test_missing_sources_are_made_only_where_asked(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "new/deep");
        RuntimeBind binds[] = { { .source = source, .target = "/data" } };
        _cleanup_free_ char *text =
                        str_printf("mount volume %s on /data: No such file or directory", source);

        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_fails(f, text);
        binds[0].create_source = true;
        run(f, "true");
        assert_ran(f);
        assert_true(exists(f->dir, "new/deep"));
}

static bool is_mounted_in(const char *path) {
        _cleanup_free_ char *mounts = NULL, *word = str_printf(" %s ", path);

        assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", OUTPUT_MAX, &mounts, NULL), 0);
        return strstr(mounts, word) != NULL;
}

/* In a mount namespace of the test's own: a shared volume hands what is mounted in it to the host. */
static void check_propagation(Fixture *f) {
        _cleanup_free_ char *source = path_in(f->dir, "shared"),
                            *inner = path_in(f->dir, "shared/in");
        RuntimeBind binds[] = { { .source = source, .target = "/data", .recursive = true } };

        assert_int_equal(unshare(CLONE_NEWNS), 0);
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        make_dir(f->dir, "shared");
        assert_int_equal(mount("tmpfs", source, "tmpfs", 0, NULL), 0);
        assert_int_equal(mount(NULL, source, NULL, MS_SHARED, NULL), 0);
        make_dir(f->dir, "shared/in");

        f->spec.security = (RuntimeSecurity) { .capabilities = UINT64_MAX };
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        run(f, "mount -t tmpfs none /data/in");
        assert_ran(f);
        assert_false(is_mounted_in(inner));

        binds[0].propagation = MS_SLAVE | MS_REC;
        run(f, "mount -t tmpfs none /data/in");
        assert_ran(f);
        assert_false(is_mounted_in(inner));

        binds[0].propagation = MS_SHARED | MS_REC;
        run(f, "mount -t tmpfs none /data/in");
        assert_ran(f);
        assert_true(is_mounted_in(inner));
}

static void test_volumes_propagate_as_asked(void **state) {
        Fixture *f = fixture(state);
        int status;

        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                check_propagation(f);
                _exit(0); /* a failed assertion ends with cmocka's own status */
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        _cleanup_free_ char *left = path_in(f->dir, "shared");
        assert_int_equal(dir_remove_all(AT_FDCWD, left), 0);
}

/* ---- tmpfs, read-only roots, time zone ---- */

static void test_tmpfs_takes_options_and_copies_up(void **state) {
        Fixture *f = fixture(state);
        RuntimeTmpfs tmpfs[] = {
                { .target = "/etc",
                                .options = "size=2m",
                                .copy_up = true,
                                .nosuid = true,
                                .noexec = true },
                { .target = "/plain", .options = "mode=700,uid=33" },
                { .target = "/bare" },
        };

        make_dir(f->root, "etc/deep/er");
        write_file(f->root, "etc/deep/er/file", "copied\n");
        make_link("deep/er/file", f->root, "etc/link");
        _cleanup_free_ char *deep = path_in(f->root, "etc/deep"),
                            *file = path_in(f->root, "etc/deep/er/file");
        assert_int_equal(chmod(deep, 01750), 0);
        assert_int_equal(chown(file, 33, 34), 0);
        assert_int_equal(chmod(file, 04751), 0);
        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 3;
        assert_prints(f,
                        "cat /etc/link; stat -c '%a %u:%g' /etc /etc/deep /etc/deep/er/file /plain "
                        "/bare; echo x >/etc/new;"
                        "mount | grep -c 'on /etc type tmpfs (rw,nosuid,noexec.*size=2048k'",
                        "copied\n755 0:0\n1750 0:0\n4751 33:34\n700 33:0\n1777 0:0\n1\n");
        assert_false(exists(f->root, "etc/new"));
}

static void test_a_copy_that_does_not_fit_is_an_error(void **state) {
        Fixture *f = fixture(state);
        RuntimeTmpfs tmpfs[] = { { .target = "/bin", .options = "size=64k", .copy_up = true } };

        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 1;
        assert_fails(f, "copy the content of /bin to its tmpfs: No space left on device");
}

static void test_bad_tmpfs_options_are_refused(void **state) {
        Fixture *f = fixture(state);
        RuntimeTmpfs tmpfs[] = { { .target = "/t", .options = "size=1m,color=red" } };

        f->spec.root.tmpfs = tmpfs;
        f->spec.root.n_tmpfs = 1;
        assert_fails(f, "mount tmpfs on /t: bad option 'color=red'");
}

static void test_a_read_only_root_has_writable_tmpfs(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.read_only = f->spec.root.read_only_tmpfs = true;
        run(f,
                        "for d in / /etc /run /tmp /var/tmp /dev /dev/shm; do "
                        "touch $d/x 2>/dev/null && echo $d; done");
        assert_string_equal(f->output, "/run\n/tmp\n/var/tmp\n/dev\n/dev/shm\n");
        f->spec.root.read_only_tmpfs = false;
        run(f,
                        "for d in / /etc /run /tmp /var/tmp /dev /dev/shm; do "
                        "touch $d/x 2>/dev/null && echo $d; done; echo x >/dev/null");
        assert_string_equal(f->output, "");
}

static void test_a_read_only_root_keeps_volumes_writable(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = { { .source = source, .target = "/data" } };

        make_dir(f->dir, "data");
        f->spec.root.overlay = false;
        f->spec.root.read_only = true;
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        assert_prints(f, "touch /data/x && ls /data; touch /x 2>/dev/null || echo no", "x\nno\n");
        assert_true(exists(f->dir, "data/x"));
        assert_false(exists(f->root, "x"));
}

static void test_the_time_zone_covers_a_link_and_not_its_target(void **state) {
        Fixture *f = fixture(state);

        if (access("/usr/share/zoneinfo/Asia/Tokyo", R_OK) < 0)
                skip();
        make_dir(f->root, "usr/share/zoneinfo");
        write_file(f->root, "usr/share/zoneinfo/UTC", "mine\n");
        make_link("/usr/share/zoneinfo/UTC", f->root, "etc/localtime");
        f->spec.root.timezone = "Asia/Tokyo";
        run(f,
                        "head -c 4 /etc/localtime; echo; cat /usr/share/zoneinfo/UTC; touch "
                        "/etc/localtime 2>&1");
        assert_contains(f, "TZif\nmine\n");
        assert_contains(f, "Read-only file system");

        f->spec.root.timezone = "../../etc/passwd";
        assert_fails(f, "unknown timezone '../../etc/passwd'");
        f->spec.root.timezone = "Mars/Olympus";
        run(f, "true");
        assert_non_null(strstr(f->error, "unknown timezone 'Mars/Olympus'"));
}

/* ---- user, directory, environment ---- */

static void test_users_are_looked_up_in_the_root(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.user = "www";
        assert_prints(f,
                        "id; echo $HOME",
                        "uid=33(www) gid=34(www) groups=34(www),50(media)\n/var/www\n");
        f->spec.process.user = "33";
        assert_prints(f, "id -u; id -G", "33\n34 50\n");
        f->spec.process.group = "staff";
        assert_prints(f, "id -G", "60\n");
        f->spec.process.user = "1234";
        f->spec.process.group = "4321";
        assert_prints(f, "id -u; id -G; echo $HOME", "1234\n4321\n/\n");
        f->spec.process.user = f->spec.process.group = NULL;
        assert_prints(f, "id -u; id -G; echo $HOME", "0\n0\n/root\n");
}

static void test_unknown_users_and_groups_are_named(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.user = "nobody-here";
        assert_fails(f, "find user 'nobody-here': no such user in /etc/passwd");
        f->spec.process.user = "www";
        f->spec.process.group = "none";
        assert_fails(f, "find group 'none': no such group in /etc/group");
}

static void test_the_environment_is_what_was_given(void **state) {
        Fixture *f = fixture(state);
        char *environment[] = { (char *) "A=b c", (char *) "HOME=/x", NULL };

        f->spec.process.environment = environment;
        char *argv[] = { (char *) "env", NULL };
        run_argv(f, argv);
        assert_string_equal(f->output,
                        "A=b c\nHOME=/x\n"
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

static void test_the_working_directory_is_made(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.working_dir = "/srv/new/place";
        assert_prints(f, "pwd", "/srv/new/place\n");
        f->spec.process.working_dir = "/etc/passwd";
        assert_fails(f, "enter working directory /etc/passwd: Not a directory");
}

static void test_a_working_directory_does_not_lead_out(void **state) {
        Fixture *f = fixture(state);

        /* CVE-2024-21626: a descriptor of the host by its number. */
        for (int fd = 3; fd < 12; fd++) {
                _cleanup_free_ char *path = str_printf("/proc/self/fd/%d", fd);
                f->spec.process.working_dir = path;
                run(f, "pwd");
                assert_non_null(f->error);
        }
}

static void test_a_user_may_reopen_his_standard_output(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.user = "www";
        assert_prints(f, "echo again >/dev/stdout", "again\n");
}

static void test_commands_that_can_not_run_say_so(void **state) {
        Fixture *f = fixture(state);
        char *missing[] = { (char *) "no-such-command", NULL },
             *directory[] = { (char *) "/etc", NULL };
        char *none[] = { NULL };

        run_argv(f, missing);
        assert_string_equal(f->error, "execute 'no-such-command': No such file or directory");
        assert_int_equal(WEXITSTATUS(f->status), 127);
        run_argv(f, directory);
        assert_string_equal(f->error, "execute '/etc': Permission denied");
        assert_int_equal(WEXITSTATUS(f->status), 126);
        run_argv(f, none);
        assert_string_equal(f->error, "no command to execute");
}

static void test_a_missing_root_is_named(void **state) {
        Fixture *f = fixture(state);

        f->spec.root.path = "/no/such/root";
        assert_fails(f, "mount root /no/such/root: No such file or directory");
        f->spec.root.path = "/etc/passwd";
        assert_fails(f, "mount root /etc/passwd: Not a directory");
}

/* ---- privileges ---- */

static void assert_status_lines(Fixture *f, const char *permitted, const char *bounding, int nnp) {
        _cleanup_free_ char *expected = str_printf(
                        "CapInh:\t0000000000000000\nCapPrm:\t%s\nCapEff:\t%s\nCapBnd:\t%s\n"
                        "CapAmb:\t0000000000000000\nNoNewPrivs:\t%d\nSeccomp:\t2\n",
                        permitted,
                        permitted,
                        bounding,
                        nnp);
        assert_prints(f, "grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status", expected);
}

static void test_capabilities_are_the_default_set(void **state) {
        Fixture *f = fixture(state);

        assert_status_lines(f, "00000000a80425fb", "00000000a80425fb", 0);
        f->spec.security.no_new_privileges = true;
        assert_status_lines(f, "00000000a80425fb", "00000000a80425fb", 1);
        f->spec.security.capabilities = UINT64_C(1) << CAP_CHOWN;
        assert_status_lines(f, "0000000000000001", "0000000000000001", 1);
}

static void test_a_user_has_no_capabilities_but_the_bound(void **state) {
        Fixture *f = fixture(state);

        f->spec.process.user = "www";
        assert_status_lines(f, "0000000000000000", "00000000a80425fb", 0);
        f->spec.security.no_new_privileges = true;
        assert_status_lines(f, "0000000000000000", "00000000a80425fb", 1);
}

static void test_a_capability_that_is_not_there_is_an_error(void **state) {
        Fixture *f = fixture(state);

        f->spec.security.capabilities = UINT64_C(1) << 63;
        run(f, "true");
        assert_string_equal(f->error,
                        "capability 63 is asked for, but the supervisor does not have it: "
                        "Operation not permitted");
}

static void test_the_filter_refuses_what_docker_refuses(void **state) {
        Fixture *f = fixture(state);

        /* With the capability, so that only the filter can refuse; it follows the capabilities. */
        f->spec.security.capabilities |= UINT64_C(1) << CAP_SYS_CHROOT;
        run(f,
                        "mount -t tmpfs none /etc 2>&1; unshare -U true 2>&1; unshare -n true "
                        "2>&1; umount /dev/shm 2>&1");
        assert_contains(f, "mount: permission denied");
        assert_contains(f, "unshare: unshare(0x10000000): Operation not permitted");
        assert_contains(f, "unshare: unshare(0x40000000): Operation not permitted");
        assert_contains(f, "umount: can't unmount /dev/shm");

        f->spec.security.capabilities = UINT64_MAX;
        run(f, "mount -t tmpfs none /etc && unshare -n true && echo works");
        assert_string_equal(f->output, "works\n");

        f->spec.security = (RuntimeSecurity) { .capabilities = runtime_capabilities_default() };
        run(f, "unshare -U true && grep Seccomp: /proc/self/status");
        assert_string_equal(f->output, "Seccomp:\t0\n");
}

static void test_sysctls_of_namespaces_are_set(void **state) {
        Fixture *f = fixture(state);
        char *sysctls[] = {
                (char *) "net.ipv4.ip_forward=1",
                (char *) "kernel.msgmax=4242",
                (char *) "kernel.domainname=dom",
                (char *) "fs.mqueue.msg_max=17",
                NULL,
        };

        f->spec.security.sysctls = sysctls;
        assert_prints(f,
                        "cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax kernel/domainname "
                        "fs/mqueue/msg_max",
                        "1\n4242\ndom\n17\n");

        char *global[] = { (char *) "kernel.core_pattern=x", NULL };
        f->spec.security.sysctls = global;
        assert_fails(f,
                        "sysctl 'kernel.core_pattern' is not of a namespace: it would change the "
                        "host");
        char *missing[] = { (char *) "net.no.such=1", NULL };
        f->spec.security.sysctls = missing;
        assert_fails(f, "set sysctl net.no.such=1: No such file or directory");
        f->spec.network = RUNTIME_NETWORK_HOST;
        run(f, "true");
        assert_non_null(strstr(f->error, "the host's network"));
}

static void test_limits_are_set_and_defaults_clamped(void **state) {
        Fixture *f = fixture(state);
        RuntimeLimit limits[] = {
                { .resource = RLIMIT_NOFILE, .soft = 99, .hard = 100 },
                { .resource = RLIMIT_CORE, .soft = 0, .hard = 0 },
                { .resource = RLIMIT_NOFILE,
                                .soft = 50,
                                .hard = UINT64_C(1) << 40,
                                .best_effort = true },
        };

        f->spec.security.limits = limits;
        f->spec.security.n_limits = 2;
        assert_prints(f, "ulimit -n; ulimit -Hn; ulimit -c", "99\n100\n0\n");

        /* Above fs.nr_open no right helps. */
        f->spec.security.n_limits = 3;
        assert_prints(f, "ulimit -n; ulimit -Hn", "50\n100\n");
        limits[2].best_effort = false;
        assert_fails(f, "set limit nofile: Operation not permitted");
}

static void test_the_oom_score_is_set(void **state) {
        Fixture *f = fixture(state);

        f->spec.security.oom_score_adjust = 321;
        assert_prints(f, "cat /proc/self/oom_score_adj", "321\n");
        f->spec.security.oom_score_adjust = 5000;
        f->spec.security.oom_score_adjust_set = true;
        assert_fails(f, "set OOM score adjustment 5000: Invalid argument");
}

/* ---- what older kernels lack ---- */

static void test_without_newer_calls_it_is_the_same_container(void **state) {
        Fixture *f = fixture(state);
        _cleanup_free_ char *source = path_in(f->dir, "data");
        RuntimeBind binds[] = {
                { .source = source, .target = "/ro", .read_only = true, .noexec = true }
        };

        f->runtime->features.mount_setattr = false;
        f->runtime->features.clone3_into_cgroup = false;
        f->runtime->features.close_range_cloexec = false;
        make_dir(f->dir, "data");
        f->spec.root.binds = binds;
        f->spec.root.n_binds = 1;
        f->spec.root.read_only = true;
        run(f,
                        "touch /ro/x; touch /x; echo x >/proc/sys/kernel/hostname; "
                        "mount | grep -E ' on (/ro|/proc/sys) '");
        assert_contains(f, "/ro/x: Read-only file system");
        assert_contains(f, "touch: /x: Read-only file system");
        assert_contains(f, "hostname: Read-only file system");
        assert_contains(f, "on /ro type");
        assert_contains(f, "noexec");
        assert_contains(f, "proc on /proc/sys type proc (ro,nosuid,nodev,noexec");

        assert_prints(f, "ls /proc/1/fd; true", "0\n1\n2\n");
}

/* ---- with supinit ---- */

#ifndef TEST_SUPINIT
#define TEST_SUPINIT "build/bin/supinit"
#endif

static int next_record(const RuntimeChild *c, SupdStatusRecord *ret) {
        wait_readable(c->status_fd);
        return runtime_status_read(c->status_fd, ret);
}

static void test_supinit_reports_the_payload(void **state) {
        Fixture *f = fixture(state);
        _cleanup_(runtime_freep) Runtime *runtime = NULL;
        char *argv[] = { (char *) "sh", (char *) "-c", (char *) "read line; exit 7", NULL };
        SupdStatusRecord record;
        RuntimeChild c;
        pid_t payload;
        int fds[2], status;

        if (access(TEST_SUPINIT, X_OK) < 0)
                skip();
        assert_int_equal(runtime_new(TEST_SUPINIT, &runtime, NULL), 0);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f->spec.process = (RuntimeProcess) {
                .argv = argv,
                .init = true,
                .stdin_fd = fds[0],
                .stdout_fd = -EBADF,
                .stderr_fd = -EBADF,
        };
        assert_int_equal(runtime_start(runtime, &f->spec, &c, NULL), 0);
        (void) close_fd(fds[0]);

        assert_int_equal(next_record(&c, &record), 1);
        assert_int_equal(record.type, SUPD_STATUS_EXECED);
        runtime_child_settle(&c);
        assert_int_equal(runtime_child_payload(c.pid, /* init= */ true, &payload), 0);
        assert_int_not_equal(payload, c.pid);
        _cleanup_free_ char *comm_path = str_printf("/proc/%d/comm", payload), *comm = NULL;
        assert_int_equal(file_read(AT_FDCWD, comm_path, 64, &comm, NULL), 0);
        assert_string_equal(comm, "sh\n");

        (void) close_fd(fds[1]);
        assert_int_equal(next_record(&c, &record), 1);
        assert_int_equal(record.type, SUPD_STATUS_EXITED);
        assert_int_equal(record.code, CLD_EXITED);
        assert_int_equal(record.status, 7);
        assert_int_equal(next_record(&c, &record), 0);
        assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
        assert_int_equal(runtime_child_payload(c.pid, /* init= */ true, &payload), -ESRCH);
        runtime_child_done(&c);
}

static void test_supinit_as_a_user_tells_what_it_could_not_execute(void **state) {
        Fixture *f = fixture(state);
        _cleanup_(runtime_freep) Runtime *runtime = NULL;
        char *argv[] = { (char *) "no-such-command", NULL };
        Error error = {};
        SupdStatusRecord record;
        RuntimeChild c;
        int status;

        if (access(TEST_SUPINIT, X_OK) < 0)
                skip();
        assert_int_equal(runtime_new(TEST_SUPINIT, &runtime, NULL), 0);
        f->spec.process = (RuntimeProcess) {
                .argv = argv,
                .init = true,
                .user = "www",
                .stdin_fd = -EBADF,
                .stdout_fd = -EBADF,
                .stderr_fd = -EBADF,
        };
        assert_int_equal(runtime_start(runtime, &f->spec, &c, NULL), 0);
        assert_int_equal(next_record(&c, &record), 1);
        assert_int_equal(runtime_child_error(&c, &record, &error), -ENOENT);
        assert_string_equal(error.message, "execute 'no-such-command': No such file or directory");
        error_done(&error);
        assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
        runtime_child_done(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_command_is_pid_1_with_its_own_host_name),
                TEST(every_namespace_is_new_and_the_host_network_is_not),
                TEST(loopback_is_up_in_a_network_namespace_of_its_own),
                TEST(no_descriptor_leaks),
                TEST(signals_are_neither_blocked_nor_ignored),
                TEST(session_umask_and_directory_are_set),
                TEST(an_overlay_leaves_the_directory_untouched),
                TEST(a_root_path_with_separators_works),
                TEST(a_directory_root_is_written_to),
                TEST(nothing_stays_mounted_on_the_host),
                TEST(the_host_is_out_of_reach),
                TEST(dev_holds_the_default_devices_and_nothing_else),
                TEST(kernel_file_systems_have_their_flags),
                TEST(masked_paths_are_empty),
                TEST(read_only_paths_can_not_be_written),
                TEST(unmask_and_mask_change_the_lists),
                TEST(volumes_are_writable_or_not),
                TEST(read_only_covers_what_is_mounted_below_a_volume),
                TEST(files_and_sockets_are_volumes_too),
                TEST(a_link_in_the_root_does_not_lead_a_mount_out),
                TEST(nothing_is_mounted_over_procfs),
                TEST(mounts_nest_whatever_their_order),
                TEST(missing_sources_are_made_only_where_asked),
                TEST(volumes_propagate_as_asked),
                TEST(tmpfs_takes_options_and_copies_up),
                TEST(a_copy_that_does_not_fit_is_an_error),
                TEST(bad_tmpfs_options_are_refused),
                TEST(a_read_only_root_has_writable_tmpfs),
                TEST(a_read_only_root_keeps_volumes_writable),
                TEST(the_time_zone_covers_a_link_and_not_its_target),
                TEST(users_are_looked_up_in_the_root),
                TEST(unknown_users_and_groups_are_named),
                TEST(the_environment_is_what_was_given),
                TEST(the_working_directory_is_made),
                TEST(a_working_directory_does_not_lead_out),
                TEST(a_user_may_reopen_his_standard_output),
                TEST(commands_that_can_not_run_say_so),
                TEST(a_missing_root_is_named),
                TEST(capabilities_are_the_default_set),
                TEST(a_user_has_no_capabilities_but_the_bound),
                TEST(a_capability_that_is_not_there_is_an_error),
                TEST(the_filter_refuses_what_docker_refuses),
                TEST(sysctls_of_namespaces_are_set),
                TEST(limits_are_set_and_defaults_clamped),
                TEST(the_oom_score_is_set),
                TEST(without_newer_calls_it_is_the_same_container),
                TEST(supinit_reports_the_payload),
                TEST(supinit_as_a_user_tells_what_it_could_not_execute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
