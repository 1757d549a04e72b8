/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Calendar expressions of OnCalendar=, as systemd.time(7) describes them: "Mon..Fri *-*-* 09..17:00/15:00
 * Europe/Berlin". Parsed, written as systemd-analyze writes them, and asked for the next time that they mean.
 *
 * As systemd has it, local times that are left out when clocks are put forward do not come; of times that clocks show
 * twice the first one is meant.
 */

#include <stdint.h>

#include "base/macro.h"

#define CALENDAR_YEAR_MAX 2199 /* no expression means a time after that */

typedef struct Calendar Calendar;

/**
 * calendar_parse() - an expression to what it means
 * @ret:         owned by the caller
 * @ret_problem: static; what is wrong with it, as a half-sentence behind the expression; may be NULL. For -EINVAL
 *
 * Abbreviations of the machine's own zone, "CET", mean that zone, in or out of daylight saving time.
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int calendar_parse(const char *s, Calendar **ret, const char **ret_problem);
Calendar *calendar_free(Calendar *c);
DEFINE_CLEANUP(Calendar *, calendar_free);

/** calendar_format() - in its full form; owned by the caller; NULL: out of memory */
char *calendar_format(const Calendar *c);

/**
 * calendar_next() - the first time it means after @after_usec, of the real-time clock
 *
 * The work is bounded, whatever the expression. Return: 0; -ENOENT if there is none any more; -ENOMEM.
 */
int calendar_next(const Calendar *c, uint64_t after_usec, uint64_t *ret_usec);
