/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * [Pod]: what was asked, as data. Immutable once loaded.
 */

#include "unitfile/container-spec.h"

typedef enum PodExitPolicy {
        POD_EXIT_STOP,     /* the pod ends with its last container */
        POD_EXIT_CONTINUE, /* it stays until it is stopped */
        _POD_EXIT_POLICY_MAX,
        _POD_EXIT_POLICY_INVALID = -EINVAL,
} PodExitPolicy;

const char *pod_exit_policy_to_string(PodExitPolicy p);

typedef struct PodSpec {
        char *name;     /* owned; PodName= or the default of UNITS.md 1.3 */
        char *hostname; /* owned; NULL: the name */
        PodExitPolicy exit_policy;
        uint64_t stop_timeout_usec; /* default 10 s */
        NetworkMode network;
        char *network_path; /* owned; of Network=ns:PATH; NULL: by the mode */
        RootSpec root;      /* of which volumes and shm_size are the pod's */
        char **labels;      /* owned; "NAME=VALUE" */
} PodSpec;

void pod_spec_init(PodSpec *p);
void pod_spec_done(PodSpec *p);
