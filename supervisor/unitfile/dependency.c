/* SPDX-License-Identifier: MIT */
#include "unitfile/dependency.h"

#include "base/text.h"

/* clang-format off */
static const char *const dependency_names[] = {
        [DEPENDENCY_WANTS]                = "Wants",
        [DEPENDENCY_REQUIRES]             = "Requires",
        [DEPENDENCY_REQUISITE]            = "Requisite",
        [DEPENDENCY_BINDS_TO]             = "BindsTo",
        [DEPENDENCY_PART_OF]              = "PartOf",
        [DEPENDENCY_UPHOLDS]              = "Upholds",
        [DEPENDENCY_CONFLICTS]            = "Conflicts",
        [DEPENDENCY_BEFORE]               = "Before",
        [DEPENDENCY_ON_FAILURE]           = "OnFailure",
        [DEPENDENCY_ON_SUCCESS]           = "OnSuccess",
        [DEPENDENCY_PROPAGATES_STOP_TO]   = "PropagatesStopTo",
        [DEPENDENCY_PROPAGATES_RELOAD_TO] = "PropagatesReloadTo",
        [DEPENDENCY_TRIGGERS]             = "Triggers",
        [DEPENDENCY_WANTED_BY]            = "WantedBy",
        [DEPENDENCY_REQUIRED_BY]          = "RequiredBy",
        [DEPENDENCY_REQUISITE_OF]         = "RequisiteOf",
        [DEPENDENCY_BOUND_BY]             = "BoundBy",
        [DEPENDENCY_CONSISTS_OF]          = "ConsistsOf",
        [DEPENDENCY_UPHELD_BY]            = "UpheldBy",
        [DEPENDENCY_CONFLICTED_BY]        = "ConflictedBy",
        [DEPENDENCY_AFTER]                = "After",
        [DEPENDENCY_ON_FAILURE_OF]        = "OnFailureOf",
        [DEPENDENCY_ON_SUCCESS_OF]        = "OnSuccessOf",
        [DEPENDENCY_STOP_PROPAGATED_FROM] = "StopPropagatedFrom",
        [DEPENDENCY_RELOAD_PROPAGATED_FROM] = "ReloadPropagatedFrom",
        [DEPENDENCY_TRIGGERED_BY]         = "TriggeredBy",
};

static const char *const job_mode_names[] = {
        [JOB_MODE_REPLACE]              = "replace",
        [JOB_MODE_REPLACE_IRREVERSIBLY] = "replace-irreversibly",
        [JOB_MODE_FAIL]                 = "fail",
        [JOB_MODE_ISOLATE]              = "isolate",
        [JOB_MODE_FLUSH]                = "flush",
        [JOB_MODE_IGNORE_DEPENDENCIES]  = "ignore-dependencies",
        [JOB_MODE_IGNORE_REQUIREMENTS]  = "ignore-requirements",
};
/* clang-format on */
static_assert(ELEMENTSOF(dependency_names) == _DEPENDENCY_TYPE_MAX, "every dependency has a name");
static_assert(_DEPENDENCY_TYPE_MAX % 2 == 0, "every dependency has an inverse");
static_assert(ELEMENTSOF(job_mode_names) == _JOB_MODE_MAX, "every job mode has a name");

const char *dependency_type_to_string(DependencyType t) {
        return t < 0 || t >= _DEPENDENCY_TYPE_MAX ? NULL : dependency_names[t];
}

DependencyType dependency_type_from_string(const char *s) {
        for (DependencyType t = 0; t < _DEPENDENCY_TYPE_MAX; t++) {
                if (str_equal(s, dependency_names[t]))
                        return t;
        }
        return _DEPENDENCY_TYPE_INVALID;
}

const char *job_mode_to_string(JobMode m) {
        return m < 0 || m >= _JOB_MODE_MAX ? NULL : job_mode_names[m];
}

JobMode job_mode_from_string(const char *s) {
        for (JobMode m = 0; m < _JOB_MODE_MAX; m++) {
                if (str_equal(s, job_mode_names[m]))
                        return m;
        }
        return _JOB_MODE_INVALID;
}
