/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * For the tests of log/: a directory of the test's own, and sockets that stand for journald's in it.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

/* A test that waits longer has failed. */
#define TEST_DEADLINE_MSEC 30000

static inline int temporary_setup(void **state) {
        const char *parent = getenv("TMPDIR");
        char *directory = str_printf("%s/supd-test-XXXXXX", parent ?: "/tmp");

        if (!directory || !mkdtemp(directory))
                return -1;
        *state = directory;
        return 0;
}

static inline int temporary_teardown(void **state) {
        int r = dir_remove_all(AT_FDCWD, *state);

        free(*state);
        return r;
}

/* Freed by the caller. */
static inline char *temporary_path(void **state, const char *name) {
        char *path = str_printf("%s/%s", (const char *) *state, name);

        assert_non_null(path);
        return path;
}

static inline void temporary_write(void **state, const char *name, const char *text) {
        _cleanup_free_ char *path = temporary_path(state, name);

        assert_int_equal(file_replace(AT_FDCWD, path, text, 0644, /* sync= */ false), 0);
}

static inline void temporary_append(void **state, const char *name, const char *text) {
        _cleanup_free_ char *path = temporary_path(state, name);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

/* A socket bound in the directory; @type with SOCK_STREAM listens. */
static inline int temporary_socket(void **state, const char *name, int type, int backlog) {
        _cleanup_free_ char *path = temporary_path(state, name);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_true(strlen(path) < sizeof(address.sun_path));
        strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        if (type == SOCK_STREAM)
                assert_int_equal(listen(fd, backlog), 0);
        return fd;
}

static inline void temporary_mkdir(void **state, const char *name) {
        _cleanup_free_ char *path = temporary_path(state, name);

        assert_int_equal(dir_make_all(path, 0755), 0);
}
