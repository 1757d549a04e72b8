/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One unit as `supctl status` shows it.
 */

#include "base/clock.h"
#include "ctl/verbs.h"

#define STATUS_LOG_LINES 10U

/**
 * status_page_print() - everything worth knowing about @unit, its last log lines included
 * @processes: as client_get_processes() gives; VALUE_NONE: none
 * @now:       stamps are told relative to it
 */
int status_page_print(
                Context *c, const Value *unit, const Value *processes, DualTime now, Error *error);

/** status_bar() - "[####------]": @used of @limit; owned by the caller, or NULL */
char *status_bar(uint64_t used, uint64_t limit);

/** status_label() - print "     Label: ", so that all colons stand in one column */
void status_label(FILE *out, const char *label);
#define STATUS_INDENT "             " /* of what belongs to the label above */
