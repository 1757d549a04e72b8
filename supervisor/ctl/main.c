/* SPDX-License-Identifier: MIT */
/*
 * supctl: arguments in, exit code out.
 */

#include <locale.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"

#define DEFAULT_VERB "list-units"

static void print_error(const Error *error, int number) {
        _cleanup_free_ char *safe = terminal_text(error_text(error, number));

        fprintf(stderr, "supctl: %s\n", safe ?: "out of memory");
}

static int exit_code_of(const Error *error, int number) {
        if (number >= 0)
                return number;
        if (error->code == ERROR_NO_SUCH_UNIT)
                return SUPCTL_EXIT_NO_SUCH_UNIT;
        return SUPCTL_EXIT_FAILURE;
}

/* What was printed may still be in the buffer, and the disk be full. */
static int finish_output(FILE *out, Error *error) {
        if (fflush(out) == 0 && !ferror(out))
                return 0;
        return error_set(error, errno > 0 ? -errno : -EIO, ERROR_FAILED, "cannot write the output");
}

static int run_verb(const Options *options, const Verb *verb, char *const *words, Error *error) {
        Context c = {
                .options = options,
                .terminal = terminal_detect(options->colour, options->full),
                .out = stdout,
        };

        int r = verb->run(&c, words, error);
        client_free(c.client);
        if (r >= 0) {
                int written = finish_output(stdout, error);
                r = written < 0 ? written : r;
        }
        return r;
}

/* Return: an exit code; negative errno with *ret_usage telling whether the command line was at fault. */
static int run(int argc, char *argv[], bool *ret_usage, Error *error) {
        _cleanup_(options_done) Options options = {};
        _cleanup_strv_ char **words = NULL;
        const Verb *verb = NULL;

        *ret_usage = true;
        int r = options_parse(argc, argv, clock_realtime_usec(), &options, &words, error);
        if (r < 0)
                return r;

        bool named = words != NULL;
        char *const *rest = named ? words + 1 : NULL;
        const char *name = named ? words[0] : DEFAULT_VERB;
        if (options.help) {
                /* "supctl VERB --help" is "supctl help VERB". */
                rest = words;
                name = "help";
        } else if (options.version)
                name = "version";

        r = verb_find(name, &verb, error);
        if (r >= 0 && !options.help && !options.version)
                r = verb_check(verb, rest, options.given, error);
        if (r < 0)
                return r;

        *ret_usage = options.help;
        return run_verb(&options, verb, rest, error);
}

int main(int argc, char *argv[]) {
        _cleanup_(error_done) Error error = {};
        bool usage = false;

        (void) setlocale(LC_CTYPE, ""); /* an unknown locale leaves "C", which will do */

        int r = run(argc, argv, &usage, &error);
        /* Whoever read our output has had enough; SIGPIPE would have said so, where it is not ignored. */
        bool enough = r == -EPIPE && ferror(stdout);
        if (r < 0 && !enough)
                print_error(&error, r);
        return r < 0 && usage ? SUPCTL_EXIT_USAGE : exit_code_of(&error, r);
}
