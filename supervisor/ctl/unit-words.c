/* SPDX-License-Identifier: MIT */
#include "ctl/unit-words.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"

bool unit_word_is_glob(const char *word) {
        return strpbrk(word, "*?[") != NULL;
}

static int add_pattern(char ***patterns, const char *word) {
        static const char container[] = ".container";

        /* Ids are names of services, whatever file they come from. */
        if (str_has_suffix(word, container))
                return strv_append_printf(patterns,
                                "%.*s.service",
                                (int) (strlen(word) - strlen(container)),
                                word);
        if (strchr(word, '.'))
                return strv_append(patterns, word);

        /* "web?" may mean "web1.service" and, as for systemctl, what it says. */
        int r = strv_append_printf(patterns, "%s.service", word);
        return r < 0 || !unit_word_is_glob(word) ? r : strv_append(patterns, word);
}

int unit_patterns(char *const *words, char ***ret) {
        _cleanup_strv_ char **patterns = NULL;

        STRV_FOREACH (word, words) {
                int r = add_pattern(&patterns, *word);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(patterns);
        return 0;
}

static int add_matches(Context *c, const char *glob, char ***names, Error *error) {
        _cleanup_strv_ char **patterns = NULL;
        _cleanup_value_ Value units = {};

        int r = add_pattern(&patterns, glob);
        if (r >= 0)
                r = context_connect(c, error);
        if (r >= 0)
                r = client_list_units(c->client, patterns, &units, error);
        if (r < 0)
                return r;
        if (value_length(&units) == 0)
                return error_set_plain(
                                error, -ENOENT, ERROR_NO_SUCH_UNIT, "no unit matches '%s'", glob);

        for (size_t i = 0; i < value_length(&units); i++) {
                const char *id = units.dict.items[i].name;
                r = strv_contains(*names, id) ? 0 : strv_append(names, id);
                if (r < 0)
                        return r;
        }
        return 0;
}

int unit_words_expand(Context *c, char *const *words, char ***ret, Error *error) {
        _cleanup_strv_ char **names = NULL;

        STRV_FOREACH (word, words) {
                int r = unit_word_is_glob(*word)      ? add_matches(c, *word, &names, error)
                        : strv_contains(names, *word) ? 0
                                                      : strv_append(&names, *word);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(names);
        return 0;
}
