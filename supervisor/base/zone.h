/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Time zones, the only place that asks the C library for them. What it can't do is deal with several zones at once:
 * one is entered, asked, and left. Nothing else of this process may need local time between.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/macro.h"

/* The time zone that was in force. */
typedef struct ZoneScope {
        bool entered;
        char *former; /* owned; $TZ; NULL: unset */
} ZoneScope;

/** zone_is_known() - "Europe/Berlin", by the files of the time zone database */
bool zone_is_known(const char *name);

/**
 * zone_enter() - from now on local time is that of @name
 * @name: of the database, or "UTC"; NULL: the machine's own, as it is set now
 * @ret:  zone_leave() goes back; a scope that was not entered may be left, too
 *
 * Return: 0; -ENOMEM.
 */
int zone_enter(const char *name, ZoneScope *ret);
void zone_leave(ZoneScope *scope);

/** zone_is_utc() - the machine's own zone is never off UTC */
bool zone_is_utc(void);

/** zone_abbreviation() - what the zone calls its time, "CEST" with @summer; "" if it has no such */
const char *zone_abbreviation(bool summer);

/** zone_local() - what clocks of the zone show. Return: false for times that have no year. */
bool zone_local(int64_t realtime_sec, struct tm *ret);

/**
 * zone_instant() - the first time after @after_sec at which clocks of the zone show @local
 * @local:  its fields from year to second are read, which must be in their ranges
 * @summer: 1 or 0: daylight saving time must be in force, or must not; -1: whatever
 *
 * When clocks are put back they show some times twice: the first one counts, if @after_sec is not behind it
 * already.
 *
 * Return: 0; -ENOENT if they don't: they are put forward over it, or it has been.
 */
int zone_instant(const struct tm *local, int summer, int64_t after_sec, int64_t *ret_sec);
