/* SPDX-License-Identifier: MIT */
#pragma once

/* How types of jobs go together: for one unit, and for two of which one is ordered after the other. */

#include "core/engine.h"

/**
 * job_waits() - must a job of one unit wait for that of another?
 * @relation: what the other one is to it: DEPENDENCY_AFTER, DEPENDENCY_BEFORE, or a conflict
 */
bool job_waits(JobType type, DependencyType relation, JobType other);
/** job_types_merge() - what does both. Return: a JobType; -EEXIST: they contradict. */
int job_types_merge(JobType a, JobType b);
/** job_types_contradict() - one is a stop, the other is not */
bool job_types_contradict(JobType a, JobType b);

/* The dependencies that job_waits() knows. */
#define ORDERING_TYPES_N 4U
extern const DependencyType ordering_types[ORDERING_TYPES_N];
