/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When each unit came up, and what that took: the data of `supctl analyze`. Times are microseconds of CLOCK_MONOTONIC;
 * 0: never, or not known.
 */

#include <stddef.h>
#include <stdint.h>

#include "ctl/verbs.h"

/* Of a start, in order: what supd tells as StartPhases, and from there to "active". */
typedef enum StartupPhase {
        STARTUP_IMAGE,
        STARTUP_NETWORK,
        STARTUP_MOUNT,
        STARTUP_EXEC,
        STARTUP_READY,
        _STARTUP_PHASE_MAX,
        _STARTUP_PHASE_INVALID = -EINVAL,
} StartupPhase;

const char *startup_phase_to_string(StartupPhase p);

typedef struct StartupUnit {
        char *id;               /* owned */
        uint64_t begin, active; /* it left "inactive"; it became active */
        uint64_t off;           /* it left "active" again, after that */
        uint64_t phase_ends[_STARTUP_PHASE_MAX];
} StartupUnit;

typedef struct Startup {
        uint64_t begin;     /* of supd */
        uint64_t loaded;    /* unit files were read */
        uint64_t finish;    /* default.target was reached; 0: not yet */
        StartupUnit *units; /* owned; by begin, then by id */
        size_t n_units;
} Startup;

/** startup_read() - ask supd. @patterns: as of list-units; NULL: all units */
int startup_read(Context *c, char *const *patterns, Startup *ret, Error *error);
void startup_done(Startup *s);
#define _cleanup_startup_ _cleanup_(startup_done)

/** startup_duration() - from the begin of its start until it was active; 0 if it never was */
uint64_t startup_duration(const StartupUnit *u);
/** startup_find() - borrowed; NULL: no such unit */
const StartupUnit *startup_find(const Startup *s, const char *id);
/** startup_require_finished() - Return: 0; -EAGAIN with a text if default.target is still being started */
int startup_require_finished(const Startup *s, Error *error);
