/* SPDX-License-Identifier: MIT */
#include "ctl/verbs.h"

#include "base/text.h"
#include "supd/exit-status.h"

#define HELP_COLUMN 30 /* where the verbs' explanations start */

static int print_options(Context *c, uint64_t flags) {
        _cleanup_free_ char *text = options_describe(flags);
        if (!text)
                return -ENOMEM;
        fputs(text, c->out);
        return 0;
}

static int help_of_verb(Context *c, const Verb *verb) {
        fprintf(c->out,
                        "supctl [OPTION…] %s%s%s\n\n%s.\n",
                        verb->name,
                        *verb->synopsis ? " " : "",
                        verb->synopsis,
                        verb->help);
        for (const char *const *alias = verb->aliases; alias && *alias; alias++)
                fprintf(c->out, "%s%s", alias == verb->aliases ? "\nAlso called: " : ", ", *alias);
        if (verb->aliases)
                fputc('\n', c->out);

        int r = 0;
        if (verb->options) {
                fputs("\nOptions:\n", c->out);
                r = print_options(c, verb->options);
        }
        if (r >= 0) {
                fputs("\nOptions of every verb:\n", c->out);
                r = print_options(c, OPTION_GLOBAL);
        }
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

/* @family: NULL for all */
static int print_verbs(Context *c, const char *family) {
        const Verb *verb;

        for (size_t i = 0; (verb = verb_at(i)); i++) {
                if (family && !verb_is_of_family(verb, family))
                        continue;
                _cleanup_free_ char *usage = str_printf("%s %s", verb->name, verb->synopsis);
                if (!usage)
                        return -ENOMEM;
                int padding = HELP_COLUMN - (int) text_width(usage);
                fprintf(c->out, "  %s%*s%s\n", usage, MAX(padding, 1), "", verb->help);
        }
        return 0;
}

static int help_of_all(Context *c) {
        fputs("supctl [OPTION…] VERB [WORD…]\n\n"
              "Control containers that supd supervises. UNIT is 'web', 'web.container' or\n"
              "'web.service'; most verbs take quoted shell patterns as well. IMAGE is a name\n"
              "such as 'alpine' or 'quay.io/a/b:1.2', a digest, or the beginning of an id.\n\n",
                        c->out);
        int r = print_verbs(c, NULL);
        if (r < 0)
                return r;
        fputs("\nOptions of every verb:\n", c->out);
        r = print_options(c, OPTION_GLOBAL);
        fputs("\nsupctl VERB --help tells a verb's own options; supctl(1) tells the rest.\n",
                        c->out);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

static int help_of_family(Context *c, const char *family) {
        fprintf(c->out, "supctl [OPTION…] %s VERB [WORD…]\n\n", family);
        int r = print_verbs(c, family);
        return r < 0 ? r : SUPCTL_EXIT_SUCCESS;
}

int verb_help(Context *c, char *const *words, Error *error) {
        const Verb *verb = NULL;

        if (!words || !*words)
                return help_of_all(c);
        for (size_t i = 0; !words[1] && (verb = verb_at(i)); i++) {
                if (verb_is_of_family(verb, words[0]))
                        return help_of_family(c, words[0]);
        }
        int r = verb_find_words(words, &verb, NULL, error);
        return r < 0 ? r : help_of_verb(c, verb);
}
