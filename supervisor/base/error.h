/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One error on its way to the person or program that asked: a number that steers, a stable code that
 * front ends map, a text that explains. Formatting only; nothing is logged here.
 *
 * Between calls: message is NULL exactly while nothing was set. Out of memory is a bare -ENOMEM
 * with the Error left empty; error_text() still answers.
 */

#include "base/macro.h"

/* Stable identities. control/ maps each to a D-Bus name, gateway/ that to an HTTP status. */
typedef enum ErrorCode {
        ERROR_FAILED, /* nothing more specific */
        ERROR_INVALID_ARGUMENT,
        ERROR_BAD_NAME,
        ERROR_NO_SUCH_UNIT,
        ERROR_NO_SUCH_JOB,
        ERROR_NO_SUCH_PROCESS,
        ERROR_NO_SUCH_SECRET,
        ERROR_BAD_SETTING, /* the unit's file does not load */
        ERROR_MASKED,
        ERROR_UNIT_GENERATED, /* not enabled by links */
        ERROR_UNIT_EXISTS,    /* something else has its place */
        ERROR_UNIT_LINKED,    /* the name is an alias */
        ERROR_NOT_SUPPORTED,
        ERROR_JOB_CONFLICT,
        ERROR_JOBS_CONTRADICT,    /* what a request needs contradicts itself */
        ERROR_ORDER_CYCLE,        /* or waits for itself */
        ERROR_ONLY_BY_DEPENDENCY, /* RefuseManualStart=, RefuseManualStop= */
        ERROR_NO_ISOLATION,       /* without AllowIsolate= */
        ERROR_UNIT_STATE,         /* the unit is not in a state for this: pausing what is dead */
        ERROR_ACCESS_DENIED,
        ERROR_LIMIT_REACHED,
        ERROR_TIMEOUT,
        ERROR_STORAGE, /* files, directories, state */
        ERROR_RUNTIME, /* the kernel refused a step of making the container */
        ERROR_CGROUP,
        ERROR_LOG,
        ERROR_DISCONNECTED, /* the supervisor can't be reached */
        _ERROR_CODE_MAX,
        _ERROR_CODE_INVALID = -EINVAL,
} ErrorCode;

typedef struct Error {
        ErrorCode code;
        int number;    /* negative errno */
        char *message; /* owned */
} Error;

/**
 * error_set() - record what went wrong, once, where it is understood
 * @error:  may be NULL: the caller wants the number only
 * @number: negative errno; its text is appended to the message
 *
 * Return: @number, for `return error_set(...)`.
 */
int error_set(Error *error, int number, ErrorCode code, const char *format, ...) _printf_(4, 5);

/** error_set_plain() - as error_set(), for messages that the errno text would only blur */
int error_set_plain(Error *error, int number, ErrorCode code, const char *format, ...)
                _printf_(4, 5);

/** error_prefix() - put "PREFIX: " before the message: only what the callee could not know */
int error_prefix(Error *error, int number, const char *format, ...) _printf_(3, 4);

/** error_text() - the message, or the errno text of @number where none was set; never NULL */
const char *error_text(const Error *error, int number);

/** error_code_to_string() - "no-such-unit"; NULL if out of range */
const char *error_code_to_string(ErrorCode code);
/** error_code_from_string() - ERROR_FAILED for what is none, or NULL: another program may know more */
ErrorCode error_code_from_string(const char *s);

/** error_move() - hand the content of @from over to @to, which may be NULL; @from is left empty */
void error_move(Error *to, Error *from);

void error_done(Error *error);
