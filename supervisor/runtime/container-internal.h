/* SPDX-License-Identifier: MIT */
#pragma once

/* The body of a Runtime, for its own folder and for tests that take a feature away. */

#include "runtime/container.h"
#include "runtime/probe.h"
#include "runtime/seccomp-filter.h"

struct Runtime {
        RuntimeFeatures features;
        uint64_t permitted;    /* capabilities of supd itself */
        int init_fd;           /* owned; sealed supinit; -EBADF: none */
        char *description;     /* owned */
        SeccompCache *seccomp; /* owned */
};
