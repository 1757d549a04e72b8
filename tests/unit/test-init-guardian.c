/* SPDX-License-Identifier: MIT */

/*
 * supinit as guardian. As "program" this file is also what is guarded: each life of it says "start
 * PID", then obeys commands from standard input, which the next life goes on reading.
 */

#include "lib/run-program.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "supd/init-protocol.h"

#define ORPHANS 300

static char self_path[PATH_MAX];

/* ---- the program's side ---- */

static void notify(const char *text, const int *fds, int n_fds) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *name = getenv("NOTIFY_SOCKET") ?: "unset";
        char control[CMSG_SPACE(253 * sizeof(int))] = {};
        struct iovec iov = { .iov_base = (char *) text, .iov_len = strlen(text) };
        struct msghdr header = { .msg_name = &address, .msg_iov = &iov, .msg_iovlen = 1 };

        memcpy(address.sun_path, name, strlen(name));
        header.msg_namelen = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(name));
        if (address.sun_path[0] == '@')
                address.sun_path[0] = '\0';

        if (n_fds > 0) {
                header.msg_control = control;
                header.msg_controllen = CMSG_SPACE((size_t) n_fds * sizeof(int));

                struct cmsghdr *c = CMSG_FIRSTHDR(&header);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN((size_t) n_fds * sizeof(int));
                memcpy(CMSG_DATA(c), fds, (size_t) n_fds * sizeof(int));
        }

        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (sendmsg(fd, &header, 0) < 0)
                (void) dprintf(2, "sendmsg: %s\n", strerror(errno));
        (void) close(fd);
}

static int file_with(const char *content) {
        int fd = memfd_create("test", MFD_CLOEXEC);

        (void) !write(fd, content, strlen(content));
        return fd;
}

static void store(const char *name, const char *content) {
        char text[1024];
        int fd = file_with(content);

        (void) snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
        notify(text, &fd, 1);
        (void) close(fd);
}

static void do_store(char *arguments) {
        char *content = strchr(arguments, ' ');

        *content++ = '\0';
        store(arguments, content);
}

/* "COUNT LENGTH": names of that length, the content being the name. */
static void do_store_many(char *arguments) {
        int count = 0, length = 0;

        (void) sscanf(arguments, "%d %d", &count, &length);
        for (int i = 0; i < count; i++) {
                char name[300];

                (void) snprintf(name, sizeof(name), "%0*d", length, i);
                store(name, name);
        }
}

/* "COUNT NAME": several in one message. */
static void do_store_together(char *arguments) {
        char text[1024], name[256] = "";
        int fds[253], count = 0;

        (void) sscanf(arguments, "%d %255s", &count, name);
        for (int i = 0; i < count; i++)
                fds[i] = file_with(name);
        (void) snprintf(text, sizeof(text), "FDNAME=%s\nFDSTORE=1\n", name);
        notify(text, fds, count);
        for (int i = 0; i < count; i++)
                (void) close(fds[i]);
}

static void do_store_twice(char *name) {
        char text[1024];
        int fd = file_with("twice");

        (void) snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
        notify(text, &fd, 1);
        notify(text, &fd, 1);
        (void) close(fd);
}

static void do_remove(char *name) {
        char text[1024];

        (void) snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
        notify(text, NULL, 0);
}

static void do_notify(char *text) {
        notify(text, NULL, 0);
}

static void do_store_by_child(char *name) {
        pid_t pid = fork();

        if (pid == 0) {
                store(name, "intruder");
                do_remove((char *) "mine");
                notify("STOPPING=1", NULL, 0);
                _exit(0);
        }
        (void) waitpid(pid, NULL, 0);
}

/* Returns once the other end of the pipe is closed, hence all earlier messages are dealt with. */
static void do_barrier(char *arguments) {
        int fds[2];

        (void) arguments;
        (void) !pipe2(fds, O_CLOEXEC);
        notify("BARRIER=1", &fds[1], 1);
        (void) close(fds[1]);

        struct pollfd p = { .fd = fds[0] };
        (void) dprintf(1, "barrier %s\n", poll(&p, 1, RUN_DEADLINE_MSEC) == 1 ? "passed" : "stuck");
        (void) close(fds[0]);
}

static int number(const char *text) {
        return (int) strtol(text, NULL, 10);
}

/* The receiver of supd/init-protocol.h. Return: names, each ended by @ret_separator. */
static char *received_names(char *ret_separator) {
        static char text[1024 * 1024];
        const char *names_fd = getenv(SUPD_ENV_FDNAMES_FD), *names = getenv("LISTEN_FDNAMES");

        *ret_separator = names_fd ? '\n' : ':';
        if (names_fd)
                (void) !pread(number(names_fd), text, sizeof(text) - 1, 0);
        else if (names)
                (void) snprintf(text, sizeof(text), "%s:", names);
        return text;
}

static int received_count(void) {
        const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

        return pid && count && number(pid) == getpid() ? number(count) : 0;
}

static void do_list(char *arguments) {
        char separator, *p = received_names(&separator);
        int count = received_count();

        (void) arguments;
        for (int i = 0; i < count; i++) {
                char content[300] = "", *end = strchr(p, separator);

                if (!end)
                        break;
                *end = '\0';
                (void) !pread(3 + i, content, sizeof(content) - 1, 0);
                (void) dprintf(1, "%s=%s\n", p, content);
                p = end + 1;
        }
        (void) dprintf(1, "%s\n", *p ? "superfluous" : "end");
}

/* Like list, but only says whether every content is its name. */
static void do_check(char *arguments) {
        char separator, *p = received_names(&separator);
        int count = received_count(), good = 0;

        (void) arguments;
        for (int i = 0; i < count; i++) {
                char content[300] = "", *end = strchr(p, separator);

                if (!end)
                        break;
                *end = '\0';
                good += pread(3 + i, content, sizeof(content) - 1, 0) > 0 &&
                        strcmp(content, p) == 0;
                p = end + 1;
        }
        (void) dprintf(1,
                        "%d of %d, %s, %s\n",
                        good,
                        count,
                        separator == ':' ? "variable" : "file",
                        *p ? "superfluous" : "complete");
}

static void do_fds(char *arguments) {
        (void) arguments;
        for (int fd = 0; fd < 100; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        (void) dprintf(1, "%d ", fd);
        (void) dprintf(1, "\n");
}

static void do_exit(char *arguments) {
        _exit(number(arguments));
}

static void do_kill(char *arguments) {
        (void) raise(number(arguments));
}

static void do_orphans(char *arguments) {
        uint64_t deadline = run_now_msec() + RUN_DEADLINE_MSEC / 2;
        int fds[2];
        pid_t orphan;

        (void) arguments;
        (void) !pipe2(fds, O_CLOEXEC);
        for (int i = 0; i < ORPHANS; i++) {
                pid_t child = fork();

                if (child == 0) {
                        orphan = fork();
                        if (orphan > 0)
                                (void) !write(fds[1], &orphan, sizeof(orphan));
                        _exit(0);
                }
                (void) waitpid(child, NULL, 0);
        }

        for (int i = 0; i < ORPHANS; i++) {
                (void) !read(fds[0], &orphan, sizeof(orphan));
                while (kill(orphan, 0) == 0 && run_now_msec() < deadline)
                        (void) poll(NULL, 0, 1);
        }
        (void) close(fds[0]);
        (void) close(fds[1]);
        (void) dprintf(1, "%s\n", run_now_msec() < deadline ? "reaped" : "zombies");
}

static void say_signal(int number) {
        char text[] = "signal ??\n";

        text[7] = (char) ('0' + number / 10);
        text[8] = (char) ('0' + number % 10);
        (void) !write(1, text, sizeof(text) - 1);
}

static void exit_cleanly(int number) {
        (void) number;
        _exit(0);
}

static void do_handle(char *arguments) {
        (void) arguments;
        (void) signal(SIGHUP, say_signal);
        (void) signal(SIGUSR1, say_signal);
        (void) signal(SIGUSR2, say_signal);
        (void) signal(SIGTERM, exit_cleanly);
        (void) dprintf(1, "handling\n");
}

static const struct {
        const char *name;
        void (*run)(char *arguments);
} commands[] = {
        { "store", do_store },
        { "store-many", do_store_many },
        { "store-together", do_store_together },
        { "store-twice", do_store_twice },
        { "store-by-child", do_store_by_child },
        { "remove", do_remove },
        { "notify", do_notify },
        { "barrier", do_barrier },
        { "list", do_list },
        { "check", do_check },
        { "fds", do_fds },
        { "exit", do_exit },
        { "kill", do_kill },
        { "orphans", do_orphans },
        { "handle", do_handle },
};

/* Byte by byte: what comes behind the line is for the next life. */
static bool read_command(char *line, size_t size) {
        size_t n = 0;

        while (n + 1 < size) {
                ssize_t r = read(0, line + n, 1);

                if (r < 0 && errno == EINTR)
                        continue;
                if (r <= 0)
                        return false;
                if (line[n] == '\n')
                        break;
                n++;
        }

        line[n] = '\0';
        return true;
}

static int program_main(void) {
        struct rlimit limit;
        char line[1024];

        (void) getrlimit(RLIMIT_NOFILE, &limit);
        (void) dprintf(1,
                        "start %d%s\n",
                        (int) getpid(),
                        limit.rlim_cur < limit.rlim_max ? " low" : "");

        while (read_command(line, sizeof(line))) {
                char *arguments = strchr(line, ' ');

                if (arguments)
                        *arguments++ = '\0';
                for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
                        if (strcmp(line, commands[i].name) == 0)
                                commands[i].run(arguments ? arguments : line + strlen(line));
        }

        return 0;
}

/* ---- the test's side ---- */

static pid_t expect_start(Run *r) {
        int pid = 0;
        char rest = 0;

        assert_int_equal(sscanf(run_line(r->out), "start %d%c", &pid, &rest), 1);
        assert_true(pid > 0);
        return pid;
}

static pid_t guardian_start(Run *r) {
        char *argv[] = { (char *) run_binary("supinit"), self_path, (char *) "program", NULL };

        run_start(r, argv);
        return expect_start(r);
}

static void expect_lines(Run *r, const char *const *lines) {
        for (; *lines; lines++)
                assert_string_equal(run_line(r->out), *lines);
}

#define EXPECT(r, ...) expect_lines(r, (const char *const[]) { __VA_ARGS__, NULL })

static void expect_end(Run *r, int exit_code) {
        assert_string_equal(run_line(r->out), "");
        assert_int_equal(run_wait(r), exit_code);
}

static void test_clean_exit_ends_the_guardian(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "exit 0\n");
        expect_end(&r, 0);
}

static void test_program_that_never_ran_ends_the_guardian(void **state) {
        char *not_found[] = { (char *) run_binary("supinit"), (char *) "no-such-program", NULL };
        char *not_executable[] = { not_found[0], (char *) "--", (char *) "/etc/passwd", NULL };
        Run r = {};

        (void) state;
        run_start(&r, not_found);
        assert_int_equal(run_wait(&r), 127);
        run_start(&r, not_executable);
        assert_int_equal(run_wait(&r), 126);
}

static void test_descriptors_survive_kill_minus_9(void **state) {
        Run r = {};

        (void) state;
        pid_t first = guardian_start(&r);
        run_say(&r, "store web one\nstore db two\nbarrier\n");
        EXPECT(&r, "barrier passed");

        assert_int_equal(kill(first, SIGKILL), 0);
        assert_int_not_equal(expect_start(&r), first);
        run_say(&r, "list\nfds\n");
        EXPECT(&r, "web=one", "db=two", "end", "0 1 2 3 4 ");

        /* And another life, reached by an exit status. */
        run_say(&r, "exit 1\n");
        (void) expect_start(&r);
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "web=one", "db=two", "end");
        expect_end(&r, 0);
}

static void test_messages_of_the_last_moment_count(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store a 1\nstore b 2\nstore c 3\nremove b\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "a=1", "c=3", "end");
        expect_end(&r, 0);
}

static void test_remove_takes_all_of_that_name(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store-together 253 web\nstore other x\nstore web y\nremove web\nremove no\n");
        run_say(&r, "store later z\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "list\nfds\nexit 0\n");
        EXPECT(&r, "later=z", "other=x", "end", "0 1 2 3 4 ");
        expect_end(&r, 0);
}

static void test_one_message_stores_all_its_descriptors(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store-together 253 web\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "check\nexit 0\n");
        EXPECT(&r, "253 of 253, variable, complete");
        expect_end(&r, 0);
}

static void test_same_file_and_name_is_kept_once(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store-twice web\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "web=twice", "end");
        expect_end(&r, 0);
}

static void test_bad_names_become_stored(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store a:b 1\nstore \x7f 2\nstore-many 1 256\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "stored=1", "stored=2");
        assert_int_equal(strncmp(run_line(r.out), "stored=000", 10), 0);
        EXPECT(&r, "end");
        expect_end(&r, 0);
}

static void test_only_the_main_process_is_listened_to(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store mine 1\nstore-by-child foreign\nbarrier\nkill 9\n");
        EXPECT(&r, "barrier passed");
        (void) expect_start(&r); /* the child's STOPPING=1 did not count either */
        run_say(&r, "list\nnotify MAINPID=1\nstore more 2\nkill 9\n");
        EXPECT(&r, "mine=1", "end");
        (void) expect_start(&r);
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "mine=1", "more=2", "end");
        expect_end(&r, 0);
}

static void test_names_too_long_for_a_variable_come_as_a_file(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        /* 65 bytes each with the separator: 1008 fit in 64 KiB, 1009 don't. */
        run_say(&r, "store-many 1008 64\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "check\nstore one-more-than-fits-there one-more-than-fits-there\nkill 9\n");
        EXPECT(&r, "1008 of 1008, variable, complete");
        (void) expect_start(&r);
        run_say(&r, "check\nstore-many 3000 200\nkill 9\n");
        EXPECT(&r, "1009 of 1009, file, complete");
        (void) expect_start(&r);
        run_say(&r, "check\nkill 9\n");
        EXPECT(&r, "4009 of 4009, file, complete");
        (void) expect_start(&r);
        run_say(&r, "check\nexit 0\n");
        EXPECT(&r, "4009 of 4009, file, complete");
        expect_end(&r, 0);
}

static int errors_fd = -1;

static int few_descriptors(void) {
        const struct rlimit limit = { .rlim_cur = 60, .rlim_max = 60 };

        return dup2(errors_fd, STDERR_FILENO) < 0 || setrlimit(RLIMIT_NOFILE, &limit) < 0;
}

static int low_soft_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -1;
        limit.rlim_cur = 256;
        return dup2(errors_fd, STDERR_FILENO) < 0 || setrlimit(RLIMIT_NOFILE, &limit) < 0;
}

static int count_overflow_lines(void) {
        static char text[65536];
        int n = 0;

        ssize_t size = pread(errors_fd, text, sizeof(text) - 1, 0);
        assert_true(size >= 0);
        text[size] = '\0';
        for (const char *p = text; (p = strstr(p, "store is full")) != NULL; p++)
                n++;
        return n;
}

static void test_full_store_drops_the_rest_and_says_so_once(void **state) {
        Run r = { .prepare = few_descriptors };

        (void) state;
        errors_fd = file_with("");
        (void) guardian_start(&r);
        run_say(&r, "store-many 100 8\nbarrier\nkill 9\n");
        EXPECT(&r, "barrier passed");
        (void) expect_start(&r);
        run_say(&r, "check\nexit 0\n");

        int good = 0, count = 0;
        assert_int_equal(sscanf(run_line(r.out), "%d of %d,", &good, &count), 2);
        assert_int_equal(good, count);
        assert_in_range(count, 30, 55);
        expect_end(&r, 0);
        assert_int_equal(count_overflow_lines(), 1);
        run_close(&errors_fd);
}

static void test_store_holds_eight_thousand(void **state) {
        Run r = { .prepare = low_soft_limit };
        struct rlimit limit;

        (void) state;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max < 9000)
                skip();

        errors_fd = file_with("");
        (void) guardian_start(&r);
        run_say(&r, "store-many 8300 8\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "check\nexit 0\n");

        int good = 0, count = 0;
        assert_int_equal(sscanf(run_line(r.out), "%d of %d, file, complete", &good, &count), 2);
        assert_int_equal(good, count);
        assert_in_range(count, 8180, 8192);
        expect_end(&r, 0);
        assert_int_equal(count_overflow_lines(), 1);
        run_close(&errors_fd);
}

/* Each life reads one command and dies; the gaps are 0, 0.1, 0.2, 0.4 and 0.8 s. */
static void test_crash_loop_backs_off(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        uint64_t begin = run_now_msec();
        run_say(&r, "exit 3\nexit 3\nkill 6\nexit 3\nkill 9\nexit 0\n");
        (void) expect_start(&r);
        uint64_t first = run_now_msec() - begin;
        for (int i = 0; i < 4; i++)
                (void) expect_start(&r);
        uint64_t all = run_now_msec() - begin;
        expect_end(&r, 0);

        assert_in_range(all - first, 1490, 10000);
        assert_true(first < all / 3);
}

static void test_a_wrong_command_line_is_not_tried_again_and_again(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "exit 2\n");
        expect_end(&r, 2);

        (void) guardian_start(&r);
        run_say(&r, "kill 9\nexit 2\nexit 0\n"); /* it has been right before */
        (void) expect_start(&r);
        (void) expect_start(&r);
        expect_end(&r, 0);
}

static void test_sigterm_ends_program_and_guardian(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        assert_int_equal(kill(r.pid, SIGTERM), 0);
        expect_end(&r, 128 + SIGTERM);

        (void) guardian_start(&r);
        run_say(&r, "handle\n");
        EXPECT(&r, "handling");
        assert_int_equal(kill(r.pid, SIGTERM), 0);
        expect_end(&r, 0);

        (void) guardian_start(&r);
        assert_int_equal(kill(r.pid, SIGINT), 0);
        expect_end(&r, 128 + SIGINT);
}

static void test_sigterm_while_the_program_is_down_ends_the_guardian(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "exit 1\nexit 1\nexit 1\nexit 1\nexit 1\nexit 1\n");
        for (int i = 0; i < 5; i++)
                (void) expect_start(&r);
        /* It is down for 1.6 s now, or about to be. */
        assert_int_equal(kill(r.pid, SIGTERM), 0);
        int exit_code = run_wait(&r);
        assert_true(exit_code == 128 + SIGTERM || exit_code == 1);
}

static void test_other_signals_are_forwarded_and_end_nothing(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "handle\n");
        EXPECT(&r, "handling");
        assert_int_equal(kill(r.pid, SIGHUP), 0);
        EXPECT(&r, "signal 01");
        assert_int_equal(kill(r.pid, SIGUSR1), 0);
        EXPECT(&r, "signal 10");
        assert_int_equal(kill(r.pid, SIGUSR2), 0);
        EXPECT(&r, "signal 12");
        run_say(&r, "exit 1\n");
        (void) expect_start(&r);
        run_say(&r, "exit 0\n");
        expect_end(&r, 0);
}

static void test_failure_after_stopping_is_the_end(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "notify READY=1\nnotify STOPPING=1\nexit 9\n");
        expect_end(&r, 9);

        (void) guardian_start(&r);
        run_say(&r, "notify STOPPING=1\nkill 9\n");
        expect_end(&r, 137);
}

static void test_orphans_are_reaped(void **state) {
        Run r = {};

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "orphans\nexit 0\n");
        EXPECT(&r, "reaped");
        expect_end(&r, 0);
}

static void test_program_gets_no_foreign_descriptor(void **state) {
        Run r = { .n_extra = 2 };

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "fds\n");
        EXPECT(&r, "0 1 2 ");
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "end");
        expect_end(&r, 0);
}

static int close_standard_descriptors(void) {
        return close(STDERR_FILENO);
}

static void test_closed_standard_descriptors_are_not_taken_by_others(void **state) {
        Run r = { .prepare = close_standard_descriptors };

        (void) state;
        (void) guardian_start(&r);
        run_say(&r, "store web one\nkill 9\n");
        (void) expect_start(&r);
        run_say(&r, "list\nexit 0\n");
        EXPECT(&r, "web=one", "end");
        expect_end(&r, 0);
}

static void test_death_of_the_guardian_leaves_the_program_running(void **state) {
        Run r = {};

        (void) state;
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L), 0);
        pid_t program = guardian_start(&r);
        assert_int_equal(kill(r.pid, SIGKILL), 0);
        assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);

        run_say(&r, "fds\n");
        EXPECT(&r, "0 1 2 ");
        run_say(&r, "exit 0\n");
        r.pid = program;
        expect_end(&r, 0);
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L), 0);
}

int main(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "program") == 0)
                return program_main();

        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_clean_exit_ends_the_guardian),
                cmocka_unit_test(test_program_that_never_ran_ends_the_guardian),
                cmocka_unit_test(test_descriptors_survive_kill_minus_9),
                cmocka_unit_test(test_messages_of_the_last_moment_count),
                cmocka_unit_test(test_remove_takes_all_of_that_name),
                cmocka_unit_test(test_one_message_stores_all_its_descriptors),
                cmocka_unit_test(test_same_file_and_name_is_kept_once),
                cmocka_unit_test(test_bad_names_become_stored),
                cmocka_unit_test(test_only_the_main_process_is_listened_to),
                cmocka_unit_test(test_names_too_long_for_a_variable_come_as_a_file),
                cmocka_unit_test(test_full_store_drops_the_rest_and_says_so_once),
                cmocka_unit_test(test_store_holds_eight_thousand),
                cmocka_unit_test(test_crash_loop_backs_off),
                cmocka_unit_test(test_a_wrong_command_line_is_not_tried_again_and_again),
                cmocka_unit_test(test_sigterm_ends_program_and_guardian),
                cmocka_unit_test(test_sigterm_while_the_program_is_down_ends_the_guardian),
                cmocka_unit_test(test_other_signals_are_forwarded_and_end_nothing),
                cmocka_unit_test(test_failure_after_stopping_is_the_end),
                cmocka_unit_test(test_orphans_are_reaped),
                cmocka_unit_test(test_program_gets_no_foreign_descriptor),
                cmocka_unit_test(test_closed_standard_descriptors_are_not_taken_by_others),
                cmocka_unit_test(test_death_of_the_guardian_leaves_the_program_running),
        };

        if (!realpath("/proc/self/exe", self_path))
                return 1;
        (void) signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
