/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

/* ---- command lines ------------------------------------------------------------------------------- */

/* The end of the word at @s: quotes hold blanks, a backslash whatever follows it. */
static const char *find_word_end(const char *s) {
        char quote = '\0';

        for (; *s; s++) {
                if (*s == '\\' && s[1])
                        s++;
                else if (quote)
                        quote = *s == quote ? '\0' : quote;
                else if (*s == '"' || *s == '\'')
                        quote = *s;
                else if (strchr(WORDS_BLANKS, *s))
                        break;
        }
        return s;
}

static bool word_is(const char *s, const char *end, const char *word) {
        return (size_t) (end - s) == strlen(word) && strncmp(s, word, strlen(word)) == 0;
}

/* Return: 1; 0 after a complaint; -ENOMEM. */
static int
add_word(KeyInput *in, const UnitAssignment *a, const char *s, const char *end, WordList *list) {
        _cleanup_(word_list_done) WordList plain = {};
        const char *problem = NULL;
        int r;

        if (word_is(s, end, "\\;"))
                r = word_list_add_copy(&plain, ";");
        else {
                _cleanup_free_ char *word = strndup(s, (size_t) (end - s));
                if (!word)
                        return -ENOMEM;
                r = words_split(word, WORDS_COMMAND, &plain, &problem);
        }
        if (r == -EINVAL)
                return input_bad_value(in, a, a->value, problem);
        for (size_t i = 0; r >= 0 && i < plain.n_words; i++) {
                _cleanup_free_ char *expanded = NULL;

                r = input_expand(in, a, plain.words[i], &expanded);
                if (r <= 0)
                        return r;
                r = word_list_add(list, &expanded);
        }
        return r < 0 ? r : 1;
}

/* What stands before a path. Return: where the path begins. */
static const char *read_prefixes(const char *word, ExecCommand *c, bool *ret_has_argv0) {
        for (; *word && strchr("-@:+!", *word); word++) {
                c->ignore_failure = c->ignore_failure || *word == '-';
                c->literal = c->literal || *word == ':';
                c->privileged = c->privileged || *word == '+' || *word == '!';
                *ret_has_argv0 = *ret_has_argv0 || *word == '@';
        }
        return word;
}

static int
add_command(KeyInput *in, const UnitAssignment *a, const WordList *words, ExecCommandList *list) {
        _cleanup_(exec_command_done) ExecCommand c = {};
        bool has_argv0 = false;

        const char *path = read_prefixes(words->words[0], &c, &has_argv0);
        if (*path == '\0' || (*path != '/' && strchr(path, '/')))
                return input_bad_value(in,
                                a,
                                words->words[0],
                                "is neither an absolute path nor the name of a program");
        if (has_argv0 && words->n_words < 2)
                return input_bad_value(in, a, words->words[0], "needs a word for argv[0] after it");

        c.path = strdup(path);
        int r = c.path ? 0 : -ENOMEM;
        if (r >= 0 && !has_argv0)
                r = strv_append(&c.argv, path);
        for (size_t i = 1; r >= 0 && i < words->n_words; i++)
                r = strv_append(&c.argv, words->words[i]);
        return r < 0 ? r : exec_command_list_add(list, &c);
}

static int parse_line(KeyInput *in, const UnitAssignment *a, ExecCommandList *list) {
        _cleanup_(word_list_done) WordList words = {};
        const char *s = a->value;
        int r;

        for (;;) {
                s += strspn(s, WORDS_BLANKS);
                const char *end = find_word_end(s);
                bool ends = *s == '\0' || word_is(s, end, ";");

                if (ends && words.n_words > 0) {
                        r = add_command(in, a, &words, list);
                        word_list_done(&words);
                        words = (WordList) {};
                        if (r < 0)
                                return r;
                }
                if (*s == '\0')
                        return 0;
                if (!ends) {
                        r = add_word(in, a, s, end, &words);
                        if (r <= 0)
                                return r; /* the whole line is bad */
                }
                s = end;
        }
}

int parse_exec(KeyInput *in, void *target) {
        ExecCommandList *list = target;

        KEY_INPUT_FOREACH(a, in) {
                int r = parse_line(in, a, list);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- what they run as ------------------------------------------------------------------------------ */

int parse_working_directory(KeyInput *in, void *target) {
        HostExecSpec *spec = target;
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        bool optional = *s == '-';
        const char *path = s + optional;
        if (*path != '/' && !str_equal(path, "~"))
                return input_bad_value(in, a, s, "is neither an absolute path nor '~'");
        r = str_replace(&spec->working_directory, path);
        spec->working_directory_optional = optional;
        return r;
}

int parse_umask(KeyInput *in, void *target) {
        unsigned *mask = target;
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;
        char *end;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        unsigned long n = strtoul(s, &end, 8);
        if (*s < '0' || *s > '7' || *end || n > 0777)
                return input_bad_value(in, a, s, "is no file mode mask");
        *mask = (unsigned) n;
        return 0;
}

int parse_nice(KeyInput *in, void *target) {
        HostExecSpec *spec = target;
        const UnitAssignment *a = input_last(in);
        _cleanup_free_ char *s = NULL;
        int64_t n;

        int r = input_string(in, a, &s);
        if (r <= 0)
                return r;
        if (parse_i64(s, &n) < 0 || n < -20 || n > 19)
                return input_bad_value(in, a, s, "is no niceness from -20 to 19");
        spec->nice = (int) n;
        spec->nice_set = true;
        return 0;
}

/* For a Quadlet file with the warning that Quadlet has. */
int parse_host_user(KeyInput *in, void *target) {
        int r = parse_string(in, target);

        if (r < 0 || !unit_type_is_quadlet(in->load->type))
                return r;
        return input_complain(in,
                        input_last(in),
                        DIAGNOSTIC_WARNING,
                        "host-commands",
                        "is for commands on the host alone; User= and Group= of the type's own "
                        "section are for what runs inside");
}

int parse_strings(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};
        char ***vector = target;

        int r = input_collect(in, WORDS_COMMAND, &list);
        if (r < 0)
                return r;
        *vector = strv_free(*vector);
        *vector = word_list_take(&list);
        return 0;
}
