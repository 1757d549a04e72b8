/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Between the loader and the parsers of single keys: what a parser is given, and how it takes values
 * and complains. A problem in a value is a diagnostic and no failure; only -ENOMEM is passed up.
 */

#include "unitfile/effective.h"
#include "unitfile/expand.h"
#include "unitfile/specifier.h"
#include "unitfile/unit-file.h"
#include "unitfile/unit-keys-internal.h"
#include "unitfile/unit-spec.h"
#include "unitfile/unit-type.h"
#include "unitfile/words.h"

typedef struct UnitLoad {
        UnitSpec *unit;           /* borrowed; what is filled */
        const UnitType *type;     /* borrowed; of the file */
        ContainerSpec *container; /* borrowed; the unit's own, or another one to resolve into */
        ImageSpec *image;         /* borrowed; likewise */
        PodSpec *pod;             /* borrowed; likewise */
        const UnitKeys *keys;     /* borrowed */
        const char *unit_dir;     /* borrowed; where the main file is */
        SpecifierContext specifiers;
        const Environment *environment; /* borrowed; NULL: references stay in the values */
        DiagnosticList *diagnostics;    /* borrowed */
        Effective *effective;           /* borrowed; NULL: nobody wants to know */
        size_t expansion_left;          /* bytes that specifiers and references may still produce */
        unsigned suggestions_left;
        bool resolving; /* unit_spec_resolve(): only what refers to the environment is done again */
        bool has_image, has_rootfs, has_network; /* the key is there, good or bad */
        bool has_reload_cmd, has_reload_signal;
        bool users_refer; /* a map of ids holds references that are not known yet */
        bool (*is_known)(const void *userdata, const char *file_name); /* as in UnitLoadRequest */
        const void *is_known_userdata;
        const char *main_path; /* borrowed; the main file as diagnostics show it */
} UnitLoad;

struct KeyInput {
        UnitLoad *load; /* borrowed */
        const UnitKey *key;
        SectionRole role;
        const UnitAssignment *const *assignments; /* borrowed; those that count, in order */
        size_t n_assignments;
        const UnitAssignment *looked_at; /* borrowed; the one that refers is about */
        bool refers;                     /* to the environment */
        bool noted;                      /* the values as they count have been noted down */
};

#define KEY_INPUT_FOREACH(a, in) \
        for (size_t a##_i = 0; a##_i < (in)->n_assignments; a##_i++) \
                for (const UnitAssignment *a = (in)->assignments[a##_i]; a; a = NULL)

/** input_last() - the assignment that counts for keys of one value */
static inline const UnitAssignment *input_last(const KeyInput *in) {
        return in->assignments[in->n_assignments - 1];
}

/** input_complain() - a diagnostic at @a. Return: 0 or -ENOMEM. */
int input_complain(KeyInput *in,
                const UnitAssignment *a,
                DiagnosticSeverity severity,
                const char *code,
                const char *format,
                ...) _printf_(5, 6);

/**
 * input_bad_value() - "'VALUE' WHAT", an error or a warning as the section and the key have it
 *
 * Silent while the assignment refers to the environment that is only known at start: then
 * unit_spec_resolve() decides.
 */
int input_bad_value(KeyInput *in, const UnitAssignment *a, const char *value, const char *what);

/* Each takes @a's value and gives it unquoted, split and expanded as its class has it (UNITS.md 2.2).
 * Return: 1 and the result; 0 after a complaint; -ENOMEM. */
int input_string(KeyInput *in, const UnitAssignment *a, char **ret); /* S */
int input_item(KeyInput *in, const UnitAssignment *a, char **ret);   /* L */
int input_words(KeyInput *in, const UnitAssignment *a, WordsFlags flags, WordList *list);

/** input_expand() - specifiers and references of one word. Return: as above. */
int input_expand(KeyInput *in, const UnitAssignment *a, const char *word, char **ret);

/** input_collect() - the words of all assignments */
int input_collect(KeyInput *in, WordsFlags flags, WordList *list);

/** unit_load_finish() - defaults that depend on several keys, and the cross-checks of UNITS.md 2.6 */
int unit_load_finish(UnitLoad *load);
/** timer_load_finish() - the same of a timer alone */
int timer_load_finish(UnitLoad *load);
/** unit_load_finish_type() - the part of it that is repeated when references are resolved */
int unit_load_finish_type(UnitLoad *load);
/** users_load_finish() - users_spec_settle(), once all that it depends on is known */
int users_load_finish(UnitLoad *load, UsersSpec *users, char **ret_problem, char **ret_notice);
