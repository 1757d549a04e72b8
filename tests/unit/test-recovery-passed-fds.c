/* SPDX-License-Identifier: MIT */

/* Descriptors as a manager hands them over: the test makes them and sets the variables. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "recovery/passed-fds.h"
#include "supd/init-protocol.h"

#define N 3

static void set_number(const char *variable, long number) {
        char text[32];

        snprintf(text, sizeof(text), "%ld", number);
        assert_int_equal(setenv(variable, text, 1), 0);
}

static bool is_open(int fd) {
        return fcntl(fd, F_GETFD) >= 0;
}

/* In a process of its own, whose descriptors from 3 on are ours to choose. Return: its exit status. */
static int in_child(void (*check)(void)) {
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void) close_range(3, ~0U, 0);
                for (int i = 0; i < N; i++) {
                        if (open("/dev/null", O_RDONLY) != 3 + i)
                                _exit(100);
                }
                set_number("LISTEN_PID", getpid());
                set_number("LISTEN_FDS", N);
                check();
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

/* cmocka's own assertions would jump back into what is the parent's. */
static void require_at(bool holds, int line) {
        if (!holds)
                _exit(line % 99 + 1);
}
#define REQUIRE(condition) require_at((condition), __LINE__)

static void check_all_are_taken(void) {
        Map *map = map_new();

        setenv("LISTEN_FDNAMES", "a:b-c:d.e", 1);
        REQUIRE(passed_fds_receive(map, NULL) == 0);
        REQUIRE(map_size(map) == N);
        PassedFd *p = map_get(map, "b-c");
        REQUIRE(p && p->fd == 4 && (fcntl(4, F_GETFD) & FD_CLOEXEC));
        REQUIRE(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID") && !getenv("LISTEN_FDNAMES"));
}

static void check_too_few_names(void) {
        Map *map = map_new();

        setenv("LISTEN_FDNAMES", "a:b", 1);
        REQUIRE(passed_fds_receive(map, NULL) < 0);
        REQUIRE(map_size(map) == 0);
        REQUIRE(!is_open(3) && !is_open(4) && !is_open(5));
}

static void check_too_many_names(void) {
        Map *map = map_new();

        setenv("LISTEN_FDNAMES", "a:b:c:d", 1);
        REQUIRE(passed_fds_receive(map, NULL) < 0);
        REQUIRE(map_size(map) == 0 && !is_open(3));
}

static void check_for_another(void) {
        Map *map = map_new();

        setenv("LISTEN_FDNAMES", "a:b:c", 1);
        set_number("LISTEN_PID", getppid());
        REQUIRE(passed_fds_receive(map, NULL) == 0);
        REQUIRE(map_size(map) == 0 && is_open(3));
}

static void check_names_in_a_file(void) {
        Map *map = map_new();
        int fd = memfd_create("names", 0);

        REQUIRE(fd == 3 + N && dprintf(fd, "one\ntwo\nthree\n") > 0);
        set_number(SUPD_ENV_FDNAMES_FD, fd);
        REQUIRE(passed_fds_receive(map, NULL) == 0);
        REQUIRE(map_size(map) == N && map_get(map, "three"));
        REQUIRE(!is_open(fd));
}

static void check_own_execve(void) {
        char first[] = "first", second[] = "second";
        char *names[] = { first, second };
        const int fds[] = { 3, 5 };
        Map *map = map_new();

        unsetenv("LISTEN_FDS");
        for (int fd = 3; fd < 3 + N; fd++)
                REQUIRE(fd_set_cloexec(fd, true) >= 0);
        REQUIRE(passed_fds_keep_for_exec(names, fds, 2) == 0);
        REQUIRE(!(fcntl(3, F_GETFD) & FD_CLOEXEC) && (fcntl(4, F_GETFD) & FD_CLOEXEC));
        REQUIRE(passed_fds_receive(map, NULL) == 0);
        PassedFd *p = map_get(map, "second");
        REQUIRE(p && p->fd == 5 && map_size(map) == 2);
        REQUIRE(fcntl(3, F_GETFD) & FD_CLOEXEC);
}

static void test_each_descriptor_is_taken_by_its_name(void **state) {
        (void) state;
        assert_int_equal(in_child(check_all_are_taken), 0);
}

static void test_names_that_do_not_fit_refuse_the_lot(void **state) {
        (void) state;
        assert_int_equal(in_child(check_too_few_names), 0);
        assert_int_equal(in_child(check_too_many_names), 0);
}

static void test_what_is_meant_for_another_process_is_left_alone(void **state) {
        (void) state;
        assert_int_equal(in_child(check_for_another), 0);
}

static void test_a_long_list_of_names_comes_in_a_file(void **state) {
        (void) state;
        assert_int_equal(in_child(check_names_in_a_file), 0);
}

static void test_descriptors_survive_our_own_execve_and_no_other(void **state) {
        (void) state;
        assert_int_equal(in_child(check_own_execve), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_descriptor_is_taken_by_its_name),
                cmocka_unit_test(test_names_that_do_not_fit_refuse_the_lot),
                cmocka_unit_test(test_what_is_meant_for_another_process_is_left_alone),
                cmocka_unit_test(test_a_long_list_of_names_comes_in_a_file),
                cmocka_unit_test(test_descriptors_survive_our_own_execve_and_no_other),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
