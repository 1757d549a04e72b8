/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What has happened to a unit, for whoever asks why it is as it is: the requests for it and who made them, how its
 * jobs failed, and the states it came to. The last HISTORY_MAX events, and the last request even if it is older.
 *
 * An event is a record (base/record.h). Of every one:
 *
 *   Time      realtime, microseconds
 *   Event     asked, ended, state
 *
 *   asked: Job, JobType; Uid, Pid and Command of the peer at the begin of it; Unit, and Why it wants this of us
 *   ended: Job, JobType, JobResult; Text: the reason. Jobs that end as "done" leave none, as the
 *          state tells, unless a condition was not met.
 *   state: ActiveState, SubState; Result; Code (exited, killed, dumped) and Status of the main process if it has
 *          ended; MainPID if it runs; Restarts; NextStart (realtime, microseconds); Text
 *
 * Pure. What there is no memory for is left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/record.h"

#define HISTORY_MAX 12U
/* Of a command line; it is a hint for a person. */
#define HISTORY_COMMAND_MAX 160U

struct UnitStatus;

/* Who wants a job. All strings are borrowed. */
typedef struct JobOrigin {
        const char *command; /* of the peer that asked; NULL: no peer did */
        uid_t uid;           /* of the peer */
        pid_t pid;
        const char *unit; /* that brings the job along; NULL: none does */
        const char *why; /* "Requires", "has failed"; without a unit: "supd starts"; NULL: not known */
} JobOrigin;

typedef struct History {
        char *events[HISTORY_MAX]; /* owned; the oldest first */
        size_t n;
        char *asked; /* owned; a request that has left the ring; NULL: it is in there, or none was */
        bool last_is_known;
        int last_active;
        unsigned last_restarts;
        bool last_waits;
} History;

void history_done(History *h);

void history_asked(History *h,
                uint64_t realtime_usec,
                uint32_t job,
                const char *type,
                const JobOrigin *origin);
/** history_ended() - @reason may be NULL */
void history_ended(History *h,
                uint64_t realtime_usec,
                uint32_t job,
                const char *type,
                const char *result,
                const char *reason);
/** history_state() - noted if it is one to stay in, and not the last one noted */
void history_state(History *h, const struct UnitStatus *status);

size_t history_size(const History *h);
/** history_at() - a record, the oldest first; borrowed */
const char *history_at(const History *h, size_t index);

/* For a next supd. */
void history_put(const History *h, RecordWriter *w);
int history_get(History *h, const Record *record);
