/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Flat KEY=value text, one assignment a line: state files and what helper programs are told and
 * answer. Values are escaped as in a unit file (\n, \\, \xHH), so that any bytes but NUL fit a line.
 *
 * Repeated keys are kept, in order. Unknown keys are the reader's to ignore.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define RECORD_SIZE_MAX (1024U * 1024U)

typedef struct RecordWriter {
        char *text; /* owned; NUL-terminated once something was written */
        size_t size, allocated;
        int result; /* the first failure, so that callers check once, at the end */
} RecordWriter;

void record_put(RecordWriter *w, const char *key, const char *value); /* NULL value: left out */
void record_put_u64(RecordWriter *w, const char *key, uint64_t value);
void record_put_i64(RecordWriter *w, const char *key, int64_t value);
void record_put_bool(RecordWriter *w, const char *key, bool value);
/** record_put_all() - the same key for each string of a vector */
void record_put_all(RecordWriter *w, const char *key, char *const *values);
void record_writer_done(RecordWriter *w);

typedef struct Record Record;

/** record_parse() - Return: 0; -EBADMSG for a line without '=' or with a bad escape; -ENOMEM */
int record_parse(const char *text, Record **ret);
/** record_get() - the last value of @key, borrowed; NULL if absent */
const char *record_get(const Record *r, const char *key);
/** record_get_nth() - the @n-th value of a repeated @key, from 0, borrowed; NULL: there are not so many */
const char *record_get_nth(const Record *r, const char *key, size_t n);
/** record_at() - the @index-th assignment, from 0; borrowed. Return: false behind the last. */
bool record_at(const Record *r, size_t index, const char **ret_key, const char **ret_value);
/* Return: 0; -ENOENT if absent; -EINVAL or -ERANGE if malformed. */
int record_get_u64(const Record *r, const char *key, uint64_t *ret);
int record_get_i64(const Record *r, const char *key, int64_t *ret);
int record_get_bool(const Record *r, const char *key, bool *ret);

/* The same for those who can do without: what is absent or malformed is @otherwise. */
uint64_t record_u64_or(const Record *r, const char *key, uint64_t otherwise);
int64_t record_i64_or(const Record *r, const char *key, int64_t otherwise);
bool record_bool_or(const Record *r, const char *key, bool otherwise);

Record *record_free(Record *r);
DEFINE_CLEANUP(Record *, record_free);

/** record_split_line() - one line without its newline, cut and unescaped in place; -EBADMSG as above */
int record_split_line(char *line, const char **ret_key, const char **ret_value);
