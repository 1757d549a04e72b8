/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/sys.h"
#include "log/driver.h"

/*
 * This program is its own logger: started as supd-log is, it waits while DIRECTORY/hold is a locked
 * file, then copies descriptors 3 and 4 to DIRECTORY/out and DIRECTORY/err until their ends. With
 * --count 1 it fails at once.
 */

static void copy(int fd, const char *path) {
        int to = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) > 0) {
                if (write(to, data, (size_t) n) != n)
                        _exit(1);
        }
}

static int logger_main(char **argv) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (strcmp(argv[2], "") == 0 || strcmp(argv[3], "--size-max") != 0 ||
                        strcmp(argv[5], "--count") != 0 || chdir(argv[2]) < 0)
                return 2;
        if (strcmp(argv[6], "1") == 0)
                return 1;

        if (environ[0] || fcntl(5, F_GETFD) >= 0)
                return 4; /* it must get no environment, and no descriptor but its own */

        int hold = open("hold", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (hold < 0 || fcntl(hold, F_SETLKW, &lock) < 0)
                return 3;
        lock.l_type = F_UNLCK;
        if (fcntl(hold, F_SETLK, &lock) < 0)
                return 3;
        copy(3, "out");
        copy(4, "err");
        return 0;
}

static LogDriver *driver_new(void **state, unsigned count_max) {
        LogSpec spec = {
                .type = LOG_FILE,
                .unit_id = "web.service",
                .container_name = "web",
                .rate_limit_interval_usec = UINT64_MAX,
                .rate_limit_burst = UINT64_MAX,
                .directory = *state,
                .logger_path = "/proc/self/exe",
                .size_max_bytes = UINT64_MAX,
                .count_max = count_max,
        };
        LogDriver *d;

        assert_int_equal(log_driver_new(&spec, &d, NULL), 0);
        return d;
}

/* While it is held, no logger gets at its work: a stopped disk. */
static int hold_loggers(void **state) {
        _cleanup_free_ char *path = temporary_path(state, "hold");
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
        return fd;
}

/* One start of a container that writes this and ends. */
static void start_and_end(LogDriver *d, const char *out_text, const char *err_text) {
        _cleanup_close_ int out = -EBADF, err = -EBADF;

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_int_equal(fd_write_all(out, out_text, strlen(out_text)), 0);
        assert_int_equal(fd_write_all(err, err_text, strlen(err_text)), 0);
}

static void await_logger_end(const LogDriver *d) {
        struct pollfd p = { .fd = log_driver_child_pidfd(d), .events = POLLIN };

        assert_true(p.fd >= 0);
        assert_int_equal(poll(&p, 1, TEST_DEADLINE_MSEC), 1);
}

/* What the event loop does, until no logger is left. */
static void run_loggers(LogDriver *d) {
        int r;

        do {
                await_logger_end(d);
                r = log_driver_respawn(d, NULL);
                assert_true(r >= 0);
        } while (r > 0);
        assert_int_equal(log_driver_child_pidfd(d), -EBADF);
}

static void assert_content(void **state, const char *name, const char *wanted) {
        _cleanup_free_ char *path = temporary_path(state, name), *text = NULL;

        assert_int_equal(file_read(AT_FDCWD, path, 1024 * 1024, &text, NULL), 0);
        assert_string_equal(text, wanted);
}

static void kill_logger(const LogDriver *d) {
        assert_int_equal(sys_pidfd_send_signal(log_driver_child_pidfd(d), SIGKILL), 0);
}

static void test_each_stream_reaches_the_logger(void **state) {
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);

        assert_string_equal(log_driver_name(d), "file");
        start_and_end(d, "to out\n", "to err\n");
        run_loggers(d);
        assert_content(state, "out", "to out\n");
        assert_content(state, "err", "to err\n");
}

static void test_nothing_is_left_of_a_logger_that_ended(void **state) {
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);
        LogDescriptor descriptors[LOG_DESCRIPTORS_MAX];

        start_and_end(d, "x\n", "");
        run_loggers(d);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(log_driver_descriptors(d, descriptors), 0);
}

static void test_a_killed_logger_loses_nothing_that_it_had_not_read(void **state) {
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);
        _cleanup_close_ int out = -EBADF, err = -EBADF;
        int hold = hold_loggers(state);

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_int_equal(fd_write_all(out, "before\n", 7), 0);
        kill_logger(d);
        await_logger_end(d);
        close_fd(hold);

        /* It lived shortly: the first call only says so. */
        assert_int_equal(log_driver_respawn(d, NULL), -EAGAIN);
        assert_int_equal(log_driver_child_pidfd(d), -EBADF);
        assert_int_equal(fd_write_all(out, "between\n", 8), 0);
        assert_int_equal(log_driver_respawn(d, NULL), 1);
        assert_int_equal(fd_write_all(out, "after\n", 6), 0);
        out = close_fd(out);
        err = close_fd(err);
        run_loggers(d);
        assert_content(state, "out", "before\nbetween\nafter\n");
}

static void test_starts_in_a_row_are_written_one_after_the_other(void **state) {
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);
        int hold = hold_loggers(state);

        start_and_end(d, "1\n", "a\n");
        start_and_end(d, "2\n", "b\n");
        start_and_end(d, "3\n", "c\n");
        close_fd(hold);
        run_loggers(d);
        assert_content(state, "out", "1\n2\n3\n");
        assert_content(state, "err", "a\nb\nc\n");
}

static void test_starts_are_refused_when_too_many_wait_for_the_disk(void **state) {
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);
        int hold = hold_loggers(state), out, err;
        LogDescriptor descriptors[LOG_DESCRIPTORS_MAX];

        for (unsigned i = 0; i < (LOG_DESCRIPTORS_MAX - 1) / 2; i++)
                start_and_end(d, "x\n", "");
        assert_int_equal(log_driver_descriptors(d, descriptors), LOG_DESCRIPTORS_MAX);
        assert_int_equal(log_driver_open(d, &out, &err, NULL), -EBUSY);
        close_fd(hold);
        run_loggers(d);
        assert_content(state, "out", "x\nx\nx\nx\nx\nx\nx\nx\n");
        start_and_end(d, "y\n", "");
        run_loggers(d);
}

static void test_a_logger_that_fails_at_once_is_not_started_in_a_loop(void **state) {
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, /* fails with */ 1);
        _cleanup_close_ int out = -EBADF, err = -EBADF;

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        for (unsigned i = 0; i < 2; i++) {
                await_logger_end(d);
                assert_int_equal(log_driver_respawn(d, NULL), -EAGAIN);
                assert_int_equal(log_driver_child_pidfd(d), -EBADF);
                assert_int_equal(log_driver_respawn(d, NULL), 1);
        }
        await_logger_end(d);
}

/* The store keeps the first descriptor of a name: the next logger must not go by the name of the dead. */
static void test_each_logger_is_stored_under_a_name_of_its_own(void **state) {
        LogDescriptor first[LOG_DESCRIPTORS_MAX], second[LOG_DESCRIPTORS_MAX];
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);

        for (LogDescriptor *now = first;; now = second) {
                start_and_end(d, "", "");
                assert_true(log_driver_descriptors(d, now) > 0);
                run_loggers(d);
                if (now == second)
                        break;
        }
        assert_true(str_has_prefix(first[0].name, LOG_DESCRIPTOR_PREFIX "logger"));
        assert_true(str_has_prefix(second[0].name, LOG_DESCRIPTOR_PREFIX "logger"));
        assert_string_not_equal(first[0].name, second[0].name);
}

static void test_a_missing_logger_program_is_an_error(void **state) {
        _cleanup_(error_done) Error error = {};
        LogSpec spec = {
                .type = LOG_FILE, .directory = *state, .logger_path = "/nonexistent/supd-log"
        };
        LogDescriptor descriptors[LOG_DESCRIPTORS_MAX];
        LogDriver *d;
        int out, err;

        assert_int_equal(log_driver_new(&spec, &d, NULL), 0);
        assert_int_equal(log_driver_open(d, &out, &err, &error), -ENOENT);
        assert_non_null(strstr(error.message, "/nonexistent/supd-log"));
        assert_int_equal(log_driver_descriptors(d, descriptors), 0);
        d = log_driver_free(d);
}

/* What the manager's descriptor store does. */
static LogDriver *hand_over(void **state, LogDriver *former) {
        LogDescriptor stored[LOG_DESCRIPTORS_MAX];
        size_t n = log_driver_descriptors(former, stored);

        for (size_t i = 0; i < n; i++) {
                assert_int_equal(strncmp(stored[i].name, LOG_DESCRIPTOR_PREFIX, 4), 0);
                stored[i].fd = fcntl(stored[i].fd, F_DUPFD_CLOEXEC, 3);
        }
        former = log_driver_free(former);

        LogDriver *d = driver_new(state, 5);
        for (size_t i = n; i-- > 0;) { /* in no order that was promised */
                assert_int_equal(log_driver_adopt(d, stored[i].name, &stored[i].fd), 0);
                assert_int_equal(stored[i].fd, -EBADF);
        }
        return d;
}

static void test_the_next_supd_goes_on_with_the_same_logger(void **state) {
        LogDriver *d = driver_new(state, 5);
        int out = -EBADF, err = -EBADF, hold = hold_loggers(state);

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_int_equal(fd_write_all(out, "before\n", 7), 0);
        start_and_end(d, "second start\n", "");
        d = hand_over(state, d);
        assert_int_equal(log_driver_respawn(d, NULL), 1);
        assert_int_equal(fd_write_all(out, "after\n", 6), 0);
        out = close_fd(out);
        err = close_fd(err);
        start_and_end(d, "third start\n", "");
        close_fd(hold);
        run_loggers(d);
        assert_content(state, "out", "before\nafter\nsecond start\nthird start\n");
        d = log_driver_free(d);
}

static void test_the_next_supd_starts_a_logger_that_died_meanwhile(void **state) {
        LogDriver *d = driver_new(state, 5);
        int hold = hold_loggers(state);

        start_and_end(d, "text\n", "");
        kill_logger(d);
        await_logger_end(d);
        close_fd(hold);
        d = hand_over(state, d);
        assert_int_equal(log_driver_respawn(d, NULL), 1);
        run_loggers(d);
        assert_content(state, "out", "text\n");
        d = log_driver_free(d);
}

static void test_a_foreign_descriptor_is_not_adopted(void **state) {
        static const char *const bad[] = {
                "status",
                "log.",
                "log.out",
                "log.1",
                "log.1.in",
                "log.x.out",
                "log.1.out2",
                "log.-1.out",
                "log.4294967295.out",
        };
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(state, 5);
        int fd = STDIN_FILENO;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_true(log_driver_adopt(d, bad[i], &fd) < 0);
                assert_int_equal(fd, STDIN_FILENO);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temporary_setup, temporary_teardown)

int main(int argc, char **argv) {
        if (argc == 7 && strcmp(argv[1], "--directory") == 0)
                return logger_main(argv);

        /* The logger shall see what the driver leaks, not what whoever started the test did. */
        (void) sys_close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);

        const struct CMUnitTest tests[] = {
                TEST(test_each_stream_reaches_the_logger),
                TEST(test_nothing_is_left_of_a_logger_that_ended),
                TEST(test_a_killed_logger_loses_nothing_that_it_had_not_read),
                TEST(test_starts_in_a_row_are_written_one_after_the_other),
                TEST(test_starts_are_refused_when_too_many_wait_for_the_disk),
                TEST(test_a_logger_that_fails_at_once_is_not_started_in_a_loop),
                TEST(test_each_logger_is_stored_under_a_name_of_its_own),
                TEST(test_a_missing_logger_program_is_an_error),
                TEST(test_the_next_supd_goes_on_with_the_same_logger),
                TEST(test_the_next_supd_starts_a_logger_that_died_meanwhile),
                TEST(test_a_foreign_descriptor_is_not_adopted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
