/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What [Service] says of the lines that a container writes: their marks in the journal, and where they go
 * instead of the log.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum StreamKind {
        STREAM_INHERIT, /* of stderr: where stdout goes; of stdout: the log; of stdin: nothing */
        STREAM_LOG,     /* "journal": what LogDriver= says */
        STREAM_NULL,
        STREAM_FILE,     /* written from its beginning, over what is there */
        STREAM_APPEND,   /* behind what is there */
        STREAM_TRUNCATE, /* emptied first */
        _STREAM_KIND_MAX,
        _STREAM_KIND_INVALID = -EINVAL,
} StreamKind;

typedef struct StreamSpec {
        StreamKind kind;
        char *path; /* owned; absolute, on the host; of those that have one */
} StreamSpec;

typedef struct LogSettings {
        StreamSpec input, output, error;
        int facility;  /* 0 to 23; -1: unset */
        int level;     /* 0 to 7, of both streams; -1: info of stdout, err of stderr */
        int level_max; /* what is less urgent is not kept; -1: all is */
        bool level_prefix;
        char **extra_fields;    /* owned; "FIELD=value" */
        char **filter_patterns; /* owned; for journald; one that begins with '~' is of lines to drop */
} LogSettings;

#define LOG_FIELD_NAME_SIZE_MAX 64U
#define LOG_EXTRA_FIELDS_MAX 256U

/* What the attribute of a cgroup has room for, and more than anybody writes. */
#define LOG_FILTER_PATTERNS_SIZE_MAX 32768U

void log_settings_init(LogSettings *l);
void log_settings_done(LogSettings *l);

const char *stream_kind_to_string(StreamKind kind); /* "journal", "file", … */

/** log_level_from_string() - "warning", "4"; log_facility_from_string() - "daemon", "3"; or -EINVAL */
int log_level_from_string(const char *s);
int log_facility_from_string(const char *s);
