/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Options of the command line, wherever they stand among the words. One table holds their names,
 * what they take and what they set; which verb takes which is the verbs' table (ctl/verbs.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "ctl/terminal.h"
#include "log/format.h"

/* Flags: what a verb takes, and what was given. */
enum {
        OPTION_ALL = 1U << 0,
        OPTION_STATE = 1U << 1,
        OPTION_JSON = 1U << 2,
        OPTION_NO_BLOCK = 1U << 3,
        OPTION_LINES = 1U << 4,
        OPTION_SIGNAL = 1U << 5,
        OPTION_KILL_WHOM = 1U << 6,
        OPTION_FOLLOW = 1U << 7,
        OPTION_SINCE = 1U << 8,
        OPTION_UNTIL = 1U << 9,
        OPTION_OUTPUT = 1U << 10,
        OPTION_PROPERTY = 1U << 11,
        OPTION_VALUE = 1U << 12,
        OPTION_STRICT = 1U << 13,
        OPTION_GLOBAL = 1U << 14, /* every verb takes it */
};

typedef struct Options {
        const char *runtime_dir; /* borrowed from the arguments or the environment */
        bool help, version;
        bool json, quiet, no_block, no_legend, plain, full;
        bool no_pager; /* always so: there is none */
        bool all, follow, value, strict;
        ColourMode colour;
        unsigned lines; /* if lines_set; LOG_LINES_ALL is what "all" means */
        bool lines_set;
        int signal;
        const char *kill_whom;           /* static: "main" or "all" */
        uint64_t since_usec, until_usec; /* real time; UINT64_MAX: not given */
        LogFormat output;
        char **states, **properties; /* owned */
        uint32_t given;              /* flags above */
} Options;

void options_done(Options *o);

/**
 * options_parse() - split the arguments into options and words
 * @now_usec:  real time, for --since
 * @ret_words: what is no option, in order; owned by the caller (strv); strings copied
 *
 * Return: 0; -EINVAL with a text for the person; -ENOMEM. @ret is to be options_done() whatever the
 * outcome.
 */
int options_parse(int argc,
                char *argv[],
                uint64_t now_usec,
                Options *ret,
                char ***ret_words,
                Error *error);

/** options_describe() - the help lines of all options with a flag in @flags; owned, or NULL */
char *options_describe(uint32_t flags);

/** option_name_of() - "follow": a name for the lowest flag in @flags; static */
const char *option_name_of(uint32_t flags);
