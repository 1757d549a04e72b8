/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Between the reader of PodmanArgs= and the tables of flags.
 */

#include "unitfile/podman-args.h"
#include "unitfile/text-builder.h"

/* How the key that a flag stands for takes its value apart (UNITS.md 2.2), so that it gets the same words. */
typedef enum PodmanStyle {
        STYLE_STRING,  /* class S, T and B: one pair of '"' around it would be removed */
        STYLE_ITEM,    /* class L: verbatim */
        STYLE_WORD,    /* class V: split at blanks, '\' is literal */
        STYLE_ESCAPED, /* class A, K and X: split at blanks, with escapes */
} PodmanStyle;

/* Of the line that is being read. */
typedef struct PodmanLine {
        UnitFile *file;           /* borrowed; gets what is made */
        const UnitAssignment *at; /* borrowed; the PodmanArgs= itself */
        DiagnosticList *diagnostics;
        WordList *made;     /* borrowed; owns the values */
        UnitAssignment *to; /* owned; the file's new assignments */
        size_t n_to, n_allocated;
} PodmanLine;

typedef struct PodmanFlag PodmanFlag;

struct PodmanFlag {
        const char *name; /* with its dashes, as it is shown */
        char letter;      /* 'v' for -v; '\0': none */
        const char *key;  /* for apply; NULL: none */
        PodmanStyle style;
        bool boolean;      /* takes no word; its value is "true" or "false" */
        bool may_be_empty; /* else that is an error: it would take back what other lines say */
        /* Says what @value means with podman_assign() and podman_complain(). Return: 0 or -ENOMEM. NULL: it is
         * the key's value. */
        int (*apply)(PodmanLine *line, const PodmanFlag *flag, const char *value);
};

typedef struct PodmanCommand {
        const char *section;     /* whose PodmanArgs= it is about */
        const char *words;       /* "podman run", for messages */
        const PodmanFlag *flags; /* ends with a NULL name */
} PodmanCommand;

/** podman_command_find() - NULL: PodmanArgs= of that section is not translated */
const PodmanCommand *podman_command_find(const char *section);

/** podman_assign() - KEY=VALUE in @section (NULL: that of the line). Return: 0 or -ENOMEM. */
int podman_assign(PodmanLine *line,
                const PodmanFlag *flag,
                const char *section,
                const char *key,
                PodmanStyle style,
                const char *value);

/** podman_complain() - "FLAG: 'VALUE' WHAT", an error. Return: 0 or -ENOMEM. */
int podman_complain(PodmanLine *line, const PodmanFlag *flag, const char *value, const char *what);
