/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When a timer with Persistent= last started its unit, on disk: STATE_DIR/timer/NAME.timer, a record. Outlives boots,
 * power cuts, and the timer's file.
 */

#include <stdint.h>

#include "base/error.h"

/** timer_stamp_read() - Return: 0; -ENOENT if there is none. */
int timer_stamp_read(const char *state_dir, const char *unit_id, uint64_t *ret_realtime_usec);

/** timer_stamp_write() - on return it is on the disk: the one place where a timer waits for one */
int timer_stamp_write(
                const char *state_dir, const char *unit_id, uint64_t realtime_usec, Error *error);
