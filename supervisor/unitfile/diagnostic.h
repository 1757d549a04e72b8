/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is wrong in unit files: one record per problem, with its place, in the order of files and
 * lines. `supctl verify`, the journal and LoadError all print the same records.
 */

#include <stdbool.h>

#include "base/macro.h"

typedef enum DiagnosticSeverity {
        DIAGNOSTIC_NOTICE,
        DIAGNOSTIC_WARNING,
        DIAGNOSTIC_ERROR, /* the unit does not load */
        _DIAGNOSTIC_SEVERITY_MAX,
        _DIAGNOSTIC_SEVERITY_INVALID = -EINVAL,
} DiagnosticSeverity;

typedef struct Diagnostic {
        DiagnosticSeverity severity;
        const char *code; /* static: "unknown-key", "bad-value", "syntax", … */
        unsigned source;  /* 0: the unit's main file, 1 and up: its drop-ins in order */
        unsigned order;   /* within its line */
        char *file;       /* owned; this and the other strings are printable */
        unsigned line;    /* first physical line of the logical line; 0: the whole file */
        unsigned column;  /* 1-based; 0: unknown */
        char *section;    /* owned; NULL: none */
        char *key;        /* owned; NULL: none */
        char *message;    /* owned */
} Diagnostic;

typedef struct DiagnosticList {
        Diagnostic *items; /* owned */
        size_t n_items, n_allocated;
        size_t n_dropped;         /* beyond DIAGNOSTICS_MAX; counted, so that nothing is silent */
        DiagnosticSeverity worst; /* of all that was added, dropped ones too; if any */
        bool any;
} DiagnosticList;

#define DIAGNOSTICS_MAX 1000U

/* Where a diagnostic points to; all borrowed for the call. */
typedef struct SourcePlace {
        const char *file;
        unsigned source;
        unsigned line, column;
        const char *section, *key;
} SourcePlace;

/** diagnostic_add() - Return: 0 or -ENOMEM. @code is a string constant. */
int diagnostic_add(DiagnosticList *list,
                DiagnosticSeverity severity,
                const char *code,
                const SourcePlace *place,
                const char *format,
                ...) _printf_(5, 6);

/* For foreign strings of any length in messages: printf("'" SHOWN "'", SHOWN_ARGUMENTS(s)). */
#define SHOWN "%.*s%s"
#define SHOWN_ARGUMENTS(s) diagnostic_shown_size(s), (s), diagnostic_shown_dots(s)

/** diagnostic_shown_size() - bytes of @s that a message shows: whole characters, 80 bytes at most */
int diagnostic_shown_size(const char *s);
/** diagnostic_shown_dots() - "…" if that is not all, else "" */
const char *diagnostic_shown_dots(const char *s);

/** diagnostic_list_is_full() - further warnings are only counted: no need to think up suggestions */
bool diagnostic_list_is_full(const DiagnosticList *list);

/** diagnostic_list_move() - append all of @from to @to; @from is left empty. Return: 0 or -ENOMEM. */
int diagnostic_list_move(DiagnosticList *to, DiagnosticList *from);

/** diagnostic_list_sort() - by file and line; what concerns a whole file comes last in it */
void diagnostic_list_sort(DiagnosticList *list);

/** diagnostic_format() - "FILE:LINE: SECTION.KEY: message [code]"; owned by the caller, or NULL */
char *diagnostic_format(const Diagnostic *d);

/** diagnostic_list_worst() - the highest severity, or _DIAGNOSTIC_SEVERITY_INVALID if empty */
DiagnosticSeverity diagnostic_list_worst(const DiagnosticList *list);

/** diagnostic_severity_to_string() - "error", "warning", "notice" */
const char *diagnostic_severity_to_string(DiagnosticSeverity severity);

void diagnostic_list_done(DiagnosticList *list);
