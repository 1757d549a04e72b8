/* SPDX-License-Identifier: MIT */
#include "test-log-fixture.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include "log/driver.h"

#define EXTRA_FIELDS "units/log-extra-fields:web.service"

/* A test directory stands for /run/systemd: what is in its journal/ is journald. */
static int journald_setup(void **state) {
        int r = temporary_setup(state);

        if (r == 0)
                temporary_mkdir(state, "journal");
        return r;
}

static LogSpec spec_of(void **state, LogDriverType type) {
        return (LogSpec) {
                .type = type,
                .unit_id = "web.service",
                .container_name = "web",
                .container_id = "0123456789abcdef",
                .image_name = "example/web:1",
                .rate_limit_interval_usec = UINT64_MAX,
                .rate_limit_burst = UINT64_MAX,
                .size_max_bytes = UINT64_MAX,
                .count_max = UINT_MAX,
                .systemd_dir = *state,
        };
}

static LogDriver *driver_new(const LogSpec *spec) {
        LogDriver *d;

        assert_int_equal(log_driver_new(spec, &d, NULL), 0);
        return d;
}

static bool exists(void **state, const char *name) {
        _cleanup_free_ char *path = temporary_path(state, name);

        return access(path, F_OK) >= 0;
}

static void assert_readable(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, TEST_DEADLINE_MSEC), 1);
}

/* The header of the next stream that was opened, with what was written to it. */
static void assert_stream(int listener, const char *wanted) {
        _cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        _cleanup_free_ char *data = NULL;

        assert_true(fd >= 0);
        assert_int_equal(file_read_fd(fd, 65536, &data, NULL), 0);
        assert_string_equal(data, wanted);
}

/* journald asks for the writer of what it reads only after it has accepted. */
static void test_lines_written_before_journald_asks_have_their_writer(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener =
                        temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 10);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        _cleanup_close_ int out = -EBADF, err = -EBADF;

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        _cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_int_equal(write(out, "x", 1), 1);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int) { true }, sizeof(int)), 0);

        char data[256];
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
        struct msghdr m = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        struct ucred writer;

        /* The header was written before it was accepted, by the same process as the line. */
        ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
        assert_true(n > 1);
        assert_int_equal(data[n - 1], 'x');
        assert_int_equal(m.msg_controllen, CMSG_SPACE(sizeof(struct ucred)));
        memcpy(&writer, CMSG_DATA(&control.header), sizeof(writer));
        assert_int_equal(writer.pid, getpid());
}

static void test_names_of_drivers(void **state) {
        (void) state;
        for (LogDriverType type = 0; type < _LOG_DRIVER_TYPE_MAX; type++)
                assert_int_equal(
                                log_driver_type_from_string(log_driver_type_to_string(type)), type);
        assert_int_equal(log_driver_type_from_string("syslog"), _LOG_DRIVER_TYPE_INVALID);
        assert_null(log_driver_type_to_string(_LOG_DRIVER_TYPE_MAX));
}

static void test_none_discards(void **state) {
        LogSpec spec = spec_of(state, LOG_NONE);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        _cleanup_close_ int out = -EBADF, err = -EBADF;
        LogDescriptor descriptors[LOG_DESCRIPTORS_MAX];

        assert_string_equal(log_driver_name(d), "none");
        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_int_equal(write(out, "x", 1), 1);
        assert_int_equal(write(err, "x", 1), 1);
        assert_int_equal(log_driver_descriptors(d, descriptors), 0);
        assert_int_equal(log_driver_child_pidfd(d), -EBADF);
        assert_int_equal(log_driver_respawn(d, NULL), 0);
        assert_int_equal(log_driver_forget(d), 0);
}

static void test_passthrough_hands_out_our_own_stdout_and_stderr(void **state) {
        LogSpec spec = spec_of(state, LOG_PASSTHROUGH);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        _cleanup_close_ int out = -EBADF, err = -EBADF;
        struct stat ours, theirs;

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_true(out > STDERR_FILENO && err > STDERR_FILENO);
        assert_int_equal(fstat(STDOUT_FILENO, &ours), 0);
        assert_int_equal(fstat(out, &theirs), 0);
        assert_int_equal(ours.st_ino, theirs.st_ino);
        assert_int_equal(fstat(STDERR_FILENO, &ours), 0);
        assert_int_equal(fstat(err, &theirs), 0);
        assert_int_equal(ours.st_ino, theirs.st_ino);
}

static void test_auto_is_journald_where_it_takes_connections(void **state) {
        LogSpec spec = spec_of(state, LOG_AUTO);
        _cleanup_close_ int listener =
                        temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 10);

        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        assert_string_equal(log_driver_name(d), "journald");
        assert_true(listener >= 0);
}

static void test_auto_is_file_where_journald_is_gone(void **state) {
        LogSpec spec = spec_of(state, LOG_AUTO);
        _cleanup_free_ char *directory = temporary_path(state, "log/web");
        struct stat st;

        spec.directory = directory;
        spec.logger_path = "/bin/false";
        close_fd(temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 10));

        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        assert_string_equal(log_driver_name(d), "file");
        assert_int_equal(stat(directory, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0750);
}

static void test_journald_gets_both_streams_with_their_priorities(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener =
                        temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 10);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        int out = -EBADF, err = -EBADF;

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_int_equal(fcntl(out, F_GETFL) & O_NONBLOCK, 0);
        assert_int_equal(fcntl(err, F_GETFL) & O_NONBLOCK, 0);
        assert_true(exists(state, EXTRA_FIELDS));

        assert_int_equal(write(out, "<3>out\n", 7), 7);
        close_fd(out);
        assert_int_equal(write(err, "err\n", 4), 4);
        close_fd(err);
        assert_stream(listener, "web\nweb.service\n6\n0\n0\n0\n0\n<3>out\n");
        assert_stream(listener, "web\nweb.service\n3\n0\n0\n0\n0\nerr\n");
}

static void test_journald_gets_what_the_unit_says_of_its_lines(void **state) {
        const LogMarks marks = {
                .identifier = "shop",
                .facility = 19,
                .level = 5,
                .level_max = 4,
                .level_prefix = true,
        };
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        spec.marks = &marks;
        _cleanup_close_ int listener =
                        temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 10);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        int out = -EBADF, err = -EBADF;

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        close_fd(out);
        close_fd(err);
        assert_stream(listener, "shop\nweb.service\n157\n1\n0\n0\n0\n");
        assert_stream(listener, "shop\nweb.service\n157\n1\n0\n0\n0\n");
}

static void test_a_unit_that_says_nothing_has_no_least_level(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener =
                        temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 10);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        _cleanup_close_ int out = -EBADF, err = -EBADF;
        char target[16];

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        _cleanup_free_ char *path = temporary_path(state, "units/log-level-max:web.service");
        assert_int_equal(readlink(path, target, sizeof(target)), -1);
        assert_true(listener >= 0);
}

static void test_a_journald_that_takes_no_connection_is_an_error_at_once(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener =
                        temporary_socket(state, "journal/stdout", SOCK_STREAM, /* backlog= */ 0);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        _cleanup_(error_done) Error error = {};
        int out = -EBADF, err = -EBADF;

        /* With no backlog there is room for one; a blocking connect() would hang the test. */
        assert_int_equal(log_driver_open(d, &out, &err, &error), -EAGAIN);
        assert_non_null(strstr(error.message, "journald does not answer"));
        assert_int_equal(out, -EBADF);
        assert_true(listener >= 0);
}

static void test_an_identifier_that_would_forge_the_header_is_refused(void **state) {
        const LogMarks marks = {
                .identifier = "a\nb", .facility = -1, .level = -1, .level_max = -1
        };
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        LogDriver *d = NULL;

        spec.marks = &marks;
        assert_int_equal(log_driver_new(&spec, &d, NULL), -EINVAL);
        assert_null(d);
}

static void test_a_name_that_would_forge_the_header_is_refused(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        LogDriver *d;

        spec.container_name = "web\nother.service";
        assert_int_equal(log_driver_new(&spec, &d, NULL), -EINVAL);
        spec.container_name = "web";
        spec.unit_id = "../web.service";
        assert_int_equal(log_driver_new(&spec, &d, NULL), -EINVAL);
}

static void test_the_fields_stay_until_journald_has_caught_up(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener = temporary_socket(state, "journal/stdout", SOCK_STREAM, 10);
        _cleanup_close_ int sync =
                        temporary_socket(state, "journal/io.systemd.journal", SOCK_STREAM, 10);
        _cleanup_(log_driver_freep) LogDriver *d = driver_new(&spec);
        _cleanup_close_ int out = -EBADF, err = -EBADF;
        char request[256];

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        assert_int_equal(log_driver_forget(d), 1);
        assert_int_equal(log_driver_forget(d), 1);
        assert_true(exists(state, EXTRA_FIELDS));

        _cleanup_close_ int asked = accept4(sync, NULL, NULL, SOCK_CLOEXEC);
        assert_true(asked >= 0);
        ssize_t n = recv(asked, request, sizeof(request), MSG_DONTWAIT);
        assert_true(n > 0 && request[n - 1] == '\0');
        assert_non_null(strstr(request, "io.systemd.Journal.Synchronize"));

        assert_int_equal(send(asked, "{}", 3, MSG_NOSIGNAL), 3);
        assert_readable(log_driver_forget_fd(d));
        assert_int_equal(log_driver_forget(d), 0);
        assert_false(exists(state, EXTRA_FIELDS));
        assert_int_equal(log_driver_forget_fd(d), -EBADF);
        assert_int_equal(log_driver_forget(d), 0);
        assert_true(listener >= 0);
}

static void test_a_new_start_calls_the_removal_off(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener = temporary_socket(state, "journal/stdout", SOCK_STREAM, 10);
        _cleanup_close_ int sync =
                        temporary_socket(state, "journal/io.systemd.journal", SOCK_STREAM, 10);
        LogDriver *d = driver_new(&spec);

        for (unsigned i = 0; i < 2; i++) {
                _cleanup_close_ int out = -EBADF, err = -EBADF;

                assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
                assert_int_equal(log_driver_forget_fd(d), -EBADF);
                assert_true(exists(state, EXTRA_FIELDS));
                assert_int_equal(log_driver_forget(d), 1);
        }

        /* And the end of the driver completes it. */
        d = log_driver_free(d);
        assert_false(exists(state, EXTRA_FIELDS));
        assert_true(listener >= 0 && sync >= 0);
}

static void test_a_driver_freed_while_the_container_runs_leaves_its_fields(void **state) {
        LogSpec spec = spec_of(state, LOG_JOURNALD);
        _cleanup_close_ int listener = temporary_socket(state, "journal/stdout", SOCK_STREAM, 10);
        _cleanup_close_ int out = -EBADF, err = -EBADF;
        LogDriver *d = driver_new(&spec);

        assert_int_equal(log_driver_open(d, &out, &err, NULL), 0);
        d = log_driver_free(d);
        assert_true(exists(state, EXTRA_FIELDS));

        /* The next supd's driver, which opened nothing itself, removes them. No journald to ask. */
        d = driver_new(&spec);
        assert_int_equal(log_driver_forget(d), 0);
        assert_false(exists(state, EXTRA_FIELDS));
        d = log_driver_free(d);
        assert_true(listener >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, journald_setup, temporary_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_of_drivers),
                TEST(test_lines_written_before_journald_asks_have_their_writer),
                TEST(test_none_discards),
                TEST(test_passthrough_hands_out_our_own_stdout_and_stderr),
                TEST(test_auto_is_journald_where_it_takes_connections),
                TEST(test_auto_is_file_where_journald_is_gone),
                TEST(test_journald_gets_both_streams_with_their_priorities),
                TEST(test_journald_gets_what_the_unit_says_of_its_lines),
                TEST(test_a_unit_that_says_nothing_has_no_least_level),
                TEST(test_a_journald_that_takes_no_connection_is_an_error_at_once),
                TEST(test_a_name_that_would_forge_the_header_is_refused),
                TEST(test_an_identifier_that_would_forge_the_header_is_refused),
                TEST(test_the_fields_stay_until_journald_has_caught_up),
                TEST(test_a_new_start_calls_the_removal_off),
                TEST(test_a_driver_freed_while_the_container_runs_leaves_its_fields),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
