/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* clang-format off */
static const char *const error_code_names[] = {
        [ERROR_FAILED]           = "failed",
        [ERROR_INVALID_ARGUMENT] = "invalid-argument",
        [ERROR_BAD_NAME]         = "bad-name",
        [ERROR_NO_SUCH_UNIT]     = "no-such-unit",
        [ERROR_NO_SUCH_JOB]      = "no-such-job",
        [ERROR_NO_SUCH_PROCESS]  = "no-such-process",
        [ERROR_NO_SUCH_SECRET]   = "no-such-secret",
        [ERROR_BAD_SETTING]      = "bad-setting",
        [ERROR_MASKED]           = "masked",
        [ERROR_UNIT_GENERATED]   = "unit-generated",
        [ERROR_UNIT_EXISTS]      = "unit-exists",
        [ERROR_UNIT_LINKED]      = "unit-linked",
        [ERROR_NOT_SUPPORTED]    = "not-supported",
        [ERROR_JOB_CONFLICT]     = "job-conflict",
        [ERROR_JOBS_CONTRADICT]  = "jobs-contradict",
        [ERROR_ORDER_CYCLE]      = "order-cycle",
        [ERROR_ONLY_BY_DEPENDENCY] = "only-by-dependency",
        [ERROR_NO_ISOLATION]     = "no-isolation",
        [ERROR_UNIT_STATE]       = "unit-state",
        [ERROR_ACCESS_DENIED]    = "access-denied",
        [ERROR_LIMIT_REACHED]    = "limit-reached",
        [ERROR_TIMEOUT]          = "timeout",
        [ERROR_STORAGE]          = "storage",
        [ERROR_RUNTIME]          = "runtime",
        [ERROR_CGROUP]           = "cgroup",
        [ERROR_LOG]              = "log",
        [ERROR_DISCONNECTED]     = "disconnected",
};
/* clang-format on */
static_assert(ELEMENTSOF(error_code_names) == _ERROR_CODE_MAX, "every error code has a name");

const char *error_code_to_string(ErrorCode code) {
        if (code < 0 || code >= _ERROR_CODE_MAX)
                return NULL;
        return error_code_names[code];
}

ErrorCode error_code_from_string(const char *s) {
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                if (str_equal(error_code_names[code], s))
                        return code;
        }
        return ERROR_FAILED;
}

static void error_replace(Error *error, int number, ErrorCode code, char *message) {
        free(error->message);
        *error = (Error) { .code = code, .number = number, .message = message };
}

int error_set(Error *error, int number, ErrorCode code, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        char *message = NULL;
        va_list ap;

        if (!error)
                return number;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        if (text && asprintf(&message,
                                    "%s: %s",
                                    text,
                                    strerrordesc_np(-number) ?: "unknown error") < 0)
                message = NULL;

        error_replace(error, number, code, message);
        return number;
}

int error_set_plain(Error *error, int number, ErrorCode code, const char *format, ...) {
        char *message = NULL;
        va_list ap;

        if (!error)
                return number;

        va_start(ap, format);
        if (vasprintf(&message, format, ap) < 0)
                message = NULL;
        va_end(ap);

        error_replace(error, number, code, message);
        return number;
}

int error_prefix(Error *error, int number, const char *format, ...) {
        _cleanup_free_ char *prefix = NULL;
        char *message = NULL;
        va_list ap;

        if (!error)
                return number;

        va_start(ap, format);
        if (vasprintf(&prefix, format, ap) < 0)
                prefix = NULL;
        va_end(ap);

        if (prefix && asprintf(&message, "%s: %s", prefix, error_text(error, number)) >= 0) {
                free(error->message);
                error->message = message;
                error->number = number;
        }
        return number;
}

const char *error_text(const Error *error, int number) {
        if (error && error->message)
                return error->message;
        return strerrordesc_np(-number) ?: "unknown error";
}

void error_move(Error *to, Error *from) {
        if (to) {
                error_done(to);
                *to = *from;
                *from = (Error) {};
        } else
                error_done(from);
}

void error_done(Error *error) {
        free(error->message);
        *error = (Error) {};
}
