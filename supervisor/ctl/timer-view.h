/* SPDX-License-Identifier: MIT */
#pragma once

/* When a timer elapses next, of the dict that client_get_unit() gives. Pure. */

#include "base/clock.h"
#include "client/value.h"

/** timer_next_usec() - whichever clock comes first, as real time; USEC_INFINITY: never, or it is no timer */
uint64_t timer_next_usec(const Value *unit, DualTime now);
