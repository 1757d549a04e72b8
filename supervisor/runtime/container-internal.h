/* SPDX-License-Identifier: MIT */
#pragma once

/* The body of a Runtime, for its own folder and for tests that take a feature away. */

#include "runtime/container.h"
#include "runtime/plan.h"
#include "runtime/probe.h"
#include "runtime/seccomp-filter.h"

struct Runtime {
        RuntimeFeatures features;
        uint64_t permitted;    /* capabilities of supd itself */
        int init_fd;           /* owned; sealed supinit; -EBADF: none */
        char *description;     /* owned */
        SeccompCache *seccomp; /* owned */
};

/** runtime_plan() - what @r adds to a spec: capabilities there are, the filter. @new_plan: plan_new() or
 * plan_new_command() */
int runtime_plan(Runtime *r,
                const RuntimeSpec *spec,
                __typeof__(plan_new) *new_plan,
                Plan **ret,
                Error *error);
/** runtime_launch() - the plan's process and its status pipe. Takes *plan over on success.
 * @what: whose process, for messages */
int runtime_launch(Plan **plan, const char *what, RuntimeChild *ret, Error *error);
