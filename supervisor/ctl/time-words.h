/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Points in time as people write them after --since and --until: journalctl's everyday forms.
 */

#include <stdint.h>

/**
 * time_parse() - "now", "today", "yesterday", "tomorrow", "-1h", "+5min", "10 min ago", "2h left",
 * "2026-11-22", "2026-11-22 02:18", "2026-11-22 02:18:42.5 UTC", "02:18", "@1795313000"
 * @now_usec: real time; what is relative counts from it, local days too
 *
 * Without a zone it is local time. Return: 0; -EINVAL; -ERANGE for what is before 1970.
 */
int time_parse(const char *s, uint64_t now_usec, uint64_t *ret_usec);
