/* SPDX-License-Identifier: MIT */

/* A command in a container that runs; needs root. */

#include "runtime/exec.h"

#include <signal.h>

#include "test-runtime-fixture.h"

/* A container that waits, with supinit at hand for the commands. */
typedef struct Home {
        Fixture *f; /* borrowed */
        RuntimeChild child;
        char *output; /* owned; of the last command */
        char *error;  /* owned; why it could not be run, or NULL */
        int number;   /* the same as errno */
        int status;   /* as of waitpid() */
} Home;

static void start_home(Home *h, Fixture *f, const char *preparation) {
        const char *dir = getenv("SUPD_BIN_DIR");
        _cleanup_free_ char *supinit = str_printf("%s/supinit", dir ?: "build/bin");
        _cleanup_free_ char *script =
                        str_printf("%s; echo ready; exec sleep 1000", preparation ?: "true");
        char *argv[] = { (char *) "sh", (char *) "-c", script, NULL };
        char line[16];
        int fds[2];

        *h = (Home) { .f = f };
        f->runtime = runtime_free(f->runtime);
        assert_int_equal(runtime_new(supinit, &f->runtime, NULL), 0);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f->spec.process.argv = argv;
        f->spec.process.stdout_fd = f->spec.process.stderr_fd = fds[1];
        assert_int_equal(runtime_start(f->runtime, &f->spec, &h->child, NULL), 0);
        (void) close_fd(fds[1]);
        wait_readable(fds[0]);
        assert_true(read(fds[0], line, sizeof(line)) > 0);
        (void) close_fd(fds[0]);
}

static void end_home(Home *h) {
        (void) kill(h->child.pid, SIGKILL);
        (void) waitpid(h->child.pid, NULL, 0);
        runtime_child_done(&h->child);
        free(h->output);
        free(h->error);
}

static void forget(Home *h) {
        free(h->output);
        free(h->error);
        h->output = h->error = NULL;
        h->number = 0;
        h->status = -1;
}

static void note_error(Home *h, int number, Error *error) {
        h->number = number;
        h->error = strdup(error_text(error, number));
        error_done(error);
}

static void exec_argv(Home *h, char *const *argv) {
        RuntimeExec e;
        Error error = {};
        int fds[2], r;

        forget(h);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        h->f->spec.process.argv = argv;
        h->f->spec.process.stdout_fd = h->f->spec.process.stderr_fd = fds[1];
        r = runtime_exec(h->f->runtime, &h->f->spec, h->child.pid, h->child.pidfd, &e, &error);
        (void) close_fd(fds[1]);
        if (r < 0) {
                note_error(h, r, &error);
                (void) close_fd(fds[0]);
                return;
        }
        do {
                wait_readable(e.child.status_fd);
                r = runtime_exec_read(&e, &error);
        } while (r == 0);
        if (r < 0)
                note_error(h, r, &error);
        assert_int_equal(file_read_fd(fds[0], OUTPUT_MAX, &h->output, NULL), 0);
        (void) close_fd(fds[0]);
        /* It is our child, and not of who made it. */
        assert_int_equal(waitpid(e.child.pid, &h->status, 0), e.child.pid);
        if (e.maker_pidfd >= 0)
                assert_int_equal(
                                waitid(P_PIDFD, (id_t) e.maker_pidfd, &(siginfo_t) {}, WEXITED), 0);
        runtime_exec_done(&e);
}

static void exec_script(Home *h, const char *script) {
        char *argv[] = { (char *) "sh", (char *) "-c", (char *) script, NULL };

        exec_argv(h, argv);
        if (h->error)
                print_message("error: %s\n", h->error);
}

#define assert_exec_prints(h, script, expected) \
        do { \
                exec_script((h), (script)); \
                assert_non_null((h)->output); \
                assert_string_equal((h)->output, (expected)); \
        } while (0)

/* ---- where it is ---- */

static void test_it_joins_every_namespace(void **state) {
        Home h;

        start_home(&h, fixture(state), NULL);
        assert_exec_prints(&h,
                        "for i in /proc/self/ns/*; do n=${i##*/}; "
                        "[ $(readlink $i) = $(readlink /proc/1/ns/$n) ] || echo $n; done; hostname",
                        "box\n");
        assert_int_equal(h.status, 0);
        end_home(&h);
}

static void test_a_shared_network_stays_the_host_s(void **state) {
        Fixture *f = fixture(state);
        Home h;
        char own[128];

        f->spec.network = RUNTIME_NETWORK_HOST;
        start_home(&h, f, NULL);
        ssize_t n = readlink("/proc/self/ns/net", own, sizeof(own) - 2);
        assert_true(n > 0);
        own[n] = '\n';
        own[n + 1] = '\0';
        assert_exec_prints(&h, "readlink /proc/self/ns/net", own);
        end_home(&h);
}

static void test_it_sees_what_the_payload_sees(void **state) {
        Home h;

        start_home(&h, fixture(state), "echo here >/made");
        assert_exec_prints(&h, "cat /made; pwd; cat /proc/1/comm", "here\n/\nsleep\n");
        end_home(&h);
}

static void test_its_exit_status_is_its_own(void **state) {
        Home h;

        start_home(&h, fixture(state), NULL);
        exec_script(&h, "exit 7");
        assert_null(h.error);
        assert_int_equal(WEXITSTATUS(h.status), 7);
        end_home(&h);
}

/* ---- with which rights ---- */

static void test_user_directory_and_environment_are_the_payload_s(void **state) {
        Fixture *f = fixture(state);
        char *environment[] = { (char *) "A=b c", NULL };
        Home h;

        f->spec.process.user = "www";
        f->spec.process.working_dir = "/etc";
        f->spec.process.environment = environment;
        start_home(&h, f, NULL);
        assert_exec_prints(&h,
                        "id; pwd; echo $HOME $A; umask",
                        "uid=33(www) gid=34(www) groups=34(www),50(media)\n/etc\n/var/www b c\n"
                        "0022\n");
        end_home(&h);
}

static void test_rights_and_limits_are_the_payload_s(void **state) {
        static const char script[] =
                        "for p in 1 self; do grep -E '^(Cap|NoNewPrivs|Seccomp:|Sig(Blk|Ign))' "
                        "/proc/$p/status; cat /proc/$p/limits /proc/$p/oom_score_adj; done";
        const RuntimeLimit limits[] = { { .resource = RLIMIT_NOFILE, .soft = 99, .hard = 111 } };
        Fixture *f = fixture(state);
        Home h;

        f->spec.security.no_new_privileges = true;
        f->spec.security.limits = limits;
        f->spec.security.n_limits = 1;
        f->spec.security.oom_score_adjust = 123;
        for (int round = 0; round < 2; round++) {
                f->spec.process.user = round ? "www" : NULL;
                start_home(&h, f, NULL);
                exec_script(&h, script);
                assert_non_null(h.output);
                size_t half = strlen(h.output) / 2;
                assert_true(half > 500);
                assert_memory_equal(h.output, h.output + half, half);
                end_home(&h);
        }
}

static void test_no_descriptor_leaks(void **state) {
        _cleanup_close_ int leak = open("/etc", O_RDONLY | O_DIRECTORY);
        Home h;

        start_home(&h, fixture(state), NULL);
        assert_true(leak >= 0);
        assert_exec_prints(&h, "ls /proc/$$/fd; true", "0\n1\n2\n");
        assert_exec_prints(&h, "ls -l /proc/$$/fd/0 | grep -c 'dev/null$'", "1\n");
        end_home(&h);
}

/* What a container executes by that name is never a file of the host that it could write to later. */
static void test_proc_self_exe_is_the_sealed_supinit(void **state) {
        char *argv[] = { (char *) "/proc/self/exe", (char *) "--version", NULL };
        Home h;

        start_home(&h, fixture(state), NULL);
        exec_argv(&h, argv);
        assert_true(str_has_prefix(h.output, "supinit "));
        end_home(&h);
}

static void test_a_working_directory_does_not_lead_out(void **state) {
        Fixture *f = fixture(state);
        _cleanup_close_ int leak = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Home h;

        start_home(&h, f, NULL);
        _cleanup_free_ char *path = str_printf("/proc/self/fd/%d", leak);
        f->spec.process.working_dir = path;
        exec_script(&h, "true");
        assert_non_null(h.error);
        assert_true(str_has_prefix(h.error, "enter working directory /proc/self/fd/"));
        end_home(&h);
}

static void test_a_false_dev_null_is_refused(void **state) {
        Home h;

        start_home(&h, fixture(state), "rm /dev/null; echo >/dev/null");
        exec_script(&h, "true");
        assert_non_null(h.error);
        assert_string_equal(h.error, "set standard streams: No such device");
        end_home(&h);
}

/* ---- what goes wrong ---- */

static void test_commands_that_can_not_run_say_so(void **state) {
        static const struct {
                const char *command;
                int number;
                const char *text;
        } cases[] = {
                { "no-such", -ENOENT, "execute 'no-such': No such file or directory" },
                { "/no/such", -ENOENT, "execute '/no/such': No such file or directory" },
                { "/etc/passwd", -EACCES, "execute '/etc/passwd': Permission denied" },
        };
        Home h;

        start_home(&h, fixture(state), NULL);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *argv[] = { (char *) cases[i].command, NULL };

                exec_argv(&h, argv);
                assert_int_equal(h.number, cases[i].number);
                assert_string_equal(h.error, cases[i].text);
        }
        end_home(&h);
}

static void test_an_unknown_user_is_named(void **state) {
        Fixture *f = fixture(state);
        Home h;

        start_home(&h, f, NULL);
        f->spec.process.user = "nobody-here";
        exec_script(&h, "true");
        assert_string_equal(h.error, "find user 'nobody-here': no such user in /etc/passwd");
        end_home(&h);
}

static void test_a_container_that_has_ended_is_no_place_to_run(void **state) {
        Home h;

        start_home(&h, fixture(state), NULL);
        assert_int_equal(kill(h.child.pid, SIGKILL), 0);
        wait_readable(h.child.pidfd);
        exec_script(&h, "true");
        assert_int_equal(h.number, -ESRCH);
        end_home(&h);
}

static void test_without_supinit_nothing_enters(void **state) {
        Home h;

        start_home(&h, fixture(state), NULL);
        h.f->runtime = runtime_free(h.f->runtime);
        assert_int_equal(runtime_new(NULL, &h.f->runtime, NULL), 0);
        exec_script(&h, "true");
        assert_string_equal(h.error, "supinit is not available");
        end_home(&h);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(it_joins_every_namespace),
                TEST(a_shared_network_stays_the_host_s),
                TEST(it_sees_what_the_payload_sees),
                TEST(its_exit_status_is_its_own),
                TEST(user_directory_and_environment_are_the_payload_s),
                TEST(rights_and_limits_are_the_payload_s),
                TEST(no_descriptor_leaks),
                TEST(proc_self_exe_is_the_sealed_supinit),
                TEST(a_working_directory_does_not_lead_out),
                TEST(a_false_dev_null_is_refused),
                TEST(commands_that_can_not_run_say_so),
                TEST(an_unknown_user_is_named),
                TEST(a_container_that_has_ended_is_no_place_to_run),
                TEST(without_supinit_nothing_enters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
