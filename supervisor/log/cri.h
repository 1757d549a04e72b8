/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One record of the CRI log format, which the driver "file" writes:
 *
 *     2026-11-22T02:18:42.123456789Z stdout F text
 *
 * A long line is several records, all but the last tagged P.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CriRecord {
        uint64_t realtime_usec;
        bool is_stderr;
        bool is_partial;  /* P: the line goes on in the stream's next record */
        const char *text; /* borrowed from what was parsed */
        size_t size;
} CriRecord;

/**
 * cri_parse() - take one record apart
 * @line: without the newline; any bytes
 *
 * Return: 0; -EBADMSG.
 */
int cri_parse(const char *line, size_t size, CriRecord *ret);
