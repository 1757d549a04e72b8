/* SPDX-License-Identifier: MIT */
#include "core/job-compatibility.h"

#include <errno.h>

const DependencyType ordering_types[ORDERING_TYPES_N] = {
        DEPENDENCY_AFTER,
        DEPENDENCY_BEFORE,
        DEPENDENCY_CONFLICTS,
        DEPENDENCY_CONFLICTED_BY,
};

/* A restart is a stop until that is done; the engine makes it a start then. */
static bool stops_first(JobType t) {
        return t == JOB_STOP || t == JOB_RESTART || t == JOB_TRY_RESTART;
}

bool job_waits(JobType type, DependencyType relation, JobType other) {
        switch (relation) {
        case DEPENDENCY_AFTER:
                return !stops_first(type);
        case DEPENDENCY_BEFORE:
                return stops_first(other);
        default: /* a conflict: not both at once, ordered or not */
                return type == JOB_START && other == JOB_STOP;
        }
}

bool job_types_contradict(JobType a, JobType b) {
        return (a == JOB_STOP) != (b == JOB_STOP);
}

static bool only_reloads(JobType t) {
        return t == JOB_RELOAD || t == JOB_TRY_RELOAD;
}

int job_types_merge(JobType a, JobType b) {
        if (a == b)
                return (int) a;
        if (a == JOB_STOP || b == JOB_STOP)
                return -EEXIST;
        /* Who starts anew has read all anew: nothing is left to reload. */
        if (stops_first(a) && only_reloads(b))
                return (int) a;
        if (stops_first(b) && only_reloads(a))
                return (int) b;
        if (stops_first(a) || stops_first(b))
                return JOB_RESTART;
        return only_reloads(a) && only_reloads(b) ? JOB_RELOAD : JOB_RELOAD_OR_START;
}
