/* SPDX-License-Identifier: MIT */
#pragma once

/* The command line of supd-image: verbs, and which options each of them takes. */

#include "image/operation.h"

#define IMAGE_EXIT_USAGE 2

typedef struct Verb {
        const char *name;
        int (*run)(Operation *o, Error *error);
        uint64_t options; /* UINT64_C(1) << OptionId */
        unsigned arguments_min, arguments_max;
        bool writes;          /* the store is made if need be */
        bool unpacks;         /* starts processes */
        unsigned storage;     /* STORAGE_… */
        bool names_container; /* its argument is a container's id */
        bool reads;           /* its argument is a SOURCE */
} Verb;

/**
 * options_parse() - Return: 0 and a verb; 1 if the answer was the help or version text; -EINVAL with a
 * message, for the exit status IMAGE_EXIT_USAGE.
 */
int options_parse(int argc, char **argv, Options *ret, const Verb **ret_verb, Error *error);
void options_done(Options *o);
