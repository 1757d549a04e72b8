/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/secret-name.h"
#include "base/text.h"
#include "unitfile/key-parsers.h"
#include "unitfile/unit-load-internal.h"

#define SECRETS_DIR "/run/secrets"
#define MODE_DEFAULT 0444U
#define SECRETS_MAX 256U /* each is an open file of supd while the container is made */

/* One word of Secret=, taken apart. */
typedef struct SecretWord {
        const char *name, *type, *target; /* borrowed from the word; NULL: not given */
        SecretSpec spec;
        bool of_file; /* uid=, gid= or mode= was given */
} SecretWord;

/* Quadlet hands the words to Podman; these are its rules. NULL: fine. */
typedef const char *(*OptionParser)(const char *value, SecretWord *w);

static const char *take_name(const char *value, SecretWord *w) {
        w->name = value;
        return NULL;
}

static const char *take_type(const char *value, SecretWord *w) {
        if (w->type)
                return "gives a type twice";
        w->type = value;
        w->spec.environment = strcmp(value, "env") == 0;
        return w->spec.environment || strcmp(value, "mount") == 0
                               ? NULL
                               : "has a type that is not mount or env";
}

static const char *take_target(const char *value, SecretWord *w) {
        w->target = value;
        return NULL;
}

static bool parse_id(const char *value, uint32_t *ret) {
        uint64_t id;

        if (parse_u64(value, &id) < 0 || id >= UINT32_MAX)
                return false;
        *ret = (uint32_t) id;
        return true;
}

static const char *take_uid(const char *value, SecretWord *w) {
        w->of_file = true;
        return parse_id(value, &w->spec.uid) ? NULL : "has a uid that is no number";
}

static const char *take_gid(const char *value, SecretWord *w) {
        w->of_file = true;
        return parse_id(value, &w->spec.gid) ? NULL : "has a gid that is no number";
}

static const char *take_mode(const char *value, SecretWord *w) {
        size_t n = strlen(value);

        w->of_file = true;
        if (n == 0 || n > 5 || strspn(value, "01234567") != n)
                return "has a mode that is no octal number";
        w->spec.mode = (uint32_t) strtoul(value, NULL, 8);
        return w->spec.mode <= 07777 ? NULL : "has a mode that is no octal number";
}

static const struct {
        const char *name;
        OptionParser parse;
} options[] = {
        { "source", take_name },
        { "type", take_type },
        { "target", take_target },
        { "uid", take_uid },
        { "gid", take_gid },
        { "mode", take_mode },
};

static const char *take_option(char *option, SecretWord *w) {
        char *value = strchr(option, '=');

        if (!value)
                return "has an option that is not NAME=VALUE";
        *value++ = '\0';
        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                if (strcasecmp(options[i].name, option) == 0)
                        return options[i].parse(value, w);
        }
        return "has an option that a secret does not have";
}

static bool is_variable_name(const char *s) {
        return *s && !strchr(s, '=');
}

static const char *check_word(const SecretWord *w) {
        if (!w->name)
                return "names no secret";
        if (!secret_name_is_valid(w->name))
                return "names what can't be a secret";
        if (w->spec.environment && w->of_file)
                return "sets uid, gid or mode, which a variable does not have";
        if (w->spec.environment && w->target && !is_variable_name(w->target))
                return "has a target that can't be a variable";
        if (!w->spec.environment && w->target && !*w->target)
                return "has an empty target";
        return NULL;
}

static const char *parse_word(char *word, SecretWord *w) {
        char *rest = word;
        const char *problem = NULL;

        /* The name stands first, or behind source=. */
        if (!memchr(word, '=', strcspn(word, ",")))
                w->name = strsep(&rest, ",");
        while (!problem && rest)
                problem = take_option(strsep(&rest, ","), w);
        return problem ?: check_word(w);
}

/* Targets of files are absolute, or below /run/secrets. */
static int make_spec(const SecretWord *w, SecretSpec *ret) {
        const char *target = w->target ?: w->name;
        bool whole = w->spec.environment || *target == '/';

        *ret = w->spec;
        ret->name = strdup(w->name);
        ret->target = whole ? strdup(target) : str_printf(SECRETS_DIR "/%s", target);
        return ret->name && ret->target ? 0 : -ENOMEM;
}

static int add_word(KeyInput *in, const UnitAssignment *a, const char *word, SecretSpecs *specs) {
        SecretWord w = { .spec.mode = MODE_DEFAULT };

        _cleanup_free_ char *copy = strdup(word);
        if (!copy)
                return -ENOMEM;
        const char *problem = parse_word(copy, &w);
        if (!problem && specs->n_items >= SECRETS_MAX)
                problem = "is one secret too many";
        if (problem)
                return input_bad_value(in, a, word, problem);

        SecretSpec *grown = realloc(specs->items, (specs->n_items + 1) * sizeof(SecretSpec));
        if (!grown)
                return -ENOMEM;
        specs->items = grown;
        return make_spec(&w, &specs->items[specs->n_items++]);
}

int parse_secrets(KeyInput *in, void *target) {
        SecretSpecs *specs = target;

        secret_specs_done(specs);
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_(word_list_done) WordList list = {};

                int r = input_words(in, a, WORDS_COMMAND, &list);
                for (size_t i = 0; r >= 0 && i < list.n_words; i++)
                        r = add_word(in, a, list.words[i], specs);
                if (r < 0)
                        return r;
        }
        return 0;
}
