/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a source of lines is to reader.c.
 */

#include "log/reader.h"

typedef struct LogReaderOps {
        /* Mandatory. */
        int (*open)(const LogQuery *query, LogReader **ret, Error *error);
        int (*next)(LogReader *r, LogLine *ret);
        int (*fd)(const LogReader *r); /* -EBADF if the query does not follow */
        int (*process)(LogReader *r);
        LogReader *(*free)(LogReader *r);
        /* Optional. NULL: POLLIN, and no time-out. */
        short (*events)(const LogReader *r);
        uint64_t (*timeout_usec)(const LogReader *r);
} LogReaderOps;

struct LogReader { /* first member of each reader's own struct; CONTAINER_OF() leads back */
        const LogReaderOps *ops;
};

extern const LogReaderOps log_reader_journal;
extern const LogReaderOps log_reader_file;
