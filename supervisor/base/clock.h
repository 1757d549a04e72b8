/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Time as uint64_t microseconds, UINT64_MAX for "never" and "not set"; spans and stamps as people
 * read them. Reading the clock is separate from deciding: pure code gets its `now` passed in.
 */

#include <stdbool.h>
#include <stdint.h>

#define USEC_INFINITY UINT64_MAX
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

/* The same instant on both clocks. */
typedef struct DualTime {
        uint64_t realtime_usec;
        uint64_t monotonic_usec;
} DualTime;

uint64_t clock_monotonic_usec(void);
uint64_t clock_realtime_usec(void);
DualTime clock_dual(void);

static inline uint64_t usec_add(uint64_t a, uint64_t b) {
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

static inline uint64_t usec_sub(uint64_t a, uint64_t b) {
        if (a == USEC_INFINITY)
                return USEC_INFINITY;
        return a > b ? a - b : 0;
}

/** span_format() - "2min 5s", "1.500s", "infinity"; at most two units; owned by the caller, or NULL */
char *span_format(uint64_t span_usec);

/** span_format_exact() - "1h 30s", "1min 1.500000s": nothing is left out; owned by the caller, or NULL */
char *span_format_exact(uint64_t span_usec);

/** stamp_format() - "Sun 2026-11-22 02:18:42 UTC" in the local zone; owned by the caller, or NULL */
char *stamp_format(uint64_t realtime_usec);

/** stamp_format_relative() - "5min ago", "2 days ago"; owned by the caller, or NULL */
char *stamp_format_relative(uint64_t realtime_usec, uint64_t realtime_now_usec);

/** stamp_format_distance() - the same as systemd's tools have it, "3 weeks 5 days left"; owned, or NULL */
char *stamp_format_distance(uint64_t realtime_usec, uint64_t realtime_now_usec);
