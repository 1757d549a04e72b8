/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reading a unit's log back, line by line, from the journal or from the files of the driver "file":
 * the last lines, a span of time, and what comes next. Text is foreign: any bytes but newlines at
 * the end; who prints it to a terminal escapes it (log/format.h).
 *
 *     log_reader_open(&query, &reader, &error);
 *     do {
 *             while ((r = log_reader_next(reader, &line)) > 0)
 *                     print(&line);
 *     } while (r == 0 && follow && log_reader_wait(reader, USEC_INFINITY) >= 0);
 *
 * With an event loop instead of log_reader_wait(): watch log_reader_fd() for log_reader_events() with
 * the time-out of log_reader_timeout(), then log_reader_process() and log_reader_next() until 0.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/macro.h"

#define LOG_LINES_ALL UINT32_MAX

/* All borrowed for the call. */
typedef struct LogQuery {
        const char *unit_id;        /* "web.service" */
        const char *container_name; /* identifier of the lines */
        const char *control_group; /* journal: also lines of processes right in this cgroup, a path as
                                       in /proc/PID/cgroup; NULL: none */
        unsigned lines;            /* at most so many of those there are; LOG_LINES_ALL */
        uint64_t since_realtime_usec, until_realtime_usec; /* UINT64_MAX: no bound */
        bool follow;                                       /* wait for more after the last line */
        bool with_lifecycle;     /* journal: supd's own messages about the unit, too */
        bool with_fields;        /* fill LogLine.fields */
        const char *directory;   /* the file driver's log directory; NULL: the journal */
        const char *journal_dir; /* NULL: the system's journal */
} LogQuery;

typedef struct LogField {
        const char *name; /* "MESSAGE", "_PID", … as `journalctl -o json` has them, "__CURSOR" included */
        const char *value; /* NUL-terminated, but may hold NULs */
        size_t size;       /* without the last NUL */
} LogField;

/* Borrowed from the reader until its next call. */
typedef struct LogLine {
        uint64_t realtime_usec;
        int priority;           /* syslog's: 6 for stdout, 3 for stderr */
        const char *identifier; /* NULL: none */
        const char *hostname;   /* NULL: this host */
        pid_t pid;              /* 0: not known */
        const char *text;       /* NUL-terminated, but may hold NULs */
        size_t size;            /* without the last NUL */
        bool is_stderr;         /* by priority, where the journal is read */
        const LogField *fields; /* if with_fields */
        size_t n_fields;
} LogLine;

typedef struct LogReader LogReader;

/**
 * log_reader_open() - start reading at the first line that the query asks for
 *
 * Return: 0; -ENOENT if there is no log directory; negative errno.
 */
int log_reader_open(const LogQuery *query, LogReader **ret, Error *error);

/** log_reader_next() - Return: 1 and the next line; 0: no more for now; negative errno */
int log_reader_next(LogReader *r, LogLine *ret);

/** log_reader_wait() - sleep until there may be more. Return: 1; 0 after @timeout_usec; -EINTR; … */
int log_reader_wait(LogReader *r, uint64_t timeout_usec);

/* For event loops. The descriptor is borrowed and stays the same. */
int log_reader_fd(const LogReader *r);
short log_reader_events(const LogReader *r);          /* POLL… */
uint64_t log_reader_timeout_usec(const LogReader *r); /* from now; UINT64_MAX: none */
int log_reader_process(LogReader *r);                 /* takes the wake-up off the descriptor */

LogReader *log_reader_free(LogReader *r);
DEFINE_CLEANUP(LogReader *, log_reader_free);
