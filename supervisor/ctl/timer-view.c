/* SPDX-License-Identifier: MIT */
#include "ctl/timer-view.h"

uint64_t timer_next_usec(const Value *unit, DualTime now) {
        uint64_t realtime = value_get_u64(unit, "NextElapseUSecRealtime");
        uint64_t monotonic = value_get_u64(unit, "NextElapseUSecMonotonic");

        if (realtime == 0)
                realtime = USEC_INFINITY;
        if (monotonic == 0 || monotonic == USEC_INFINITY)
                return realtime;
        monotonic = monotonic > now.monotonic_usec
                                    ? usec_add(now.realtime_usec, monotonic - now.monotonic_usec)
                                    : usec_sub(now.realtime_usec, now.monotonic_usec - monotonic);
        return monotonic < realtime ? monotonic : realtime;
}
