/* SPDX-License-Identifier: MIT */

/* Who runs in a container and with which rights; needs root. */

#include "runtime/container.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>

#include "test-runtime-fixture.h"

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
        _cleanup_close_ int leak = open("/etc", O_RDONLY | O_DIRECTORY);

        assert_true(leak >= 0);
        run(f, "ls /proc/1/fd; true");
        assert_string_equal(f->output, "0\n1\n2\n");
}

/* Those that the C library keeps for itself, too: some who start programs leave them ignored. */
static void set_handler_of_hidden_signals(void *handler) {
        const struct {
                void *handler;
                unsigned long flags;
                void *restorer;
                uint64_t mask;
        } action = { .handler = handler };

        for (int signal = 32; signal <= 33; signal++)
                assert_int_equal(syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof(uint64_t)),
                                0);
}

static void test_signals_are_neither_blocked_nor_ignored(void **state) {
        Fixture *f = fixture(state);
        sigset_t set, before;

        assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
        set_handler_of_hidden_signals(SIG_IGN);
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
        set_handler_of_hidden_signals(SIG_DFL);
}

static void test_session_umask_and_directory_are_set(void **state) {
        Fixture *f = fixture(state);

        assert_prints(f,
                        "umask; pwd; sed -n 's/^[^)]*) . 0 \\([0-9]* [0-9]*\\) .*/\\1/p' "
                        "/proc/1/stat",
                        "0022\n/\n1 1\n");
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
        assert_fails(f, "root /etc/passwd: neither squashfs nor erofs");
        f->spec.root.path = "/dev/null";
        assert_fails(f, "mount root /dev/null: Not a directory");
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
                        "capability '63' is asked for, but the supervisor does not have it: "
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

/* ---- with supinit ---- */

/* Of the build that this test belongs to; owned by the caller. */
static char *supinit_path(void) {
        const char *dir = getenv("SUPD_BIN_DIR");
        char *path = str_printf("%s/supinit", dir ?: "build/bin");

        assert_non_null(path);
        return path;
}

static void test_supinit_reports_the_payload(void **state) {
        Fixture *f = fixture(state);
        _cleanup_(runtime_freep) Runtime *runtime = NULL;
        char *argv[] = { (char *) "sh", (char *) "-c", (char *) "read line; exit 7", NULL };
        SupdStatusRecord record;
        RuntimeChild c;
        pid_t payload;
        int fds[2], status;

        _cleanup_free_ char *supinit = supinit_path();
        assert_int_equal(runtime_new(supinit, &runtime, NULL), 0);
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

        _cleanup_free_ char *supinit = supinit_path();
        assert_int_equal(runtime_new(supinit, &runtime, NULL), 0);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_command_is_pid_1_with_its_own_host_name),
                TEST(every_namespace_is_new_and_the_host_network_is_not),
                TEST(loopback_is_up_in_a_network_namespace_of_its_own),
                TEST(no_descriptor_leaks),
                TEST(signals_are_neither_blocked_nor_ignored),
                TEST(session_umask_and_directory_are_set),
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
                TEST(supinit_reports_the_payload),
                TEST(supinit_as_a_user_tells_what_it_could_not_execute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
