/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The last results of a container's checks, in memory: HealthMaxLogCount= and HealthMaxLogSize=. What is
 * unlimited there is limited here, by all that one container's log may take.
 */

#include "base/record.h"
#include "core/health.h"

#define HEALTH_LOG_ENTRIES_MAX 1000U
#define HEALTH_LOG_BYTES_MAX (64U * 1024U)

typedef struct HealthLog {
        HealthEntry *entries; /* owned; the oldest first */
        size_t n;
} HealthLog;

/** health_log_size() - bytes of output that are kept of a check */
size_t health_log_size(const HealthSpec *spec);
/** health_log_add() - takes entry->output over, also where there is no memory for it */
void health_log_add(HealthLog *l, const HealthSpec *spec, HealthEntry *entry);
void health_log_done(HealthLog *l);

void health_log_put(const HealthLog *l, RecordWriter *w);
/** health_log_get() - Return: 0 or -ENOMEM; what is malformed is left out */
int health_log_get(HealthLog *l, const HealthSpec *spec, const Record *record);

/** health_log_format() - all of it as JSON, as Podman's files have it; owned by the caller, or NULL */
char *health_log_format(const HealthLog *l, HealthState state, unsigned streak);
