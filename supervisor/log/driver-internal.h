/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a driver is to driver.c: a table of at most eight slots and a first member. Nothing blocks.
 */

#include "log/driver.h"

/* For drivers with a process of their own. */
typedef struct LogChildOps {
        int (*respawn)(LogDriver *d, Error *error);
        size_t (*descriptors)(const LogDriver *d, LogDescriptor *ret);
        int (*adopt)(LogDriver *d, const char *name, int *fd);
} LogChildOps;

typedef struct LogDriverOps {
        LogDriverType type;
        /* Mandatory. */
        int (*new)(const LogSpec *spec, LogDriver **ret, Error *error);
        int (*open)(LogDriver *d, int *ret_stdout_fd, int *ret_stderr_fd, Error *error);
        LogDriver *(*free)(LogDriver *d);
        /* Optional. NULL: nothing is made outside of the log. */
        int (*forget)(LogDriver *d);
        /* With child or forget, never both: log_driver_child_pidfd() or log_driver_forget_fd(). */
        int (*watch_fd)(const LogDriver *d);
        /* Optional. NULL: no process. */
        const LogChildOps *child;
} LogDriverOps;

struct LogDriver { /* first member of each driver's own struct; CONTAINER_OF() leads back */
        const LogDriverOps *ops;
};

extern const LogDriverOps log_driver_journald;
extern const LogDriverOps log_driver_file;
extern const LogDriverOps log_driver_none;
extern const LogDriverOps log_driver_passthrough;
