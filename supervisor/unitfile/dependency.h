/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What one unit can be to another, and how a request deals with the jobs that are there. Names are those of
 * unit files and of systemd's properties.
 */

#include <stdbool.h>

#include "base/macro.h"

/* Each kind of dependency has an inverse, in the other half: what B is to A if A has it on B. */
typedef enum DependencyType {
        DEPENDENCY_WANTS,
        DEPENDENCY_REQUIRES,
        DEPENDENCY_REQUISITE,
        DEPENDENCY_BINDS_TO,
        DEPENDENCY_PART_OF,
        DEPENDENCY_UPHOLDS,
        DEPENDENCY_CONFLICTS,
        DEPENDENCY_BEFORE,
        DEPENDENCY_ON_FAILURE,
        DEPENDENCY_ON_SUCCESS,
        DEPENDENCY_PROPAGATES_STOP_TO,
        DEPENDENCY_PROPAGATES_RELOAD_TO,
        DEPENDENCY_TRIGGERS, /* what a timer or socket starts */

        DEPENDENCY_WANTED_BY,
        DEPENDENCY_REQUIRED_BY,
        DEPENDENCY_REQUISITE_OF,
        DEPENDENCY_BOUND_BY,
        DEPENDENCY_CONSISTS_OF,
        DEPENDENCY_UPHELD_BY,
        DEPENDENCY_CONFLICTED_BY,
        DEPENDENCY_AFTER,
        DEPENDENCY_ON_FAILURE_OF,
        DEPENDENCY_ON_SUCCESS_OF,
        DEPENDENCY_STOP_PROPAGATED_FROM,
        DEPENDENCY_RELOAD_PROPAGATED_FROM,
        DEPENDENCY_TRIGGERED_BY,
        _DEPENDENCY_TYPE_MAX,
        _DEPENDENCY_TYPE_INVALID = -EINVAL,
} DependencyType;

static inline DependencyType dependency_inverse(DependencyType t) {
        return t < _DEPENDENCY_TYPE_MAX / 2 ? t + _DEPENDENCY_TYPE_MAX / 2
                                            : t - _DEPENDENCY_TYPE_MAX / 2;
}

const char *dependency_type_to_string(DependencyType t); /* "Wants", "WantedBy", … */
DependencyType dependency_type_from_string(const char *s);

typedef enum JobMode {
        JOB_MODE_REPLACE,              /* a contrary job is canceled */
        JOB_MODE_REPLACE_IRREVERSIBLY, /* and what comes of it can't be canceled by a contrary one */
        JOB_MODE_FAIL,                 /* a contrary job makes the request fail */
        JOB_MODE_ISOLATE,              /* whatever the request does not need is stopped */
        JOB_MODE_FLUSH,                /* whatever else is to be done is canceled */
        JOB_MODE_IGNORE_DEPENDENCIES,  /* neither requirements nor order */
        JOB_MODE_IGNORE_REQUIREMENTS,  /* order, no requirements */
        _JOB_MODE_MAX,
        _JOB_MODE_INVALID = -EINVAL,
} JobMode;

const char *job_mode_to_string(JobMode m);
JobMode job_mode_from_string(const char *s); /* _JOB_MODE_INVALID if unknown */
