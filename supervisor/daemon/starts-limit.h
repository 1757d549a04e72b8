/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How many containers may be starting at the same time where supd.conf does not say: many as long as the machine keeps
 * up, as many as it has processors once what runs has to wait for processor, disk or memory. The kernel tells by its
 * pressure figures (PSI), as the time that was lost since they were looked at last.
 */

#include <stdint.h>

/* Some process waited for a processor; all waited for the disk, or for memory: microseconds, since boot. */
typedef struct Pressure {
        uint64_t cpu_usec, io_usec, memory_usec;
} Pressure;

typedef struct StartsLimit {
        unsigned n_processors; /* that we may use; at least 1 */
        uint64_t seen_usec;    /* monotonic; 0: never */
        Pressure seen;
        unsigned limit;
} StartsLimit;

/** starts_limit_init() - for the processors that this process may use */
void starts_limit_init(StartsLimit *s);

/** starts_limit_decide() - the limit from now on. Pure. */
unsigned starts_limit_decide(StartsLimit *s, uint64_t now_usec, const Pressure *now);

/** starts_limit_get() - look at the kernel's figures, unless that was a moment ago */
unsigned starts_limit_get(StartsLimit *s, uint64_t now_usec);
