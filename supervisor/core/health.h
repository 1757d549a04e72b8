/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When a container's health is checked, and what the results mean: UNITS.md 4.6.
 *
 * Pure: the clock is passed in, whoever runs the checks asks when the next one is due and tells how each
 * ended. Times are monotonic.
 *
 *     starting ── the start-up check, if there is one, has succeeded often enough ──▶ the regular check
 *        │ success                                                                     │
 *        ▼                        failures, as many as retries, outside of the         │
 *     healthy ◀── success ── unhealthy ◀──────── start period ─────────────────────────┘
 *
 * The clock of a paused container stands still: what was left of the wait and of the start period is left
 * when it goes on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "unitfile/health-spec.h"

typedef enum HealthState {
        HEALTH_NONE, /* nothing is checked */
        HEALTH_STARTING,
        HEALTH_HEALTHY,
        HEALTH_UNHEALTHY,
        _HEALTH_STATE_MAX,
        _HEALTH_STATE_INVALID = -EINVAL,
} HealthState;

const char *health_state_to_string(HealthState s); /* "none", "starting", … */
HealthState health_state_from_string(const char *s);

/* What an image says. HEALTH_UNSET, and retries 0: nothing. */
typedef struct HealthImage {
        char *const *test; /* borrowed; NULL: none */
        uint64_t interval_usec, timeout_usec, start_period_usec, start_interval_usec;
        unsigned retries;
} HealthImage;

typedef enum HealthProbe {
        HEALTH_PROBE_NONE,
        HEALTH_PROBE_COMMAND,
        HEALTH_PROBE_HTTP,
        HEALTH_PROBE_TCP,
} HealthProbe;

/* The settings in force: the unit's, else the image's, else the default. Borrows from both. */
typedef struct HealthPlan {
        HealthProbe probe;
        char *const *test, *const *startup_test; /* borrowed; startup_test NULL: none */
        const HealthEndpoint *endpoint;          /* borrowed; of HTTP and TCP */
        uint64_t interval_usec;                  /* USEC_INFINITY: once, then on request only */
        uint64_t timeout_usec;                   /* USEC_INFINITY: none */
        uint64_t start_period_usec;
        uint64_t start_interval_usec; /* in the start period, until it is healthy; HEALTH_UNSET: none */
        unsigned retries;
        uint64_t startup_interval_usec, startup_timeout_usec;
        unsigned startup_retries, startup_success;
        HealthAction on_failure;
} HealthPlan;

/** health_plan_make() - each key of the unit goes before the image's; HealthCmd=none takes that away */
void health_plan_make(const HealthSpec *spec,
                const HealthEndpoint *endpoint,
                const HealthImage *image,
                HealthPlan *ret);

/**
 * health_command() - words to execute, of a test as images have it
 * @shell: the image's, as SHELL says; NULL: /bin/sh -c
 * @ret:   owned by the caller (strv); NULL for a test that is "NONE" or makes no sense
 *
 * Return: 0; -ENOMEM.
 */
int health_command(char *const *test, char *const *shell, char ***ret);

/* How one check ended. */
typedef struct HealthEntry {
        uint64_t begin_realtime_usec, end_realtime_usec;
        int exit_code; /* 0: healthy; 126, 127: could not be executed; -1: took too long, or no process */
        char *output; /* owned; NULL: none */
} HealthEntry;

/* For whoever shows it. */
typedef struct HealthReport {
        HealthState state;
        unsigned streak;
        const HealthEntry *entries; /* borrowed; the oldest first */
        size_t n_entries;
        uint64_t next_usec; /* when the next check is due; USEC_INFINITY: none is */
} HealthReport;

typedef struct Health {
        HealthState state;
        unsigned streak; /* failures that count, one after the other */
        bool startup;    /* the start-up check has not succeeded often enough yet */
        unsigned startup_successes, startup_failures; /* one after the other */
        bool ready;                                   /* it was healthy once in this run */
        bool checking;                                /* a check is under way */
        bool spread;        /* the wait that sets the unit apart from others is still to come */
        uint64_t next_usec; /* USEC_INFINITY: none is due, or one is under way */
        uint64_t period_end_usec; /* of the start period */
        bool paused;
        uint64_t next_left_usec, period_left_usec; /* while paused */
} Health;

/** health_begin() - a new run: the first check is due at once */
void health_begin(Health *h, const HealthPlan *plan, uint64_t now_usec);
/**
 * health_resume() - after a restart of supd: as it was, the next check within one interval
 * @key: as for health_result()
 */
void health_resume(Health *h, const HealthPlan *plan, uint64_t key, uint64_t now_usec);
/** health_end() - the run is over */
void health_end(Health *h);

/** health_check_started() - none is due until its result */
void health_check_started(Health *h);
/** health_check_cancelled() - it will have no result, and is due again */
void health_check_cancelled(Health *h, uint64_t now_usec);

typedef enum HealthOutcome {      /* what to do about a result, as bits */
        HEALTH_CHANGED = 1U << 0, /* the state is another one */
        HEALTH_READY = 1U << 1,   /* healthy for the first time in this run */
        HEALTH_ACT = 1U << 2,     /* carry out the plan's on_failure */
        HEALTH_RESTART = 1U << 3, /* the start-up check has failed too often */
        HEALTH_COUNTED = 1U << 4, /* a failure that counts */
} HealthOutcome;

/**
 * health_result() - the check under way has ended
 * @key: of the unit, any number: it tells how far its checks are from those of other units
 *
 * Return: bits of HealthOutcome.
 */
unsigned health_result(
                Health *h, const HealthPlan *plan, bool success, uint64_t key, uint64_t now_usec);

/** health_set_paused() - stop the clock, or let it go on */
void health_set_paused(Health *h, bool paused, uint64_t now_usec);

/** health_spread() - a part of @interval_usec, above 0: even over all keys */
uint64_t health_spread(uint64_t interval_usec, uint64_t key);

/** health_timeout() - of the check that is due: the start-up check has its own */
uint64_t health_timeout(const Health *h, const HealthPlan *plan);
