/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static DiagSink diag_sink = diag_to_stderr;
static DiagLevel diag_max_level = DIAG_INFO;

void diag_set_sink(DiagSink sink) {
        diag_sink = sink ?: diag_to_stderr;
}

void diag_set_max_level(DiagLevel level) {
        diag_max_level = level;
}

void diag_to_stderr(DiagLevel level, const DiagContext *context, const char *message) {
        const char *unit = context ? context->unit : NULL;

        /* JOURNAL_STREAM is set where stderr is a journal stream, which parses "<N>". */
        if (getenv("JOURNAL_STREAM"))
                dprintf(STDERR_FILENO,
                                "<%d>%s%s%s\n",
                                level,
                                unit ?: "",
                                unit ? ": " : "",
                                message);
        else
                dprintf(STDERR_FILENO,
                                "%s: %s%s%s\n",
                                program_invocation_short_name,
                                unit ?: "",
                                unit ? ": " : "",
                                message);
}

void diag_log(DiagLevel level, const DiagContext *context, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        if (level > diag_max_level)
                return;

        va_start(ap, format);
        if (vasprintf(&message, format, ap) < 0)
                message = NULL;
        va_end(ap);

        if (message)
                diag_sink(level, context, message);
}
