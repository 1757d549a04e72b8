/* SPDX-License-Identifier: MIT */

/* What clients have supd-image do, played by the shell. */

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/strv.h"
#include "unit/test-control-world.h"

/* A call of Run: the descriptors' other ends, and all that was written to the records. */
typedef struct Run {
        Answer answer;
        int records_fd, data_fd; /* read end; data's other end, or -EBADF */
        char records[4096];
        size_t size;
} Run;

static void run_done(Run *run) {
        answer_done(&run->answer);
        (void) close_fd(run->records_fd);
        (void) close_fd(run->data_fd);
}
#define _cleanup_run_ _cleanup_(run_done)

static void play(World *w, const char *script) {
        _cleanup_free_ char *text = str_printf("#!/bin/sh\n%s\n", script);

        assert_non_null(text);
        if (!w->image_path)
                w->image_path = str_printf("%s/supd-image", w->dir);
        assert_non_null(w->image_path);
        assert_true(file_replace(AT_FDCWD, w->image_path, text, 0755, /* sync= */ false) >= 0);
}

static void make_pipe(int *ret_read, int *ret_write) {
        int fds[2];

        assert_true(pipe2(fds, O_CLOEXEC | O_NONBLOCK) >= 0);
        *ret_read = fds[0];
        *ret_write = fds[1];
}

static void run_with(sd_bus *bus, Run *run, char **words, int data_fd) {
        sd_bus_message *m = NULL;
        int write_fd;

        *run = (Run) { .data_fd = -EBADF };
        make_pipe(&run->records_fd, &write_fd);
        _cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        assert_true(sd_bus_message_new_method_call(bus,
                                    &m,
                                    SUPD_SYSTEMD_DESTINATION,
                                    SUPD_BUS_PATH,
                                    SUPD_BUS_IMAGE,
                                    "Run") >= 0);
        assert_true(sd_bus_message_append_strv(m, words) >= 0);
        assert_true(sd_bus_message_append(m, "hh", write_fd, data_fd >= 0 ? data_fd : null_fd) >=
                        0);
        assert_true(sd_bus_call_async(bus, NULL, m, on_answer, &run->answer, DEADLINE_USEC) >= 0);
        sd_bus_message_unref(m);
        (void) close_fd(write_fd);
}
#define RUN(bus, run, ...) run_with(bus, run, (char *[]) { __VA_ARGS__, NULL }, -EBADF)

/* Whether the records have come to their end. */
static bool take_records(Run *run) {
        ssize_t n;

        while ((n = read(run->records_fd,
                                run->records + run->size,
                                sizeof(run->records) - 1 - run->size)) > 0)
                run->size += (size_t) n;
        return n == 0;
}

static int32_t status_of(World *w, Run *run) {
        int32_t status = -1;

        assert_answered(w, &run->answer);
        assert_true(sd_bus_message_read(run->answer.message, "i", &status) > 0);
        (void) take_records(run);
        return status;
}

static void assert_refused_with(World *w, Run *run, const char *name, const char *text) {
        assert_refused(w, &run->answer, name);
        if (!strstr(sd_bus_message_get_error(run->answer.message)->message, text))
                fail_msg("%s", sd_bus_message_get_error(run->answer.message)->message);
}

static void test_words_become_a_command_that_supd_completes(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_run_ Run run = {};

        play(w, "printf '%s\\n' \"$@\"; exit 7");
        RUN(bus,
                        &run,
                        (char *) "prune",
                        (char *) "--all",
                        (char *) "--filter=x=y",
                        (char *) "--",
                        (char *) "-odd");
        assert_int_equal(status_of(w, &run), 7);
        assert_string_equal(
                        run.records, "--state-dir=/toys\nprune\n--all\n--filter=x=y\n--\n-odd\n");
}

static void test_an_archive_comes_from_the_descriptor_of_the_client(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_run_ Run run = {};
        int read_fd, write_fd;

        play(w, "cat");
        make_pipe(&read_fd, &write_fd);
        assert_int_equal(write(write_fd, "archive", 7), 7);
        (void) close_fd(write_fd);
        run_with(bus,
                        &run,
                        (char *[]) { (char *) "load", (char *) "oci-archive:/dev/stdin:v1", NULL },
                        read_fd);
        (void) close_fd(read_fd);
        assert_int_equal(status_of(w, &run), 0);
        assert_string_equal(run.records, "archive");
}

static void test_what_is_saved_goes_to_the_data_and_records_to_theirs(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_run_ Run run = {};
        char data[64] = {};
        int read_fd, write_fd;

        play(w, "printf '%s ' \"$@\"; echo NOTICE=x >&3");
        make_pipe(&read_fd, &write_fd);
        run_with(bus, &run, (char *[]) { (char *) "save", (char *) "a", NULL }, write_fd);
        (void) close_fd(write_fd);
        assert_int_equal(status_of(w, &run), 0);
        assert_string_equal(run.records, "NOTICE=x\n");
        assert_true(read(read_fd, data, sizeof(data) - 1) > 0);
        assert_string_equal(data, "--state-dir=/toys --records-fd=3 save -- a ");
        (void) close_fd(read_fd);
}

static void test_verbs_options_and_files_of_others_are_refused(void **state) {
        static const struct {
                const char *words[4];
                const char *text;
        } cases[] = {
                { { "format" }, "'format'" },
                { { "--state-dir=/", "ls" }, "'--state-dir=/'" },
                { { "ls", "--state-dir=/" }, "'--state-dir=/'" },
                { { "ls", "--additional-store=/" }, "'--additional-store=/'" },
                { { "prune", "--al" }, "'--al'" },
                { { "prune", "--allx" }, "'--allx'" },
                { { "prune", "-a" }, "'-a'" },
                { { "load", "docker-archive:/etc/shadow" }, "opened by the client" },
                { { "load", "oci:/dev/stdin/../x" }, "opened by the client" },
                { { "pull", "oci:/etc:v1" }, "opened by the client" },
                { { "pull", "--auth-file=/root/auth.json", "a" }, "opened by the client" },
                { { "pull", "--cert-dir=certs", "a" }, "opened by the client" },
                { { "pull", "UPPER" }, "UPPER" },
                { { "import", "/etc/shadow" }, "/etc/shadow" },
        };
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);

        play(w, "echo started");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_run_ Run run = {};

                run_with(bus, &run, (char **) cases[i].words, -EBADF);
                assert_refused_with(w, &run, SD_BUS_ERROR_INVALID_ARGS, cases[i].text);
                (void) take_records(&run);
                assert_int_equal(run.size, 0);
        }
        _cleanup_run_ Run run = {};
        run_with(bus, &run, (char *[]) { NULL }, -EBADF);
        assert_refused_with(w, &run, SD_BUS_ERROR_INVALID_ARGS, "1 to");
}

static void test_without_the_program_it_is_said_so(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_run_ Run none = {}, gone = {};

        RUN(bus, &none, (char *) "ls");
        assert_refused_with(w, &none, SD_BUS_ERROR_NOT_SUPPORTED, "not installed");
        w->image_path = strdup("/nonexistent/supd-image");
        RUN(bus, &gone, (char *) "ls");
        assert_refused_with(w, &gone, SUPD_BUS_ERROR_PREFIX "Runtime", "/nonexistent/supd-image");
        assert_int_equal(w->control->n_image_runs, 0);
}

static void test_there_are_no_more_at_a_time_than_the_limit(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_run_ Run first = {}, second = {}, third = {};
        int read_fd, write_fd;

        w->control->limits.image_runs = 1;
        play(w, "cat");
        make_pipe(&read_fd, &write_fd);
        assert_int_equal(fd_set_nonblock(read_fd, /* nonblock= */ false), 0); /* as cat wants it */
        run_with(bus,
                        &first,
                        (char *[]) { (char *) "load", (char *) "oci-archive:/dev/stdin", NULL },
                        read_fd);
        (void) close_fd(read_fd);
        RUN(bus, &second, (char *) "ls");
        assert_refused_with(w, &second, SD_BUS_ERROR_LIMITS_EXCEEDED, "1 operation");
        (void) close_fd(write_fd);
        assert_int_equal(status_of(w, &first), 0);
        RUN(bus, &third, (char *) "ls");
        assert_int_equal(status_of(w, &third), 0);
}

/* Until the program says that it is there. */
static void await_records(World *w, Run *run) {
        while (!take_records(run) && run->size == 0)
                (void) sd_event_run(w->event, 10 * USEC_PER_MSEC);
        assert_true(run->size > 0);
}

static void run_and_disconnect(World *w, const char *script) {
        sd_bus *bus = client_new(w);
        _cleanup_run_ Run run = {};
        uint64_t deadline = clock_monotonic_usec() + DEADLINE_USEC;

        play(w, script);
        RUN(bus, &run, (char *) "ls");
        await_records(w, &run);
        sd_bus_close_unref(bus);
        while (w->control->n_image_runs > 0) {
                (void) sd_event_run(w->event, 10 * USEC_PER_MSEC);
                assert_true(clock_monotonic_usec() < deadline);
        }
        assert_true(take_records(&run));
}

static void test_it_ends_when_its_client_disconnects(void **state) {
        run_and_disconnect(*state, "echo PID=$$; exec sleep 1000");
}

static void test_it_is_killed_if_it_does_not_end_by_itself(void **state) {
        World *w = *state;

        w->control->limits.image_patience_usec = 50 * USEC_PER_MSEC;
        run_and_disconnect(w, "trap '' TERM; echo PID=$$; exec sleep 1000");
}

static void test_it_ends_with_the_bus(void **state) {
        World *w = *state;
        _cleanup_bus_ sd_bus *bus = client_new(w);
        _cleanup_run_ Run run = {};

        play(w, "echo PID=$$; exec sleep 1000");
        RUN(bus, &run, (char *) "ls");
        await_records(w, &run);
        w->control = control_free(w->control);
        uint64_t deadline = clock_monotonic_usec() + DEADLINE_USEC;
        while (!take_records(&run)) {
                (void) sd_event_run(w->event, 10 * USEC_PER_MSEC);
                assert_true(clock_monotonic_usec() < deadline);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                                test_words_become_a_command_that_supd_completes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_an_archive_comes_from_the_descriptor_of_the_client,
                                set_up,
                                tear_down),
                cmocka_unit_test_setup_teardown(
                                test_what_is_saved_goes_to_the_data_and_records_to_theirs,
                                set_up,
                                tear_down),
                cmocka_unit_test_setup_teardown(test_verbs_options_and_files_of_others_are_refused,
                                set_up,
                                tear_down),
                cmocka_unit_test_setup_teardown(
                                test_without_the_program_it_is_said_so, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_there_are_no_more_at_a_time_than_the_limit, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_it_ends_when_its_client_disconnects, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                                test_it_is_killed_if_it_does_not_end_by_itself, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_it_ends_with_the_bus, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
