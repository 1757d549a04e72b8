/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A container's health checks, made: core/health.h decides when and what results mean; a command in the
 * container (container-exec.h) or a probe of supd's own (health-probe.h) is the check.
 *
 * All of it follows from the container's state: container_health_update() is called when that may have
 * changed, and may be called at any time. A check that succeeds is told to nobody but who asks: nothing is
 * written to a disk or a journal for it.
 */

#include "base/error.h"
#include "base/record.h"
#include "core/health.h"

typedef struct Container Container;
typedef struct ContainerHealth ContainerHealth;
typedef struct Unit Unit;

/** container_health_verify() - before a start: what waits for a health check has one */
int container_health_verify(const Container *c, Error *error);
/** container_health_update() - checks begin, pause, go on or end, as the container's state has it */
void container_health_update(Container *c);
/** container_health_end() - the run is over; its results are kept for who looks at them */
void container_health_end(Container *c);
void container_health_report(const Container *c, HealthReport *ret);

void container_health_put(const Container *c, RecordWriter *w);
/** container_health_get() - as the record has it; the checks go on with the next update */
int container_health_get(Container *c, const Record *record);

ContainerHealth *container_health_free(ContainerHealth *h);
