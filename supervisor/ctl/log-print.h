/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A unit's log lines on the screen, from wherever its driver keeps them.
 */

#include "ctl/verbs.h"

typedef struct LogSelection {
        unsigned lines;                  /* the last so many; LOG_LINES_ALL */
        uint64_t since_usec, until_usec; /* real time; UINT64_MAX: no bound */
        bool follow;                     /* go on until the process is killed */
        bool own_lines_only;             /* without supd's messages about the unit */
        LogFormat format;
        const char *indent; /* borrowed; NULL: none */
} LogSelection;

/**
 * log_print() - the selected lines of @unit, a dict as client_get_unit() gives
 *
 * Return: number of lines; -ENODATA if the unit keeps no log; another negative errno.
 */
int log_print(Context *c, const Value *unit, const LogSelection *selection, Error *error);

/** log_settle() - wait, not for long, until journald has taken in what was just written */
void log_settle(const Value *unit);
