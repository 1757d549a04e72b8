/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * For tests of the static programs: they are run, talked to through pipes, and waited for with a
 * deadline. Nothing here is linked with what it tests.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Generous: under a sanitizer on a loaded machine nothing should come near it. */
#define RUN_DEADLINE_MSEC 30000

typedef struct Run {
        pid_t pid;
        int in;              /* its standard input */
        int out;             /* its standard output */
        int extra[2];        /* our ends of what it has as descriptors 3 and 4; -1: closed there */
        bool extra_is_input; /* it reads 3 and 4; else it writes them */
        int n_extra;
        uint64_t clone_flags;
        int (*prepare)(void); /* in the child, before the exec */
} Run;

static inline const char *run_binary(const char *name) {
        static char path[PATH_MAX];
        const char *directory = getenv("SUPD_BIN_DIR");

        (void) snprintf(path, sizeof(path), "%s/%s", directory ? directory : "build/bin", name);
        return path;
}

static inline uint64_t run_now_msec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

static inline void run_child(const Run *r, char *const *argv, const int *fds, int n_fds) {
        int high[4];

        /* Out of the way first: a source may have a number that is another's target. */
        for (int i = 0; i < n_fds; i++)
                high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 50);
        for (int i = 0; i < n_fds; i++)
                (void) dup2(high[i], i < 2 ? i : i + 1);
        if (r->prepare && r->prepare() != 0)
                _exit(99);
        (void) syscall(SYS_close_range, 3 + r->n_extra, UINT_MAX, 0);
        (void) execv(argv[0], argv);
        _exit(98);
}

/* Set n_extra, extra_is_input, clone_flags, prepare first. argv[0] is the path. */
static inline void run_start(Run *r, char *const *argv) {
        int ours[4] = { -1, -1, -1, -1 }, theirs[4], n = 2 + r->n_extra;

        for (int i = 0; i < n; i++) {
                int fds[2];
                bool is_input = i == 0 || (i >= 2 && r->extra_is_input);

                assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
                ours[i] = is_input ? fds[1] : fds[0];
                theirs[i] = is_input ? fds[0] : fds[1];
        }

        r->pid = (pid_t) syscall(SYS_clone, r->clone_flags | SIGCHLD, NULL, NULL, NULL, NULL);
        assert_true(r->pid >= 0);
        if (r->pid == 0)
                run_child(r, argv, theirs, n);

        for (int i = 0; i < n; i++)
                (void) close(theirs[i]);
        r->in = ours[0];
        r->out = ours[1];
        r->extra[0] = ours[2];
        r->extra[1] = ours[3];
}

static inline void run_close(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
        *fd = -1;
}

/* Waits for the end; its exit code, or -signal. */
static inline int run_wait(Run *r) {
        uint64_t deadline = run_now_msec() + RUN_DEADLINE_MSEC;
        int status = 0;
        pid_t pid;

        while ((pid = waitpid(r->pid, &status, WNOHANG)) == 0) {
                if (run_now_msec() > deadline) {
                        (void) kill(r->pid, SIGKILL);
                        (void) waitpid(r->pid, &status, 0);
                        fail_msg("the program did not end in time");
                }
                (void) poll(NULL, 0, 2);
        }

        run_close(&r->in);
        run_close(&r->out);
        run_close(&r->extra[0]);
        run_close(&r->extra[1]);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Reads at least one byte, or sees the end (0), or fails the test at the deadline. */
static inline size_t run_read(int fd, void *buffer, size_t size) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (poll(&p, 1, RUN_DEADLINE_MSEC) != 1)
                fail_msg("nothing to read in time");

        ssize_t n = read(fd, buffer, size);
        assert_true(n >= 0);
        return (size_t) n;
}

/* One line without its newline; "" with the end of file. */
static inline const char *run_line(int fd) {
        static char line[65536];
        size_t n = 0;

        while (n + 1 < sizeof(line) && run_read(fd, line + n, 1) == 1 && line[n] != '\n')
                n++;

        line[n] = '\0';
        return line;
}

/* All until the end, at most @size - 1; terminated. */
static inline size_t run_read_all(int fd, char *buffer, size_t size) {
        size_t used = 0, n;

        while (used + 1 < size && (n = run_read(fd, buffer + used, size - 1 - used)) > 0)
                used += n;

        buffer[used] = '\0';
        return used;
}

static inline void run_write(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                assert_true(n > 0);
                p += n;
                size -= (size_t) n;
        }
}

static inline void run_say(Run *r, const char *text) {
        run_write(r->in, text, strlen(text));
}
