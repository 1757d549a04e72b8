/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How a run ended, and whether, when and how often there is a next one: UNITS.md 4.4 and 4.7.
 * Pure functions over a RestartSpec and counters; the clock is passed in.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "unitfile/service-spec.h"

/* Names as systemd's Result= property. The first failure of a run sticks. */
typedef enum ServiceResult {
        SERVICE_SUCCESS,
        SERVICE_FAILURE_RESOURCES, /* the container could not be made */
        SERVICE_FAILURE_PROTOCOL,
        SERVICE_FAILURE_TIMEOUT,
        SERVICE_FAILURE_EXIT_CODE,
        SERVICE_FAILURE_SIGNAL,
        SERVICE_FAILURE_CORE_DUMP,
        SERVICE_FAILURE_WATCHDOG,
        SERVICE_FAILURE_OOM_KILL,
        SERVICE_FAILURE_START_LIMIT_HIT,
        SERVICE_SKIP_CONDITION, /* ExecCondition= called the start off */
        _SERVICE_RESULT_MAX,
        _SERVICE_RESULT_INVALID = -EINVAL,
} ServiceResult;

const char *service_result_to_string(ServiceResult r);
ServiceResult service_result_from_string(const char *s);

/* As waitid() tells it; code 0: not ended yet, or the status was lost. */
typedef struct ExitInfo {
        int code;   /* CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: unknown */
        int status; /* exit status or signal */
} ExitInfo;

/** exit_classify() - UNITS.md 4.7: SERVICE_SUCCESS, EXIT_CODE, SIGNAL or CORE_DUMP */
ServiceResult exit_classify(const RestartSpec *spec, ServiceType type, ExitInfo exit);

/** exit_set_matches() - both views of a death by signal: the signal, and 128 + signal */
bool exit_set_matches(const ExitSet *set, ExitInfo exit);

/** restart_is_wanted() - the table of UNITS.md 4.4 with its vetoes and forces */
bool restart_is_wanted(const RestartSpec *spec, ServiceResult result, ExitInfo exit);

/**
 * restart_delay_usec() - wait before the @n-th consecutive automatic restart
 * @n: 1 for the first
 */
uint64_t restart_delay_usec(const RestartSpec *spec, unsigned n);

/* Fixed window, opened by the first start in it. */
typedef struct StartLimit {
        uint64_t begin_monotonic_usec; /* USEC_INFINITY: no window is open */
        unsigned count;
} StartLimit;

#define START_LIMIT_CLEAR ((StartLimit) { .begin_monotonic_usec = UINT64_MAX })

/** start_limit_allows() - would a start now be within the limit? Counts nothing. */
bool start_limit_allows(const StartLimit *l, const RestartSpec *spec, uint64_t now_usec);
void start_limit_count(StartLimit *l, const RestartSpec *spec, uint64_t now_usec);
