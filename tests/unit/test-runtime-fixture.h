/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Real containers for tests, on a root made of busybox below /tmp, without supinit unless a test is about
 * it. Without root each test skips itself.
 */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/container-internal.h"
#include "runtime/plan.h"

#define BUSYBOX "/bin/busybox"
#define OUTPUT_MAX (1024U * 1024U)
#define DEADLINE_MSEC 20000

typedef struct Fixture {
        char *dir;        /* owned; below it "root" and what tests put beside it */
        char *root;       /* owned */
        Runtime *runtime; /* owned */
        RuntimeSpec spec; /* what a test changes before run() */
        char *output;     /* owned; of the last run */
        char *error;      /* owned; of the last run, or NULL */
        int status;       /* as of waitpid(); -1: the start failed */
} Fixture;

static const char *const applets[] = {
        "sh",
        "cat",
        "ls",
        "id",
        "hostname",
        "mount",
        "unshare",
        "mkdir",
        "touch",
        "stat",
        "grep",
        "echo",
        "head",
        "readlink",
        "ps",
        "umount",
        "date",
        "env",
        "rm",
        "ln",
        "wc",
        "sed",
        "sleep",
        "dd",
        "find",
        "chmod",
        "printf",
        "true",
        "tr",
};

static inline char *path_in(const char *dir, const char *name) {
        char *path = str_printf("%s/%s", dir, name);

        assert_non_null(path);
        return path;
}

static inline void write_file(const char *dir, const char *name, const char *text) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(file_replace(AT_FDCWD, path, text, 0644, false), 0);
}

static inline void make_dir(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(dir_make_all(path, 0755), 0);
}

static inline void make_link(const char *target, const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        assert_int_equal(symlink(target, path), 0);
}

static inline bool exists(const char *dir, const char *name) {
        _cleanup_free_ char *path = path_in(dir, name);

        return access(path, F_OK) == 0;
}

static inline void make_root(const char *root) {
        _cleanup_free_ char *program = NULL, *busybox = path_in(root, "bin/busybox");
        size_t size;

        make_dir(root, "bin");
        make_dir(root, "etc");
        assert_int_equal(file_read(AT_FDCWD, BUSYBOX, 16 * 1024 * 1024, &program, &size), 0);
        _cleanup_close_ int fd = open(busybox, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, program, size), 0);
        for (size_t i = 0; i < ELEMENTSOF(applets); i++) {
                _cleanup_free_ char *name = str_printf("bin/%s", applets[i]);
                make_link("busybox", root, name);
        }
        write_file(root,
                        "etc/passwd",
                        "root:x:0:0:root:/root:/bin/sh\n"
                        "www:x:33:34:web:/var/www:/bin/sh\n");
        write_file(root, "etc/group", "root:x:0:\nwww:x:34:\nmedia:x:50:other,www\nstaff:x:60:\n");
}

static inline int set_up(void **state) {
        char dir[] = "/tmp/supd-rt-XXXXXX";

        if (getuid() != 0 || access(BUSYBOX, X_OK) < 0)
                return 0; /* *state stays NULL: each test skips itself */

        Fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        assert_non_null(mkdtemp(dir));
        assert_int_equal(chmod(dir, 0755), 0);
        f->dir = strdup(dir);
        f->root = path_in(dir, "root");
        make_root(f->root);
        assert_int_equal(runtime_new(NULL, &f->runtime, NULL), 0);
        f->spec = (RuntimeSpec) {
                .hostname = "box",
                .root = { .path = f->root, .overlay = true, .shm_size_bytes = 1024 * 1024 },
                .process = { .stdin_fd = -EBADF },
                .security = { .capabilities = runtime_capabilities_default(), .seccomp = true },
        };
        *state = f;
        return 0;
}

static inline int tear_down(void **state) {
        Fixture *f = *state;

        if (!f)
                return 0;
        assert_int_equal(dir_remove_all(AT_FDCWD, f->dir), 0);
        f->runtime = runtime_free(f->runtime);
        free(f->dir);
        free(f->root);
        free(f->output);
        free(f->error);
        free(f);
        return 0;
}

static inline Fixture *fixture(void **state) {
        if (!*state)
                skip();
        return *state;
}

static inline void wait_readable(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, DEADLINE_MSEC), 1);
}

/* The next one that is not about how long things took. */
static inline int next_record(const RuntimeChild *c, SupdStatusRecord *ret) {
        int r;

        do {
                wait_readable(c->status_fd);
                r = runtime_status_read(c->status_fd, ret);
        } while (r == 1 && ret->type == SUPD_STATUS_SET_UP);
        return r;
}

static inline void collect(Fixture *f, RuntimeChild *c) {
        Error error = {};
        SupdStatusRecord record;

        wait_readable(c->pidfd);
        int r = next_record(c, &record);
        if (r == 1 && (record.type == SUPD_STATUS_SETUP_FAILED ||
                                      record.type == SUPD_STATUS_EXEC_FAILED)) {
                r = runtime_child_error(c, &record, &error);
                f->error = strdup(error_text(&error, r));
                error_done(&error);
        } else if (c->plan->exec_paths)
                assert_int_equal(r, 0);
        assert_int_equal(waitpid(c->pid, &f->status, 0), c->pid);
        runtime_child_done(c);
}

/* Starts f->spec and keeps what it prints, and its end. */
static inline void run_argv(Fixture *f, char *const *argv) {
        Error error = {};
        RuntimeChild c;
        int fds[2];

        free(f->output);
        free(f->error);
        f->output = f->error = NULL;
        f->status = -1;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        f->spec.process.argv = argv;
        f->spec.process.stdout_fd = f->spec.process.stderr_fd = fds[1];
        int r = runtime_start(f->runtime, &f->spec, &c, &error);
        (void) close_fd(fds[1]);
        if (r < 0) {
                f->error = strdup(error_text(&error, r));
                error_done(&error);
        } else {
                /* Ends when the container does. */
                assert_int_equal(file_read_fd(fds[0], OUTPUT_MAX, &f->output, NULL), 0);
                collect(f, &c);
        }
        (void) close_fd(fds[0]);
}

static inline void run(Fixture *f, const char *script) {
        char *argv[] = { (char *) "sh", (char *) "-c", (char *) script, NULL };

        run_argv(f, argv);
        if (f->error)
                print_message("error: %s\n", f->error);
}

#define assert_ran(f) assert_int_equal((f)->status, 0)
#define assert_prints(f, script, expected) \
        do { \
                run((f), (script)); \
                assert_non_null((f)->output); \
                assert_string_equal((f)->output, (expected)); \
        } while (0)
#define assert_fails(f, text) \
        do { \
                run((f), "true"); \
                assert_non_null((f)->error); \
                assert_string_equal((f)->error, (text)); \
        } while (0)
#define assert_contains(f, text) \
        do { \
                assert_non_null((f)->output); \
                if (!strstr((f)->output, (text))) \
                        fail_msg("no '%s' in:\n%s", (text), (f)->output); \
        } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
