/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A transaction in the making, shared by
 *
 *     transaction.c                 what a request pulls in, and the whole
 *     transaction-contradictions.c  a unit that would be started and stopped
 *     transaction-cycles.c          units that wait for each other
 */

#include "core/engine-internal.h"
#include "core/job-compatibility.h"
#include "core/transaction.h"

#define TRANSACTION_NONE UINT32_MAX /* no job, no link */

/* What is to be done with one unit; starts and stops apart until contradictions are resolved. */
typedef struct TransactionJob {
        DepNode *node;  /* borrowed */
        unsigned types; /* bits of all that was asked for */
        bool request;   /* nobody in here pulled it in */
        bool strict;    /* of a request: it must be done */
        bool deleted, redundant;
        bool matters, reached;
        uint32_t in, out; /* links: who pulled it in, what it pulled in */
        uint32_t via;     /* the link that leads to it from the request */
} TransactionJob;

typedef struct TransactionLink {
        uint32_t subject, object;
        DependencyType why; /* what the object is to the subject */
        bool matters;
        uint32_t next_in, next_out;
} TransactionLink;

typedef struct Work {
        uint32_t job;
        JobType type;
} Work;

struct Transaction {
        Depgraph *graph; /* borrowed */
        JobMode mode;
        uint64_t round;
        TransactionJob *jobs;   /* owned */
        TransactionLink *links; /* owned */
        Work *work; /* owned; what still has to pull in its dependencies; stack of walks after that */
        size_t n_jobs, n_jobs_allocated, n_links, n_links_allocated, n_work, n_work_allocated;
        Error reason; /* why a requirement can't be met */
};

/** transaction_reserve() - room for one more in an array that is doubled. Return: 0 or -ENOMEM. */
int transaction_reserve(void *array, size_t n, size_t *n_allocated, size_t size);
int transaction_push_work(Transaction *t, uint32_t job, JobType type);

/** transaction_job_type() - what does all that was asked for */
JobType transaction_job_type(const TransactionJob *j);
bool transaction_job_is_live(const TransactionJob *j); /* it will be done */
/** transaction_enter_node() - a node's marks are those of this transaction from here on */
void transaction_enter_node(const Transaction *t, DepNode *node);
/** transaction_live_job() - the one that will be done with the node's unit; NULL: none */
TransactionJob *transaction_live_job(const Transaction *t, const DepNode *node);

/** transaction_leave_out() - delete a job with all that can't be done without it. Return: 0 or -ENOMEM. */
int transaction_leave_out(Transaction *t, uint32_t job);
/** transaction_mark_matters() - what the request can't do without, with the links that lead to it */
int transaction_mark_matters(Transaction *t);
/** transaction_collect_garbage() - what only things that were left out have pulled in is left out, too */
int transaction_collect_garbage(Transaction *t);
/** transaction_phrase() - "requires", "is bound to": how a unit says that it pulls another in */
const char *transaction_phrase(DependencyType why);

/** transaction_resolve_contradictions() - Return: 0; -EDEADLK with the whole reason; -ENOMEM */
int transaction_resolve_contradictions(Transaction *t, Error *error);
/** transaction_break_cycles() - by leaving out what does not matter. Return: as above. */
int transaction_break_cycles(Transaction *t, Error *error);
