/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "log/driver-internal.h"

/* The drivers without state: none discards, passthrough hands out supd's own descriptors. */

static LogDriver *plain_free(LogDriver *d) {
        free(d);
        return NULL;
}

static int plain_new(const LogDriverOps *ops, LogDriver **ret) {
        LogDriver *d = malloc(sizeof(*d));
        if (!d)
                return -ENOMEM;

        *d = (LogDriver) { .ops = ops };
        *ret = d;
        return 0;
}

static int none_new(const LogSpec *spec, LogDriver **ret, Error *error) {
        (void) spec; /* needs nothing */
        (void) error;
        return plain_new(&log_driver_none, ret);
}

static int passthrough_new(const LogSpec *spec, LogDriver **ret, Error *error) {
        (void) spec; /* needs nothing */
        (void) error;
        return plain_new(&log_driver_passthrough, ret);
}

static int none_open(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        (void) d; /* has no state */

        _cleanup_close_ int out = neg_errno(open("/dev/null", O_WRONLY | O_CLOEXEC | O_NOCTTY));
        if (out < 0)
                return error_set(error, out, ERROR_LOG, "cannot open '/dev/null'");
        int err = neg_errno(fcntl(out, F_DUPFD_CLOEXEC, 3));
        if (err < 0)
                return error_set(error, err, ERROR_LOG, "cannot duplicate a descriptor");

        *ret_stdout_fd = TAKE_FD(out);
        *ret_stderr_fd = err;
        return 0;
}

static int passthrough_open(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error) {
        (void) d; /* has no state */

        _cleanup_close_ int out = neg_errno(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
        if (out < 0)
                return error_set(error, out, ERROR_LOG, "cannot pass the standard output through");
        int err = neg_errno(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
        if (err < 0)
                return error_set(error, err, ERROR_LOG, "cannot pass the standard error through");

        *ret_stdout_fd = TAKE_FD(out);
        *ret_stderr_fd = err;
        return 0;
}

const LogDriverOps log_driver_none = {
        .type = LOG_NONE,
        .new = none_new,
        .open = none_open,
        .free = plain_free,
};

const LogDriverOps log_driver_passthrough = {
        .type = LOG_PASSTHROUGH,
        .new = passthrough_new,
        .open = passthrough_open,
        .free = plain_free,
};
