/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One log line as people read it. JSON is the client's: LogLine.fields has what it needs.
 */

#include <stdbool.h>
#include <stdio.h>

#include "log/reader.h"

typedef enum LogFormat {
        LOG_FORMAT_SHORT, /* "Nov 22 02:18:42 host web[12]: text", local time */
        LOG_FORMAT_CAT,   /* the text */
        LOG_FORMAT_JSON,  /* not written here: query with with_fields */
        _LOG_FORMAT_MAX,
        _LOG_FORMAT_INVALID = -EINVAL,
} LogFormat;

typedef struct LogFormatOptions {
        LogFormat format;     /* short or cat */
        bool escape;          /* for a terminal: control characters and broken UTF-8 as \xHH */
        bool colour;          /* errors red, warnings yellow, notices bold */
        const char *hostname; /* borrowed; of lines that don't tell theirs */
} LogFormatOptions;

/** log_format_from_string() - "short", "cat", "json"; _LOG_FORMAT_INVALID if unknown */
LogFormat log_format_from_string(const char *name);

/** log_format_write() - print one line and its newline. Return: 0; -EIO or another errno of @out. */
int log_format_write(const LogLine *line, const LogFormatOptions *options, FILE *out);
