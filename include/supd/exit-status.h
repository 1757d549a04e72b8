/* SPDX-License-Identifier: MIT */
#pragma once

/* Exit codes of supctl, which are systemctl's. */
enum {
        SUPCTL_EXIT_SUCCESS = 0,
        SUPCTL_EXIT_FAILURE = 1,
        SUPCTL_EXIT_USAGE = 2,
        SUPCTL_EXIT_NOT_ACTIVE = 3,
        SUPCTL_EXIT_NO_SUCH_UNIT = 4,
        SUPCTL_EXIT_NOT_INSTALLED = 5, /* start of an unknown unit */
};

/* supd's own: an option or its configuration is wrong, so that starting it again is of no use. */
enum {
        SUPD_EXIT_USAGE = 2,
};

/* Exit statuses that a container's set-up stands for, as podman's. */
enum {
        SUPD_EXIT_RUNTIME = 125,        /* the container could not be made */
        SUPD_EXIT_NOT_EXECUTABLE = 126, /* the command is there but can't be executed */
        SUPD_EXIT_NOT_FOUND = 127,      /* no such command */
};
