/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One file of the unit language as a list of assignments: lines joined, comments dropped, header and
 * key syntax checked (UNITS.md 2.1). What keys and values mean is not decided here.
 *
 * A file of any bytes gives assignments and diagnostics, never a forged or shortened key: every
 * value is the whole text of its line, or the line is an error.
 */

#include <stdbool.h>

#include "unitfile/diagnostic.h"

#define UNIT_FILE_SIZE_MAX (1024U * 1024U)

typedef enum UnitDialect {
        UNIT_DIALECT_QUADLET, /* a final '\' joins with nothing between; bad lines are errors */
        UNIT_DIALECT_PLAIN,   /* a final, unescaped '\' becomes a blank; bad lines are warnings */
} UnitDialect;

typedef struct UnitFile UnitFile;

typedef struct UnitAssignment {
        const UnitFile *file; /* borrowed; the one that holds this */
        const char *section;  /* borrowed from the file */
        const char *key;      /* borrowed from the file */
        const char *value;    /* borrowed from the file; trimmed, otherwise verbatim */
        unsigned line;
        const char *flag; /* static; of PodmanArgs=, which it comes from; NULL: it is written out */
} UnitAssignment;

typedef struct UnitHeader {
        const char *section; /* borrowed from the file */
        unsigned line;
} UnitHeader;

struct UnitFile {
        char *path;                  /* owned; as diagnostics show it */
        unsigned source;             /* 0: a unit's main file, 1 and up: its drop-ins */
        UnitAssignment *assignments; /* owned; in file order */
        size_t n_assignments, n_assignments_allocated;
        UnitHeader *headers; /* owned; every header line, in file order */
        size_t n_headers, n_headers_allocated;
        char *text; /* owned; holds all strings above */
        size_t text_size, text_allocated;
        char **made; /* owned; values that stand in no line: of podman_args_expand() */
};

typedef struct UnitFileSource {
        const char *path;
        unsigned source;
        UnitDialect dialect;
        const char *text; /* @size bytes; need not end in NUL */
        size_t size;
        bool portable; /* as with an inih without Debian's switches; for tests */
} UnitFileSource;

/**
 * unit_file_parse() - read @source; what is wrong in it goes to @diagnostics
 *
 * Return: 0, also for a file with errors; -ENOMEM.
 */
int unit_file_parse(const UnitFileSource *source, DiagnosticList *diagnostics, UnitFile **ret);

UnitFile *unit_file_free(UnitFile *f);
DEFINE_CLEANUP(UnitFile *, unit_file_free);
