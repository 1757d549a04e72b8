/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Subprocess programs, played by the shell. */

#include "base/fd.h"
#include "base/text.h"
#include "kinds/subprocess.h"

#define DEADLINE_USEC (UINT64_C(20) * 1000000)

typedef struct Seen {
        sd_event *event;
        Subprocess *helper;
        char text[4096]; /* "KEY=value;" of each record */
        bool ended;
        int result, exit_status;
        char message[256];
} Seen;

static void seen_record(const char *key, const char *value, void *userdata) {
        Seen *seen = userdata;
        size_t size = strlen(seen->text);

        (void) snprintf(seen->text + size, sizeof(seen->text) - size, "%s=%s;", key, value);
}

static void seen_end(int result, const Error *error, void *userdata) {
        Seen *seen = userdata;

        seen->ended = true;
        seen->result = result;
        (void) snprintf(seen->message, sizeof(seen->message), "%s", error->message ?: "");
        seen->exit_status = subprocess_exit_status(seen->helper);
        seen->helper = subprocess_free(seen->helper);
        (void) sd_event_exit(seen->event, 0);
}

static const SubprocessOps seen_ops = { .on_record = seen_record, .on_end = seen_end };

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        return sd_event_exit(userdata, 1);
}

static void seen_start_with(
                Seen *seen, const char *script, int stdin_fd, int stdout_fd, int extra_fd) {
        char *const argv[] = { (char *) "/bin/sh", (char *) "-c", (char *) script, NULL };
        SubprocessRequest request = {
                .argv = argv,
                .stdin_fd = stdin_fd,
                .stdout_fd = stdout_fd,
                .extra_fd = extra_fd,
                .ops = &seen_ops,
                .userdata = seen,
        };

        assert_int_equal(sd_event_new(&seen->event), 0);
        assert_int_equal(subprocess_start(seen->event, &request, &seen->helper, NULL), 0);
}

static void seen_start(Seen *seen, const char *script, int stdin_fd, int stdout_fd) {
        seen_start_with(seen, script, stdin_fd, stdout_fd, -EBADF);
}

static void seen_run(Seen *seen) {
        assert_int_equal(sd_event_add_time_relative(seen->event,
                                         NULL,
                                         CLOCK_MONOTONIC,
                                         DEADLINE_USEC,
                                         0,
                                         on_deadline,
                                         seen->event),
                        0);
        assert_int_equal(sd_event_loop(seen->event), 0);
        seen->event = sd_event_unref(seen->event);
}

static void test_records_are_told_as_they_come_and_then_the_end(void **state) {
        Seen seen = {};

        (void) state;
        seen_start(&seen,
                        "printf 'A=1\\nB=two\\\\n'; printf 'lines\\nC='; printf '3\\n'",
                        -EBADF,
                        -EBADF);
        seen_run(&seen);
        assert_true(seen.ended);
        assert_int_equal(seen.result, 0);
        assert_string_equal(seen.text, "A=1;B=two\nlines;C=3;");
}

static void test_what_is_still_in_the_pipe_at_the_end_is_told(void **state) {
        Seen seen = {};

        (void) state;
        seen_start(&seen,
                        "i=0; while [ $i -lt 500 ]; do echo N=$i; i=$((i+1)); done",
                        -EBADF,
                        -EBADF);
        seen_run(&seen);
        assert_non_null(strstr(seen.text, "N=0;"));
        assert_non_null(strstr(seen.text, "N=499;"));
}

static void test_a_failure_is_the_error_that_the_helper_told(void **state) {
        Seen seen = {};

        (void) state;
        seen_start(&seen,
                        "printf 'ERROR=no space on the moon\\nERROR_CODE=storage\\nERRNO=28\\n'; "
                        "exit 1",
                        -EBADF,
                        -EBADF);
        seen_run(&seen);
        assert_int_equal(seen.result, -ENOSPC);
        assert_string_equal(seen.message, "no space on the moon");
        assert_int_equal(seen.exit_status, 1);
}

static void test_a_death_by_signal_is_a_failure_with_its_number(void **state) {
        Seen seen = {};

        (void) state;
        seen_start(&seen, "kill -9 $$", -EBADF, -EBADF);
        seen_run(&seen);
        assert_int_equal(seen.exit_status, 128 + 9);
        assert_true(seen.result < 0);
        assert_string_equal(seen.message, "sh was killed by signal 9");
}

static void test_nonsense_ends_the_helper(void **state) {
        Seen seen = {};

        (void) state;
        seen_start(&seen, "echo no record; exec sleep 1000", -EBADF, -EBADF);
        seen_run(&seen);
        assert_true(seen.ended);
        assert_true(seen.result < 0);
}

static void test_its_streams_are_the_ones_given(void **state) {
        Seen seen = {};
        int in[2], out[2];
        char text[16] = {};

        (void) state;
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        seen_start(&seen, "cat", in[0], out[1]);
        (void) close_fd(in[0]);
        (void) close_fd(out[1]);
        assert_int_equal(write(in[1], "moo", 3), 3);
        (void) close_fd(in[1]);
        assert_int_equal(read(out[0], text, sizeof(text)), 3);
        assert_string_equal(text, "moo");
        (void) close_fd(out[0]);
        seen_run(&seen);
        assert_int_equal(seen.result, 0);
}

static void test_an_extra_descriptor_is_its_number_3(void **state) {
        Seen seen = {};
        char text[16] = {};
        int out[2];

        (void) state;
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        seen_start_with(&seen, "echo A=1; echo moo >&3", -EBADF, -EBADF, out[1]);
        (void) close_fd(out[1]);
        assert_int_equal(read(out[0], text, sizeof(text)), 4);
        assert_string_equal(text, "moo\n");
        (void) close_fd(out[0]);
        seen_run(&seen);
        assert_string_equal(seen.text, "A=1;");
}

static void test_the_helper_sees_none_of_our_descriptors(void **state) {
        Seen seen = {};
        int fds[2];

        (void) state;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        seen_start(&seen, "echo FDS=$(cd /proc/self/fd; echo [0-9]*)", -EBADF, -EBADF);
        seen_run(&seen);
        (void) close_fd(fds[0]);
        (void) close_fd(fds[1]);
        /* The shell's own beside the three. */
        assert_true(str_equal(seen.text, "FDS=0 1 2;") || str_equal(seen.text, "FDS=0 1 2 3;"));
}

static void test_a_helper_that_is_freed_is_killed_and_not_waited_for(void **state) {
        Seen seen = {};
        char byte;
        int alive[2];

        (void) state;
        assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
        seen_start(&seen, "trap '' TERM; exec sleep 1000", -EBADF, alive[1]);
        (void) close_fd(alive[1]);
        seen.helper = subprocess_free(seen.helper);
        assert_int_equal(read(alive[0], &byte, 1), 0); /* the pipe's other end died with it */
        (void) close_fd(alive[0]);
        for (int i = 0; i < 3; i++)
                assert_true(sd_event_run(seen.event, 100000) >= 0);
        seen.event = sd_event_unref(seen.event);
        assert_false(seen.ended);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records_are_told_as_they_come_and_then_the_end),
                cmocka_unit_test(test_what_is_still_in_the_pipe_at_the_end_is_told),
                cmocka_unit_test(test_a_failure_is_the_error_that_the_helper_told),
                cmocka_unit_test(test_a_death_by_signal_is_a_failure_with_its_number),
                cmocka_unit_test(test_nonsense_ends_the_helper),
                cmocka_unit_test(test_its_streams_are_the_ones_given),
                cmocka_unit_test(test_an_extra_descriptor_is_its_number_3),
                cmocka_unit_test(test_the_helper_sees_none_of_our_descriptors),
                cmocka_unit_test(test_a_helper_that_is_freed_is_killed_and_not_waited_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
