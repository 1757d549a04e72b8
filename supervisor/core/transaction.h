/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a request comes to (UNITS.md 4.1): the job that is asked for, all that it pulls in, merged to one job for
 * a unit, free of contradictions and of ordering cycles, or the whole reason why that can't be. Nothing is changed
 * until the engine takes the jobs over.
 *
 * "Matters" is what the request can't do without: reached from it over requirements alone. What does not matter is
 * left out where it stands in the way.
 *
 * Pure; cost is linear in the jobs and their dependencies, once more for each cycle that is broken.
 */

#include "core/depgraph.h"
#include "core/engine.h"

typedef struct Transaction Transaction;

/** transaction_new() - an empty one; only one at a time is made on a graph */
int transaction_new(Depgraph *graph, JobMode mode, Transaction **ret);
Transaction *transaction_free(Transaction *t);
DEFINE_CLEANUP(Transaction *, transaction_free);

/** transaction_request() - what was asked for. Return: 0 or -ENOMEM. */
int transaction_request(Transaction *t, Unit *u, JobType type);
/** transaction_stop_others() - mode isolate: stop whatever has no job in it yet; after the request */
int transaction_stop_others(Transaction *t);

/**
 * transaction_settle() - pull in, merge, resolve
 *
 * Return: 0; as unit_can_start() for a unit that is required; -EDEADLK if what is required contradicts itself
 * (ERROR_JOBS_CONTRADICT) or waits for itself (ERROR_ORDER_CYCLE); -EEXIST if it contradicts jobs that are
 * there and the mode does not allow that (ERROR_JOB_CONFLICT); -ENOMEM.
 */
int transaction_settle(Transaction *t, Error *error);

/**
 * transaction_next() - each job of a settled transaction, the request's first; *position starts at 0
 * @ret_subject: the unit that pulled it in, as its *ret_why; NULL: it was requested
 *
 * Return: false behind the last one
 */
bool transaction_next(const Transaction *t,
                size_t *position,
                Unit **ret_unit,
                JobType *ret_type,
                const Unit **ret_subject,
                DependencyType *ret_why);
/** transaction_has() - a settled transaction has a job for @u */
bool transaction_has(const Transaction *t, const Unit *u);
