/* SPDX-License-Identifier: MIT */
#include "ctl/options.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "ctl/time-words.h"
#include "supd/paths.h"
#include "unitfile/dependency.h"
#include "unitfile/value.h"

#define ITERATIONS_MAX 1000000U /* a day has fewer seconds; each is a line or two of output */

/* What parsing needs beside the value. */
typedef struct OptionContext {
        Options *options;
        uint64_t now_usec;
        uint64_t flags;   /* of the verb */
        const char *name; /* as it was written, for messages */
        size_t offset;    /* of what the option sets, where the table says so */
} OptionContext;

typedef int (*OptionHandler)(const OptionContext *c, const char *value, Error *error);

static int bad_value(
                const OptionContext *c, const char *value, Error *error, const char *expected) {
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "%s: '%s' is not %s",
                        c->name,
                        value,
                        expected);
}

/* Comma-separated and repeatable. */
static int add_words(char ***list, const char *value) {
        while (*value) {
                size_t n = strcspn(value, ",");
                _cleanup_free_ char *word = strndup(value, n);

                if (!word)
                        return -ENOMEM;
                int r = n > 0 ? strv_push(list, &word) : 0;
                if (r < 0)
                        return r;
                value += n + (value[n] == ',');
        }
        return 0;
}

static int take_state(const OptionContext *c, const char *value, Error *error) {
        (void) error;
        return add_words(&c->options->states, value);
}

static int take_failed(const OptionContext *c, const char *value, Error *error) {
        (void) value;
        (void) error;
        return strv_append(&c->options->states, "failed");
}

static int take_property(const OptionContext *c, const char *value, Error *error) {
        (void) error;
        return add_words(&c->options->properties, value);
}

static int take_lines(const OptionContext *c, const char *value, Error *error) {
        uint64_t n = LOG_LINES_ALL;

        if (!str_equal(value, "all") && (parse_u64(value, &n) < 0 || n >= LOG_LINES_ALL))
                return bad_value(c, value, error, "a number of lines or 'all'");
        c->options->lines = (unsigned) n;
        c->options->lines_set = true;
        return 0;
}

static int take_signal(const OptionContext *c, const char *value, Error *error) {
        if (value_parse_signal(value, &c->options->signal) < 0)
                return bad_value(c, value, error, "a signal, such as TERM, SIGHUP or 9");
        return 0;
}

static int take_kill_whom(const OptionContext *c, const char *value, Error *error) {
        static const char *const whom[] = { "main", "all" };

        for (size_t i = 0; i < ELEMENTSOF(whom); i++) {
                if (str_equal(whom[i], value)) {
                        c->options->kill_whom = whom[i];
                        return 0;
                }
        }
        return bad_value(c, value, error, "'main' or 'all'");
}

static int take_job_mode(const OptionContext *c, const char *value, Error *error) {
        JobMode mode = job_mode_from_string(value);

        if (mode < 0)
                return bad_value(c,
                                value,
                                error,
                                "a job mode: replace, fail, isolate, flush, replace-irreversibly, "
                                "ignore-dependencies or ignore-requirements");
        c->options->job_mode = job_mode_to_string(mode);
        return 0;
}

static int take_time(const OptionContext *c, const char *value, uint64_t *ret_usec, Error *error) {
        if (time_parse(value, c->now_usec, ret_usec) < 0)
                return bad_value(c,
                                value,
                                error,
                                "a time, such as '2026-11-22 02:18', '10 min ago', '-1h' or "
                                "'today'");
        return 0;
}

static int take_since(const OptionContext *c, const char *value, Error *error) {
        return take_time(c, value, &c->options->since_usec, error);
}

static int take_until(const OptionContext *c, const char *value, Error *error) {
        return take_time(c, value, &c->options->until_usec, error);
}

static int take_base_time(const OptionContext *c, const char *value, Error *error) {
        return take_time(c, value, &c->options->base_usec, error);
}

static int take_iterations(const OptionContext *c, const char *value, Error *error) {
        uint64_t n;

        if (parse_u64(value, &n) < 0 || n > ITERATIONS_MAX)
                return bad_value(c, value, error, "a number of times, up to 1000000");
        c->options->iterations = (unsigned) n;
        return 0;
}

static int take_output(const OptionContext *c, const char *value, Error *error) {
        c->options->output = log_format_from_string(value);
        return c->options->output < 0 ? bad_value(c, value, error, "'short', 'cat' or 'json'") : 0;
}

static int take_colour(const OptionContext *c, const char *value, Error *error) {
        c->options->colour = colour_mode_from_string(value);
        return c->options->colour < 0 ? bad_value(c, value, error, "'auto', 'always' or 'never'")
                                      : 0;
}

static void *place_of(const OptionContext *c) {
        return (char *) c->options + c->offset;
}

static int take_text(const OptionContext *c, const char *value, Error *error) {
        (void) error;
        *(const char **) place_of(c) = value;
        return 0;
}

static int take_texts(const OptionContext *c, const char *value, Error *error) {
        (void) error;
        return strv_append(place_of(c), value);
}

static int take_filter(const OptionContext *c, const char *value, Error *error) {
        if (!strchr(value, '='))
                return bad_value(c, value, error, "KEY=VALUE, such as 'dangling=true'");
        return take_texts(c, value, error);
}

static int take_runtime_dir(const OptionContext *c, const char *value, Error *error) {
        if (*value != '/')
                return bad_value(c, value, error, "an absolute path");
        c->options->runtime_dir = value;
        return 0;
}

static int take_word(const OptionContext *c,
                const char *value,
                const char *const words[],
                const char *wanted,
                Error *error) {
        for (; *words; words++)
                if (str_equal(*words, value))
                        return take_text(c, value, error);
        return bad_value(c, value, error, wanted);
}

static int take_policy(const OptionContext *c, const char *value, Error *error) {
        static const char *const words[] = { "always", "missing", "newer", "never", NULL };

        return take_word(c, value, words, "always, missing, newer or never", error);
}

static int take_type(const OptionContext *c, const char *value, Error *error) {
        (void) error;
        return add_words(&c->options->files.types, value);
}

static int take_preset_mode(const OptionContext *c, const char *value, Error *error) {
        static const char *const words[] = { "full", "enable-only", "disable-only", NULL };

        return take_word(c, value, words, "full, enable-only or disable-only", error);
}

static int take_tls_verify(const OptionContext *c, const char *value, Error *error) {
        static const char *const words[] = { "yes", "no", "true", "false", NULL };

        return take_word(c, value, words, "yes or no", error);
}

static int take_format(const OptionContext *c, const char *value, Error *error) {
        static const char *const words[] = { "docker-archive", "oci-archive", NULL };

        return take_word(c, value, words, "docker-archive or oci-archive", error);
}

/* A switch sets the bool at the offset. What stands above takes precedence. */
typedef struct OptionSpec {
        const char *name;
        char letter;          /* 0: none */
        const char *argument; /* as the help calls it; NULL: takes none */
        uint64_t flag;
        OptionHandler handler; /* NULL: a switch */
        size_t offset;
        const char *help; /* NULL: another name for the one above */
} OptionSpec;

#define SWITCH(member) NULL, offsetof(Options, member)
#define TEXT(member) take_text, offsetof(Options, member)
#define TEXTS(take, member) take, offsetof(Options, member)

/* clang-format off */
static const OptionSpec option_specs[] = {
        { "all",         'a', NULL,     OPTION_ALL,       SWITCH(all),         "List inactive units, too" },
        { "state",       0,   "STATE",  OPTION_STATE,     take_state, 0,       "List units with this load, active or sub state only" },
        { "failed",      0,   NULL,     OPTION_STATE,     take_failed, 0,      "As --state=failed" },
        { "json",        0,   NULL,     OPTION_JSON,      SWITCH(json),        "Print JSON" },
        { "show-types",  0,   NULL,     OPTION_SHOW_TYPES, SWITCH(show_types), "Show what kind of sockets they are" },
        { "no-block",    0,   NULL,     OPTION_NO_BLOCK,  SWITCH(no_block),    "Do not wait until it is done" },
        { "job-mode",    0,   "MODE",   OPTION_JOB_MODE,  take_job_mode, 0,    "What to do about jobs that are there: replace (default), fail, isolate, …" },
        { "reverse",     'r', NULL,     OPTION_REVERSE,   SWITCH(reverse),     "Show who depends on it" },
        { "order",       0,   NULL,     OPTION_GRAPH,     SWITCH(order),       "Only what is started after what" },
        { "require",     0,   NULL,     OPTION_GRAPH,     SWITCH(require),     "Only what needs what" },
        { "all",         'a', NULL,     OPTION_DEEP,      SWITCH(all),         "Go on below units that are no targets" },
        { "lines",       'n', "N",      OPTION_LINES,     take_lines, 0,       "Show the last N log lines, or 'all'" },
        { "signal",      's', "SIGNAL", OPTION_SIGNAL,    take_signal, 0,      "Signal to send, TERM unless given" },
        { "kill-whom",   0,   "WHOM",   OPTION_KILL_WHOM, take_kill_whom, 0,   "Whom to send it to: main, or all (default)" },
        { "kill-who",    0,   "WHOM",   OPTION_KILL_WHOM, take_kill_whom, 0,   NULL },
        { "follow",      'f', NULL,     OPTION_FOLLOW,    SWITCH(follow),      "Go on with new lines until interrupted" },
        { "since",       'S', "TIME",   OPTION_SINCE,     take_since, 0,       "Lines from this time on" },
        { "until",       'U', "TIME",   OPTION_UNTIL,     take_until, 0,       "Lines up to this time" },
        { "iterations",  0,   "N",      OPTION_ELAPSES,   take_iterations, 0,  "Show the next N times; 1 unless given" },
        { "base-time",   0,   "TIME",   OPTION_ELAPSES,   take_base_time, 0,   "Count from this time on, not from now" },
        { "output",      'o', "FORMAT", OPTION_OUTPUT,    take_output, 0,      "short, cat (text alone) or json" },
        { "property",    'p', "NAME",   OPTION_PROPERTY,  take_property, 0,    "Show this property only" },
        { "value",       0,   NULL,     OPTION_VALUE,     SWITCH(value),       "Show values without names" },
        { "strict",      0,   NULL,     OPTION_STRICT,    SWITCH(strict),      "Treat warnings as errors" },
        { "all",         'a', NULL,     OPTION_UNNAMED,   SWITCH(all),         "List images without a name, too" },
        { "all",         'a', NULL,     OPTION_UNUSED,    SWITCH(all),         "Also images with a name, if no container is made of them" },
        { "digests",     0,   NULL,     OPTION_DIGESTS,   SWITCH(image.digests), "Show digests of manifests" },
        { "no-trunc",    0,   NULL,     OPTION_NO_TRUNC,  SWITCH(image.no_trunc), "Shorten nothing" },
        { "force",       'f', NULL,     OPTION_FORCE,     SWITCH(image.force), "Do not ask, do not mind" },
        { "filter",      'f', "K=V",    OPTION_FILTER,    TEXTS(take_filter, image.filters), "Those that this is true of: dangling=, reference=, before=, since=" },
        { "filter",      0,   "K=V",    OPTION_PRUNE_FILTER, TEXTS(take_filter, image.filters), "Those that this is true of: until=, label=, label!=" },
        { "dry-run",     0,   NULL,     OPTION_DRY_RUN,   SWITCH(image.dry_run), "Only show what would go" },
        { "repair",      0,   NULL,     OPTION_REPAIR,    SWITCH(image.repair), "Put right what can be, remove what cannot" },
        { "verbose",     'v', NULL,     OPTION_VERBOSE,   SWITCH(image.verbose), "Show each image" },
        { "platform",    0,   "OS/ARCH", OPTION_PLATFORM, TEXT(image.platform), "Image for OS/ARCH[/VARIANT] instead of this machine" },
        { "os",          0,   "OS",     OPTION_PLATFORM,  TEXT(image.os),      "The same, one by one; also --arch=, --variant=" },
        { "arch",        0,   "ARCH",   OPTION_PLATFORM,  TEXT(image.architecture), NULL },
        { "variant",     0,   "VARIANT", OPTION_PLATFORM, TEXT(image.variant), NULL },
        { "policy",      0,   "WHEN",   OPTION_POLICY,    TEXTS(take_policy, image.policy),  "When to ask the registry: always (default), missing, newer, never" },
        { "creds",       0,   "USER",   OPTION_REGISTRY,  TEXT(image.creds),   "USER[:PASSWORD] at the registry; asks for what is missing" },
        { "auth-file",   0,   "FILE",   OPTION_REGISTRY,  TEXT(image.auth_file), "Credentials, as 'docker login' writes them" },
        { "cert-dir",    0,   "DIR",    OPTION_REGISTRY,  TEXT(image.cert_dir), "Certificates of the registry (*.crt) and of ours (*.cert, *.key)" },
        { "tls-verify",  0,   "yes|no",   OPTION_REGISTRY,  TEXTS(take_tls_verify, image.tls_verify), "Whether to check the registry's certificate" },
        { "retry",       0,   "N",      OPTION_REGISTRY,  TEXT(image.retry),   "Times to try again" },
        { "retry-delay", 0,   "TIME",   OPTION_REGISTRY,  TEXT(image.retry_delay), "Time between" },
        { "input",       'i', "FILE",   OPTION_INPUT,     TEXT(image.input),   "Read this file, not standard input" },
        { "output",      'o', "FILE",   OPTION_OUTPUT_FILE, TEXT(image.output), "Write this file, not standard output" },
        { "format",      0,   "FORMAT", OPTION_FORMAT,    TEXTS(take_format, image.format),  "docker-archive (default) or oci-archive" },
        { "change",      'c', "LINE",   OPTION_CHANGE,    TEXTS(take_texts, image.changes), "A line of a Dockerfile to apply, such as 'CMD /bin/sh'" },
        { "message",     'm', "TEXT",   OPTION_MESSAGE,   TEXT(image.message), "Comment in the history" },
        { "replace",     0,   NULL,     OPTION_SECRET_CREATE, SWITCH(secret.replace), "Replace a secret of that name" },
        { "env",         0,   NULL,     OPTION_SECRET_CREATE, SWITCH(secret.env), "Read an environment variable, not a file" },
        { "label",       'l', "K=V",    OPTION_SECRET_CREATE, TEXTS(take_filter, secret.labels), "Note this about it" },
        { "showsecret",  0,   NULL,     OPTION_SECRET_SHOW, SWITCH(secret.show), "Show what is in it" },
        { "all",         'a', NULL,     OPTION_SECRET_ALL, SWITCH(secret.all), "All of them" },
        { "type",        't', "TYPE",   OPTION_TYPE,      take_type, 0,        "Files of this type only: container, target, …" },
        { "state",       0,   "STATE",  OPTION_FILE_STATE, take_state, 0,      "Files in this state only: enabled, generated, masked, …" },
        { "now",         0,   NULL,     OPTION_NOW,       SWITCH(files.now),   "Start or stop the units, too" },
        { "runtime",     0,   NULL,     OPTION_RUNTIME,   SWITCH(files.runtime), "Until the next boot only" },
        { "force",       'f', NULL,     OPTION_REPLACE,   SWITCH(files.replace), "Replace links that lead elsewhere" },
        { "preset-mode", 0,   "MODE",   OPTION_PRESET_MODE, TEXTS(take_preset_mode, files.preset_mode), "full (default), enable-only or disable-only" },
        { "no-reload",   0,   NULL,     OPTION_NO_RELOAD, SWITCH(files.no_reload), "Do not have supd read its files again" },
        { "full",        'l', NULL,     OPTION_LINKS,     SWITCH(full),        "Show the links, too" },
        { "full",        'l', NULL,     OPTION_EDIT,      SWITCH(full),        "Edit the whole file, or a copy of it, not a drop-in" },
        { "force",       'f', NULL,     OPTION_EDIT,      SWITCH(files.replace), "A unit that does not exist yet, by its whole file" },
        { "drop-in",     0,   "NAME",   OPTION_EDIT,      TEXT(files.drop_in), "Name of the drop-in; override.conf unless given" },
        { "stdin",       0,   NULL,     OPTION_EDIT,      SWITCH(files.from_stdin), "Take the text from standard input" },
        { "runtime-dir", 0,   "DIR",    OPTION_GLOBAL,    take_runtime_dir, 0, "Runtime directory of supd" },
        { "quiet",       'q', NULL,     OPTION_GLOBAL,    SWITCH(quiet),       "Print no more than errors" },
        { "no-legend",   0,   NULL,     OPTION_GLOBAL,    SWITCH(no_legend),   "No header and footer of lists" },
        { "plain",       0,   NULL,     OPTION_GLOBAL,    SWITCH(plain),       "No dots and branches" },
        { "full",        'l', NULL,     OPTION_GLOBAL,    SWITCH(full),        "Never shorten to the terminal's width" },
        { "color",       0,   "WHEN",   OPTION_GLOBAL,    take_colour, 0,      "auto, always or never" },
        { "colour",      0,   "WHEN",   OPTION_GLOBAL,    take_colour, 0,      NULL },
        /* There is no pager; systemctl's habit is let through. */
        { "no-pager",    0,   NULL,     OPTION_GLOBAL,    SWITCH(no_pager), NULL },
        { "help",        'h', NULL,     OPTION_GLOBAL,    SWITCH(help),        "This help; of a verb: supctl VERB --help" },
        { "version",     0,   NULL,     OPTION_GLOBAL,    SWITCH(version),     "Print the version" },
};
/* clang-format on */

void options_done(Options *o) {
        strv_free(o->states);
        strv_free(o->properties);
        strv_free(o->image.changes);
        strv_free(o->image.filters);
        strv_free(o->secret.labels);
        strv_free(o->files.types);
        *o = (Options) {};
}

static bool spec_has_name(const OptionSpec *spec, const char *name, size_t length) {
        return length > 0 ? strlen(spec->name) == length && strncmp(spec->name, name, length) == 0
                          : spec->letter == *name;
}

/* By name, or by letter where the length is 0. What it means to the verb, else to any. */
static const OptionSpec *find_spec(const char *name, size_t length, uint64_t flags) {
        const OptionSpec *other = NULL;

        for (size_t i = 0; i < ELEMENTSOF(option_specs); i++) {
                const OptionSpec *spec = &option_specs[i];

                if (!spec_has_name(spec, name, length))
                        continue;
                if (spec->flag & flags)
                        return spec;
                other = other ?: spec;
        }
        return other;
}

static int unknown_long(const char *name, size_t length, Error *error) {
        const char *candidates[ELEMENTSOF(option_specs) + 1] = {};

        for (size_t i = 0; i < ELEMENTSOF(option_specs); i++)
                candidates[i] = option_specs[i].name;

        _cleanup_free_ char *word = strndup(name, length);
        const char *meant = word ? text_suggest(word, candidates) : NULL;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "unknown option '--%.*s'%s%s%s",
                        (int) length,
                        name,
                        meant ? "; did you mean '--" : ", see 'supctl --help'",
                        meant ?: "",
                        meant ? "'?" : "");
}

static int apply(const OptionSpec *spec, OptionContext c, const char *value, Error *error) {
        c.options->given |= spec->flag;
        c.offset = spec->offset;
        if (!(spec->flag & c.flags)) {
                c.options->foreign = c.options->foreign ?: spec->name;
                return 0;
        }
        if (spec->handler)
                return spec->handler(&c, value, error);
        *(bool *) place_of(&c) = true;
        return 0;
}

static int missing_value(const OptionContext *c, const OptionSpec *spec, Error *error) {
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "%s needs a value, %s",
                        c->name,
                        spec->argument);
}

/* "--name", "--name=value", "--name" "value". Return: how many arguments were used. */
static int parse_long(OptionContext c, const char *argument, const char *next, Error *error) {
        size_t length = strcspn(argument, "=");
        const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
        int used = 1;

        const OptionSpec *spec = length > 0 ? find_spec(argument, length, c.flags) : NULL;
        if (!spec)
                return unknown_long(argument, length, error);

        _cleanup_free_ char *name = str_printf("--%s", spec->name);
        if (!name)
                return -ENOMEM;
        c.name = name;

        if (!spec->argument && value)
                return error_set_plain(error,
                                -EINVAL,
                                ERROR_INVALID_ARGUMENT,
                                "%s takes no value",
                                c.name);
        if (spec->argument && !value) {
                if (!next)
                        return missing_value(&c, spec, error);
                value = next;
                used = 2;
        }

        int r = apply(spec, c, value, error);
        return r < 0 ? r : used;
}

/* "-f", "-fn5", "-n" "5". Return: how many arguments were used. */
static int parse_letters(OptionContext c, const char *letters, const char *next, Error *error) {
        for (; *letters; letters++) {
                char name[] = { '-', *letters, '\0' };

                const OptionSpec *spec = find_spec(letters, 0, c.flags);
                if (!spec)
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "unknown option '%s', see 'supctl --help'",
                                        name);
                c.name = name;
                if (!spec->argument) {
                        int r = apply(spec, c, NULL, error);
                        if (r < 0)
                                return r;
                        continue;
                }

                const char *value = letters[1] ? letters + 1 : next;
                if (!value)
                        return missing_value(&c, spec, error);
                int r = apply(spec, c, value, error);
                return r < 0 ? r : letters[1] ? 1 : 2;
        }
        return 1;
}

/* How many arguments an option is, as far as can be told without the verb. */
static int count_used(const char *argument) {
        if (argument[1] == '-') {
                size_t length = strcspn(argument + 2, "=");
                const OptionSpec *spec =
                                length > 0 ? find_spec(argument + 2, length, OPTION_EVERY) : NULL;

                return spec && spec->argument && argument[2 + length] == '\0' ? 2 : 1;
        }
        for (const char *letter = argument + 1; *letter; letter++) {
                const OptionSpec *spec = find_spec(letter, 0, OPTION_EVERY);

                if (spec && spec->argument)
                        return letter[1] ? 1 : 2;
        }
        return 1;
}

int options_find_words(int argc, char *argv[], char ***ret) {
        _cleanup_strv_ char **words = NULL;
        bool only_words = false;
        int used = 1;

        for (int i = 1; i < argc; i += used) {
                bool is_option = !only_words && argv[i][0] == '-' && argv[i][1] != '\0';

                used = is_option ? count_used(argv[i]) : 1;
                if (is_option)
                        only_words = str_equal(argv[i], "--");
                else if (strv_append(&words, argv[i]) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(words);
        return 0;
}

static void set_defaults(Options *o) {
        const char *from_environment = getenv(SUPD_ENV_RUNTIME_DIR);

        *o = (Options) {
                .runtime_dir = str_is_empty(from_environment) ? SUPD_RUNTIME_DIR : from_environment,
                .signal = SIGTERM,
                .kill_whom = "all",
                .job_mode = "replace",
                .since_usec = UINT64_MAX,
                .until_usec = UINT64_MAX,
                .iterations = 1,
                .base_usec = UINT64_MAX,
        };
}

int options_parse(int argc,
                char *argv[],
                uint64_t flags,
                uint64_t now_usec,
                Options *ret,
                char ***ret_words,
                Error *error) {
        OptionContext c = {
                .options = ret,
                .now_usec = now_usec,
                .flags = flags | OPTION_GLOBAL,
        };
        _cleanup_strv_ char **words = NULL;
        bool only_words = false;
        int used = 1;

        set_defaults(ret);
        for (int i = 1; i < argc; i += used) {
                const char *argument = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;

                used = 1;
                if (only_words || argument[0] != '-' || argument[1] == '\0')
                        used = strv_append(&words, argument) < 0 ? -ENOMEM : 1;
                else if (str_equal(argument, "--"))
                        only_words = true;
                else if (argument[1] == '-')
                        used = parse_long(c, argument + 2, next, error);
                else
                        used = parse_letters(c, argument + 1, next, error);
                if (used < 0)
                        return used;
        }
        *ret_words = TAKE_PTR(words);
        return 0;
}

char *options_describe(uint64_t flags) {
        char *text = NULL;
        size_t size = 0;

        FILE *stream = open_memstream(&text, &size);
        if (!stream)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(option_specs); i++) {
                const OptionSpec *spec = &option_specs[i];

                if (!(spec->flag & flags) || !spec->help)
                        continue;
                int column = spec->letter ? fprintf(stream, "  -%c --%s", spec->letter, spec->name)
                                          : fprintf(stream, "     --%s", spec->name);
                if (spec->argument)
                        column += fprintf(stream, "=%s", spec->argument);
                fprintf(stream, "%*s %s\n", MAX(22 - column, 0), "", spec->help);
        }
        if (fclose(stream) != 0) {
                free(text);
                return NULL;
        }
        return text;
}
