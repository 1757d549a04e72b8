/* SPDX-License-Identifier: MIT */

/*
 * supinit as PID 1 of a container: run in a pid namespace of its own where that is allowed (a user
 * namespace gives it to everybody on most systems), else as a plain subreaper. As "payload ROLE"
 * this program is also the payload.
 */

#include "lib/run-program.h"

#include <dirent.h>
#include <pty.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "supd/init-protocol.h"

#define ORPHANS 500

static char self_path[PATH_MAX];

/* ---- the payload's side ---- */

static void payload_signals(void) {
        sigset_t all;
        int number;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_BLOCK, &all, NULL);
        (void) dprintf(1, "ready\n");
        while (sigwait(&all, &number) == 0)
                (void) dprintf(1, "signal %d\n", number);
}

/* Makes an orphan that ends at once. Return: its pid. */
static pid_t make_orphan(void) {
        int fds[2];
        pid_t orphan = 0;

        if (pipe(fds) < 0)
                return -1;

        pid_t child = fork();
        if (child == 0) {
                pid_t grandchild = fork();
                if (grandchild == 0)
                        _exit(7);
                (void) !write(fds[1], &grandchild, sizeof(grandchild));
                _exit(0);
        }

        (void) !read(fds[0], &orphan, sizeof(orphan));
        (void) waitpid(child, NULL, 0);
        (void) close(fds[0]);
        (void) close(fds[1]);
        return orphan;
}

/* A zombie can still be signalled, so ESRCH means reaped. */
static void payload_orphans(void) {
        static pid_t orphans[ORPHANS];
        uint64_t deadline = run_now_msec() + RUN_DEADLINE_MSEC / 2;

        for (int i = 0; i < ORPHANS; i++)
                orphans[i] = make_orphan();

        for (int i = 0; i < ORPHANS; i++)
                while (kill(orphans[i], 0) == 0 || errno != ESRCH) {
                        if (run_now_msec() > deadline) {
                                (void) dprintf(1, "zombie\n");
                                return;
                        }
                        (void) poll(NULL, 0, 1);
                }

        (void) dprintf(1, "reaped\n");
}

static void payload_fds(void) {
        for (int fd = 0; fd < 100; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        (void) dprintf(1, "%d ", fd);
        (void) dprintf(1, "\n");
}

static void payload_session(void) {
        (void) dprintf(1, "%s\n", getsid(0) == getpid() && getpgrp() == getpid() ? "leader" : "no");
}

static void payload_terminal(void) {
        int fd = open("/dev/tty", O_RDWR);

        (void) dprintf(1, "%s\n", fd >= 0 && tcgetsid(fd) == getpid() ? "controls" : "no terminal");
}

static const struct {
        const char *name;
        void (*run)(void);
} roles[] = {
        { "signals", payload_signals },
        { "orphans", payload_orphans },
        { "fds", payload_fds },
        { "session", payload_session },
        { "terminal", payload_terminal },
};

static int payload_main(const char *role) {
        for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
                if (strcmp(role, roles[i].name) == 0)
                        roles[i].run();
        return 0;
}

/* ---- the test's side ---- */

/* CLONE_NEWPID and what it takes; 0 where namespaces are forbidden. */
static uint64_t pid_namespace_flags(void) {
        static const uint64_t choices[] = { CLONE_NEWPID, CLONE_NEWPID | CLONE_NEWUSER };

        for (size_t i = 0; i < 2; i++) {
                pid_t pid = (pid_t) syscall(
                                SYS_clone, choices[i] | SIGCHLD, NULL, NULL, NULL, NULL);

                if (pid == 0)
                        _exit(0);
                if (pid > 0) {
                        (void) waitpid(pid, NULL, 0);
                        return choices[i];
                }
        }

        return 0;
}

static void container_start(Run *r, char *const *command) {
        char *argv[16] = { (char *) run_binary("supinit"), (char *) "--container", (char *) "--" };

        for (int i = 0; command[i]; i++)
                argv[3 + i] = command[i];

        r->n_extra = 1;
        r->clone_flags = pid_namespace_flags();
        run_start(r, argv);
}

#define COMMAND(...) ((char *[]) { (char *) __VA_ARGS__, NULL })
#define SHELL(script) COMMAND("/bin/sh", (char *) "-c", (char *) (script))
#define ROLE(role) COMMAND(self_path, (char *) "payload", (char *) (role))

static void expect_record(Run *r, uint32_t type, int code, int status) {
        SupdStatusRecord record;

        assert_int_equal(run_read(r->extra[0], &record, sizeof(record)), sizeof(record));
        assert_int_equal(record.type, type);
        assert_int_equal(record.code, code);
        assert_int_equal(record.status, status);
        assert_int_equal(record.item, -1);
}

static void expect_no_record(Run *r) {
        SupdStatusRecord record;

        assert_int_equal(run_read(r->extra[0], &record, sizeof(record)), 0);
}

static void expect_end(char *const *command, int code, int status, int exit_code) {
        Run r = {};

        container_start(&r, command);
        expect_record(&r, SUPD_STATUS_EXECED, 0, 0);
        expect_record(&r, SUPD_STATUS_EXITED, code, status);
        expect_no_record(&r);
        assert_int_equal(run_wait(&r), exit_code);
}

static void expect_exec_failure(char *const *command, int error, int exit_code) {
        Run r = {};

        container_start(&r, command);
        expect_record(&r, SUPD_STATUS_EXEC_FAILED, error, 0);
        expect_no_record(&r);
        assert_int_equal(run_wait(&r), exit_code);
}

static void test_exit_status_is_the_payloads(void **state) {
        (void) state;
        expect_end(SHELL("exit 0"), CLD_EXITED, 0, 0);
        expect_end(SHELL("exit 1"), CLD_EXITED, 1, 1);
        expect_end(SHELL("exit 255"), CLD_EXITED, 255, 255);
}

static void test_death_by_signal_is_128_and_its_number(void **state) {
        (void) state;
        expect_end(SHELL("kill -KILL $$"), CLD_KILLED, SIGKILL, 137);
        expect_end(SHELL("kill -TERM $$"), CLD_KILLED, SIGTERM, 143);
}

static void test_command_not_found_is_127(void **state) {
        (void) state;
        expect_exec_failure(COMMAND("no-such-command"), ENOENT, 127);
        expect_exec_failure(COMMAND("/no/such/command"), ENOENT, 127);
        expect_exec_failure(COMMAND(""), ENOENT, 127);
}

static void test_command_not_executable_is_126(void **state) {
        char path[] = "/tmp/test-init-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);

        (void) state;
        expect_exec_failure(COMMAND("/etc/passwd"), EACCES, 126);
        expect_exec_failure(COMMAND("/"), EACCES, 126);

        assert_int_equal(fchmod(fd, 0700), 0);
        (void) close(fd);
        expect_exec_failure(COMMAND(path), ENOEXEC, 126);
        (void) unlink(path);
}

static int path_is_bin(void) {
        return setenv("PATH", "/nowhere:/bin", 1);
}

static int path_is_unset(void) {
        return unsetenv("PATH");
}

static int path_is_useless(void) {
        return setenv("PATH", "/nowhere", 1);
}

static void test_command_is_searched_in_its_own_path(void **state) {
        static const struct {
                int (*prepare)(void);
                bool is_found;
        } cases[] = {
                { path_is_bin, true },
                { path_is_unset, true },
                { path_is_useless, false },
        };

        (void) state;
        for (size_t i = 0; i < 3; i++) {
                Run r = { .prepare = cases[i].prepare };

                container_start(&r, COMMAND("true"));
                expect_record(&r,
                                cases[i].is_found ? SUPD_STATUS_EXECED : SUPD_STATUS_EXEC_FAILED,
                                cases[i].is_found ? 0 : ENOENT,
                                0);
                assert_int_equal(run_wait(&r), cases[i].is_found ? 0 : 127);
        }
}

static char unsearchable[] = "/tmp/test-init-XXXXXX";

/* Root without its power over other modes, from the exec on. */
static int path_is_unsearchable(void) {
        enum {
                CAP_DAC_OVERRIDE = 1,
                CAP_DAC_READ_SEARCH = 2
        };

        (void) prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0L, 0L, 0L);
        (void) prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0L, 0L, 0L);
        return setenv("PATH", unsearchable, 1);
}

static void test_forbidden_directory_of_path_is_not_permission_denied(void **state) {
        Run r = { .prepare = path_is_unsearchable };

        (void) state;
        assert_non_null(mkdtemp(unsearchable));
        assert_int_equal(chmod(unsearchable, 0), 0);
        container_start(&r, COMMAND("true"));
        expect_record(&r, SUPD_STATUS_EXEC_FAILED, ENOENT, 0);
        assert_int_equal(run_wait(&r), 127);
        assert_int_equal(rmdir(unsearchable), 0);
}

static void test_orphans_are_reaped(void **state) {
        Run r = {};

        (void) state;
        container_start(&r, ROLE("orphans"));
        assert_string_equal(run_line(r.out), "reaped");
        assert_int_equal(run_wait(&r), 0);
}

static void test_every_signal_reaches_the_payload(void **state) {
        Run r = {};

        (void) state;
        container_start(&r, ROLE("signals"));
        assert_string_equal(run_line(r.out), "ready");

        for (int number = 1; number <= SIGRTMAX; number++) {
                char expected[32];

                /* 32 and 33 belong to the payload's C library. */
                if (number == SIGKILL || number == SIGSTOP || number == SIGCHLD ||
                                (number > SIGSYS && number < SIGRTMIN))
                        continue;

                assert_int_equal(kill(r.pid, number), 0);
                (void) snprintf(expected, sizeof(expected), "signal %d", number);
                assert_string_equal(run_line(r.out), expected);
        }

        (void) kill(r.pid, SIGKILL);
        assert_int_equal(run_wait(&r), -SIGKILL);
}

static void test_end_of_pid_1_itself_leaves_no_exit_record(void **state) {
        Run r = {};

        (void) state;
        container_start(&r, SHELL("read x"));
        expect_record(&r, SUPD_STATUS_EXECED, 0, 0);
        (void) kill(r.pid, SIGKILL);
        expect_no_record(&r);
        assert_int_equal(run_wait(&r), -SIGKILL);
}

static int odd_signal_state(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGUSR2);
        (void) signal(SIGCHLD, SIG_IGN);
        (void) signal(SIGUSR1, SIG_IGN);
        return sigprocmask(SIG_SETMASK, &set, NULL);
}

static void test_payload_finds_the_original_signal_state(void **state) {
        Run r = { .prepare = odd_signal_state };
        char text[4096];

        (void) state;
        container_start(&r, COMMAND("grep", (char *) "^Sig", (char *) "/proc/self/status"));
        (void) run_read_all(r.out, text, sizeof(text));
        assert_non_null(strstr(text, "SigPnd:\t0000000000000000\n"));
        assert_non_null(strstr(text, "SigBlk:\t0000000000000800\n"));

        unsigned long long ignored = 0, expected = 1ULL << (SIGCHLD - 1) | 1ULL << (SIGUSR1 - 1);
        assert_non_null(strstr(text, "SigIgn:"));
        assert_int_equal(sscanf(strstr(text, "SigIgn:"), "SigIgn: %llx", &ignored), 1);
        assert_int_equal(ignored & expected, expected);
        assert_int_equal(run_wait(&r), 0);
}

static void test_payload_sees_only_standard_descriptors(void **state) {
        Run r = {};

        (void) state;
        container_start(&r, ROLE("fds"));
        assert_string_equal(run_line(r.out), "0 1 2 ");
        assert_int_equal(run_wait(&r), 0);
}

static void test_payload_leads_a_session(void **state) {
        Run r = {};

        (void) state;
        container_start(&r, ROLE("session"));
        assert_string_equal(run_line(r.out), "leader");
        assert_int_equal(run_wait(&r), 0);
}

static int terminal_fd = -1;

static int terminal_as_stdin(void) {
        return dup2(terminal_fd, STDIN_FILENO) < 0;
}

static void test_terminal_on_stdin_becomes_the_payloads(void **state) {
        Run r = { .prepare = terminal_as_stdin };
        int master;

        (void) state;
        assert_int_equal(openpty(&master, &terminal_fd, NULL, NULL, NULL), 0);
        container_start(&r, ROLE("terminal"));
        assert_string_equal(run_line(r.out), "controls");
        assert_int_equal(run_wait(&r), 0);
        (void) close(master);
        (void) close(terminal_fd);
}

static void test_output_ends_with_its_last_writer(void **state) {
        Run r = {};
        char text[64], link[64], target[64] = "";

        (void) state;
        container_start(&r, SHELL("cd /tmp; exec >&- 2>&-; read x; exit 5"));
        assert_int_equal(run_read_all(r.out, text, sizeof(text)), 0);

        (void) snprintf(link, sizeof(link), "/proc/%d/cwd", (int) r.pid);
        assert_true(readlink(link, target, sizeof(target) - 1) > 0);
        assert_string_equal(target, "/");

        run_say(&r, "\n");
        assert_int_equal(run_wait(&r), 5);
}

static void test_rest_dies_with_the_namespace(void **state) {
        Run r = {};
        char text[64];

        (void) state;
        if (pid_namespace_flags() == 0)
                skip();

        container_start(&r, SHELL("(trap '' HUP TERM; sleep 1000) & exit 4"));
        assert_int_equal(run_read_all(r.out, text, sizeof(text)), 0);
        assert_int_equal(run_wait(&r), 4);
}

static void test_works_without_a_status_pipe(void **state) {
        char *argv[] = {
                (char *) run_binary("supinit"),
                (char *) "--container",
                (char *) "--",
                (char *) "/bin/sh",
                (char *) "-c",
                (char *) "exit 6",
                NULL,
        };
        Run r = {};

        (void) state;
        run_start(&r, argv);
        assert_int_equal(run_wait(&r), 6);
}

/* The budget is 64 KiB for all helpers of an idle container; text is shared by all of them. */
static void test_idle_memory_is_tiny(void **state) {
        Run r = {};
        char path[64], text[8192];
        struct stat binary;
        unsigned kib = 0;

        (void) state;
        container_start(&r, SHELL("echo up; read x"));
        assert_string_equal(run_line(r.out), "up");
        expect_record(&r, SUPD_STATUS_EXECED, 0, 0);

        (void) snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int) r.pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void) run_read_all(fd, text, sizeof(text));
                assert_non_null(strstr(text, "Anonymous:"));
                assert_int_equal(sscanf(strstr(text, "Anonymous:"), "Anonymous: %u", &kib), 1);
                assert_int_equal(stat(run_binary("supinit"), &binary), 0);
                /* Where there is no musl, glibc's own data are the larger part. */
                assert_in_range(kib, 1, binary.st_size < 100 * 1024 ? 32 : 60);
                (void) close(fd);
        }

        run_close(&r.in);
        (void) run_wait(&r);
}

static void expect_usage(char *const *argv, int exit_code, const char *output) {
        Run r = {};
        char text[4096];

        run_start(&r, argv);
        (void) run_read_all(r.out, text, sizeof(text));
        assert_non_null(strstr(text, output));
        assert_int_equal(run_wait(&r), exit_code);
}

static void test_options_are_checked(void **state) {
        (void) state;
        expect_usage(COMMAND(run_binary("supinit"), (char *) "--version"), 0, "supinit ");
        expect_usage(COMMAND(run_binary("supinit"), (char *) "--help"), 0, "--container");
        expect_usage(COMMAND(run_binary("supinit"), (char *) "--nonsense"), 2, "");
        expect_usage(COMMAND(run_binary("supinit"), (char *) "--container"), 2, "");
        expect_usage(COMMAND(run_binary("supinit")), 2, "");
}

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "payload") == 0)
                return payload_main(argv[2]);

        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exit_status_is_the_payloads),
                cmocka_unit_test(test_death_by_signal_is_128_and_its_number),
                cmocka_unit_test(test_command_not_found_is_127),
                cmocka_unit_test(test_command_not_executable_is_126),
                cmocka_unit_test(test_command_is_searched_in_its_own_path),
                cmocka_unit_test(test_forbidden_directory_of_path_is_not_permission_denied),
                cmocka_unit_test(test_orphans_are_reaped),
                cmocka_unit_test(test_every_signal_reaches_the_payload),
                cmocka_unit_test(test_end_of_pid_1_itself_leaves_no_exit_record),
                cmocka_unit_test(test_payload_finds_the_original_signal_state),
                cmocka_unit_test(test_payload_sees_only_standard_descriptors),
                cmocka_unit_test(test_payload_leads_a_session),
                cmocka_unit_test(test_terminal_on_stdin_becomes_the_payloads),
                cmocka_unit_test(test_output_ends_with_its_last_writer),
                cmocka_unit_test(test_rest_dies_with_the_namespace),
                cmocka_unit_test(test_works_without_a_status_pipe),
                cmocka_unit_test(test_idle_memory_is_tiny),
                cmocka_unit_test(test_options_are_checked),
        };

        if (!realpath("/proc/self/exe", self_path))
                return 1;
        (void) signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
