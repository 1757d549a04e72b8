/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a program says of itself: one call, one line on stderr or one journal entry, according to the
 * sink. Layers 0 and 1 only use diag_debug(); an error is logged once, by whoever stops it.
 *
 * Not its duty: the containers' output, which never passes through supd.
 */

#include "base/macro.h"

typedef enum DiagLevel { /* syslog's numbers */
        DIAG_ERROR = 3,
        DIAG_WARNING = 4,
        DIAG_NOTICE = 5,
        DIAG_INFO = 6,
        DIAG_DEBUG = 7,
} DiagLevel;

/* Journal fields beside the text; NULL members are left out. All borrowed for the call. */
typedef struct DiagContext {
        const char *unit;          /* UNIT= : "web.service" */
        const char *job;           /* JOB_ID= */
        const char *message_id;    /* MESSAGE_ID= : include/supd/message-ids.h */
        int number;                /* ERRNO= : negative errno, 0 for none */
        const char *const *fields; /* further "FIELD=value", NULL-terminated */
} DiagContext;

typedef void (*DiagSink)(DiagLevel level, const DiagContext *context, const char *message);

/** diag_set_sink() - where lines go from now on; NULL brings stderr back */
void diag_set_sink(DiagSink sink);
void diag_set_max_level(DiagLevel level);

void diag_log(DiagLevel level, const DiagContext *context, const char *format, ...) _printf_(3, 4);

/* The stderr sink: "<N>" prefixes where journald or another supervisor reads them, see sd-daemon(3). */
void diag_to_stderr(DiagLevel level, const DiagContext *context, const char *message);

#define diag_error(...) diag_log(DIAG_ERROR, NULL, __VA_ARGS__)
#define diag_warning(...) diag_log(DIAG_WARNING, NULL, __VA_ARGS__)
#define diag_notice(...) diag_log(DIAG_NOTICE, NULL, __VA_ARGS__)
#define diag_info(...) diag_log(DIAG_INFO, NULL, __VA_ARGS__)
#define diag_debug(...) diag_log(DIAG_DEBUG, NULL, __VA_ARGS__)
