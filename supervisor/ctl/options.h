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

/* Flags: what a verb takes, and what was given. Names and letters mean other things to other verbs. */
#define OPTION_FLAG(n) (UINT64_C(1) << (n))
#define OPTION_ALL OPTION_FLAG(0)
#define OPTION_STATE OPTION_FLAG(1)
#define OPTION_JSON OPTION_FLAG(2)
#define OPTION_NO_BLOCK OPTION_FLAG(3)
#define OPTION_LINES OPTION_FLAG(4)
#define OPTION_SIGNAL OPTION_FLAG(5)
#define OPTION_KILL_WHOM OPTION_FLAG(6)
#define OPTION_FOLLOW OPTION_FLAG(7)
#define OPTION_SINCE OPTION_FLAG(8)
#define OPTION_UNTIL OPTION_FLAG(9)
#define OPTION_OUTPUT OPTION_FLAG(10)
#define OPTION_PROPERTY OPTION_FLAG(11)
#define OPTION_VALUE OPTION_FLAG(12)
#define OPTION_STRICT OPTION_FLAG(13)
#define OPTION_GLOBAL OPTION_FLAG(14) /* every verb takes it */
/* Of images: */
#define OPTION_UNNAMED OPTION_FLAG(15)
#define OPTION_DIGESTS OPTION_FLAG(16)
#define OPTION_NO_TRUNC OPTION_FLAG(17)
#define OPTION_FORCE OPTION_FLAG(18)
#define OPTION_FILTER OPTION_FLAG(19)
#define OPTION_UNUSED OPTION_FLAG(20)
#define OPTION_DRY_RUN OPTION_FLAG(21)
#define OPTION_REPAIR OPTION_FLAG(22)
#define OPTION_VERBOSE OPTION_FLAG(23)
#define OPTION_PLATFORM OPTION_FLAG(24)
#define OPTION_REGISTRY OPTION_FLAG(25) /* credentials, TLS, retries */
#define OPTION_INPUT OPTION_FLAG(26)
#define OPTION_OUTPUT_FILE OPTION_FLAG(27)
#define OPTION_FORMAT OPTION_FLAG(28)
#define OPTION_CHANGE OPTION_FLAG(29)
#define OPTION_MESSAGE OPTION_FLAG(30)
#define OPTION_PRUNE_FILTER OPTION_FLAG(31)
#define OPTION_POLICY OPTION_FLAG(32)
#define OPTION_JOB_MODE OPTION_FLAG(33)
#define OPTION_REVERSE OPTION_FLAG(34)
#define OPTION_DEEP OPTION_FLAG(35)
/* Of secrets: */
#define OPTION_SECRET_CREATE OPTION_FLAG(36)
#define OPTION_SECRET_SHOW OPTION_FLAG(37)
#define OPTION_SECRET_ALL OPTION_FLAG(38)
#define OPTION_GRAPH OPTION_FLAG(39)      /* which edges */
#define OPTION_SHOW_TYPES OPTION_FLAG(45) /* of sockets */
/* Of unit files: */
#define OPTION_RUNTIME OPTION_FLAG(48)
#define OPTION_NOW OPTION_FLAG(49)
#define OPTION_REPLACE OPTION_FLAG(50)
#define OPTION_NO_RELOAD OPTION_FLAG(51)
#define OPTION_TYPE OPTION_FLAG(52)
#define OPTION_PRESET_MODE OPTION_FLAG(53)
#define OPTION_LINKS OPTION_FLAG(54)
#define OPTION_EDIT OPTION_FLAG(55)
#define OPTION_FILE_STATE OPTION_FLAG(56)
/* Of calendar expressions: */
#define OPTION_ELAPSES OPTION_FLAG(57) /* which, how many */
#define OPTION_EVERY UINT64_MAX

/* Of verbs that work on images. Texts are borrowed from the arguments; NULL: not given. */
typedef struct ImageOptions {
        bool digests, no_trunc, force, dry_run, repair, verbose;
        const char *platform; /* OS/ARCH[/VARIANT] */
        const char *os, *architecture, *variant;
        const char *policy;
        const char *creds; /* USER[:PASSWORD] */
        const char *auth_file, *cert_dir, *tls_verify;
        const char *retry, *retry_delay;
        const char *input, *output, *format;
        const char *message;
        char **changes, **filters; /* owned */
} ImageOptions;

/* Of verbs that work on secrets. */
typedef struct SecretOptions {
        bool all, env, replace, show;
        char **labels; /* owned */
} SecretOptions;

/* Of verbs that work on unit files. */
typedef struct FileOptions {
        bool runtime, now, replace, no_reload, from_stdin;
        const char *drop_in;     /* borrowed from the arguments; NULL: not given */
        const char *preset_mode; /* borrowed from the arguments; NULL: not given */
        char **types;            /* owned */
} FileOptions;

typedef struct Options {
        const char *runtime_dir; /* borrowed from the arguments or the environment */
        bool help, version;
        bool json, quiet, no_block, no_legend, plain, full;
        bool no_pager; /* always so: there is none */
        bool all, follow, value, strict, reverse, order, require, show_types;
        ColourMode colour;
        unsigned lines; /* if lines_set; LOG_LINES_ALL is what "all" means */
        bool lines_set;
        int signal;
        const char *kill_whom;           /* static: "main" or "all" */
        const char *job_mode;            /* static */
        uint64_t since_usec, until_usec; /* real time; UINT64_MAX: not given */
        unsigned iterations;
        uint64_t base_usec; /* real time; UINT64_MAX: not given */
        LogFormat output;
        char **states, **properties; /* owned */
        ImageOptions image;
        SecretOptions secret;
        FileOptions files;
        uint64_t given;      /* flags above */
        const char *foreign; /* static; the first one that the verb does not take; NULL: none */
} Options;

void options_done(Options *o);

/**
 * options_find_words() - what is no option, before it is known which verb's options they are
 * @ret: in order; owned by the caller (strv); strings copied
 *
 * Return: 0 or -ENOMEM: what is wrong is told by options_parse().
 */
int options_find_words(int argc, char *argv[], char ***ret);

/**
 * options_parse() - split the arguments into options and words
 * @flags:     the verb's; an option with several meanings has the one among these
 * @now_usec:  real time, for --since
 * @ret_words: what is no option, in order; owned by the caller (strv); strings copied
 *
 * Return: 0; -EINVAL with a text for the person; -ENOMEM. @ret is to be options_done() whatever the
 * outcome.
 */
int options_parse(int argc,
                char *argv[],
                uint64_t flags,
                uint64_t now_usec,
                Options *ret,
                char ***ret_words,
                Error *error);

/** options_describe() - the help lines of all options with a flag in @flags; owned, or NULL */
char *options_describe(uint64_t flags);
