/* SPDX-License-Identifier: MIT */
/*
 * supctl: arguments in, exit code out.
 */

#include <locale.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
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

/* The verb decides what the options mean. @ret_n: words that are its name; 0: it was not named. */
static int choose_verb(char *const *words, const Verb **ret, size_t *ret_n, Error *error) {
        *ret_n = 0;
        return words ? verb_find_words(words, ret, ret_n, error)
                     : verb_find(DEFAULT_VERB, ret, error);
}

/* An option before the verb was taken for a switch when the verb was looked for, and has a value of it. */
static int check_place(
                const Verb *verb, char *const *likely, char *const *words, size_t n, Error *error) {
        if (n == 0 || (words && str_equal(likely[0], words[0])))
                return 0;
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "options of '%s' stand behind it",
                        verb->name);
}

/* "supctl VERB --help" is "supctl help VERB", whatever else stands there. */
static int run_help(const Options *options, char *const *words, Error *error) {
        const Verb *verb = NULL;

        int r = verb_find("help", &verb, error);
        return r < 0 ? r : run_verb(options, verb, words, error);
}

/* Return: an exit code; negative errno with *ret_usage telling whether the command line was at fault. */
static int run(int argc, char *argv[], bool *ret_usage, Error *error) {
        _cleanup_(options_done) Options options = {};
        _cleanup_strv_ char **likely = NULL, **words = NULL;
        _cleanup_(error_done) Error no_verb = {};
        const Verb *verb = NULL;
        size_t n = 0;

        *ret_usage = true;
        int r = options_find_words(argc, argv, &likely);
        if (r < 0)
                return r;
        int found = choose_verb(likely, &verb, &n, &no_verb);
        r = options_parse(argc,
                        argv,
                        verb ? verb->options : OPTION_EVERY,
                        clock_realtime_usec(),
                        &options,
                        &words,
                        error);
        if (r < 0)
                return r;

        if (options.help)
                return run_help(&options, words, error);
        if (options.version) {
                r = verb_find("version", &verb, error);
                return r < 0 ? r : run_verb(&options, verb, NULL, error);
        }
        if (found < 0) {
                error_move(error, &no_verb);
                return found;
        }
        r = check_place(verb, likely, words, n, error);
        if (r >= 0)
                r = verb_check(verb, words ? words + n : NULL, &options, error);
        if (r < 0)
                return r;

        *ret_usage = false;
        return run_verb(&options, verb, words ? words + n : NULL, error);
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
