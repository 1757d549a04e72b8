/* SPDX-License-Identifier: MIT */
#include "unitfile/log-settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/strv.h"
#include "base/text.h"

static const char *const levels[] = {
        "emerg",
        "alert",
        "crit",
        "err",
        "warning",
        "notice",
        "info",
        "debug",
};

/* 12 to 15 have no name that anybody agrees on. */
static const char *const facilities[] = {
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "12",
        "13",
        "14",
        "15",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
};

static int name_or_number(const char *const *names, size_t n, const char *s) {
        uint64_t number;

        for (size_t i = 0; i < n; i++) {
                if (strcmp(names[i], s) == 0)
                        return (int) i;
        }
        return parse_u64(s, &number) >= 0 && number < n ? (int) number : -EINVAL;
}

int log_level_from_string(const char *s) {
        return name_or_number(levels, ELEMENTSOF(levels), s);
}

int log_facility_from_string(const char *s) {
        return name_or_number(facilities, ELEMENTSOF(facilities), s);
}

const char *stream_kind_to_string(StreamKind kind) {
        /* clang-format off */
        static const char *const names[] = {
                [STREAM_INHERIT]  = "inherit",
                [STREAM_LOG]      = "journal",
                [STREAM_NULL]     = "null",
                [STREAM_FILE]     = "file",
                [STREAM_APPEND]   = "append",
                [STREAM_TRUNCATE] = "truncate",
        };
        /* clang-format on */
        static_assert(ELEMENTSOF(names) == _STREAM_KIND_MAX, "every kind has a name");

        return kind < 0 || kind >= _STREAM_KIND_MAX ? NULL : names[kind];
}

void log_settings_init(LogSettings *l) {
        *l = (LogSettings) { .facility = -1, .level = -1, .level_max = -1 };
}

void log_settings_done(LogSettings *l) {
        free(l->input.path);
        free(l->output.path);
        free(l->error.path);
        strv_free(l->extra_fields);
        strv_free(l->filter_patterns);
        *l = (LogSettings) {};
}
