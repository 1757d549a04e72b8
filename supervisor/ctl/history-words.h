/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The events of a unit's history in words, for `supctl why`. Pure; an event is a dict as
 * org.supd.Manager.GetUnitHistory gives it.
 */

#include "client/value.h"
#include "ctl/terminal.h"

/** history_event_words() - "start asked for by root: supctl start web"; owned, not escaped; NULL: out of memory */
char *history_event_words(const Value *event);

Style history_event_style(const Value *event);

/** history_stamp() - "10:31:02.113", of another day than @now_usec "2026-11-26 10:31:02"; owned, or NULL */
char *history_stamp(uint64_t realtime_usec, uint64_t now_usec);
