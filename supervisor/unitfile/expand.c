/* SPDX-License-Identifier: MIT */
#include "unitfile/expand.h"

#include <ctype.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-spec.h"
#include "unitfile/words.h"

/* Names compare as if they ended at '='. */
static int name_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
        int r = memcmp(a, b, MIN(a_size, b_size));

        return r != 0 ? r : (a_size > b_size) - (a_size < b_size);
}

static int assignment_compare(const void *a, const void *b) {
        const char *x = *(const char *const *) a, *y = *(const char *const *) b;

        return name_compare(x, strcspn(x, "="), y, strcspn(y, "="));
}

/* A merge sort keeps equal names in order, so that the last of them can win. */
static void sort_stable(const char **items, const char **scratch, size_t n) {
        if (n < 2)
                return;

        size_t half = n / 2, i = 0, j = half;
        sort_stable(items, scratch, half);
        sort_stable(items + half, scratch, n - half);
        memcpy(scratch, items, n * sizeof(char *));
        for (size_t k = 0; k < n; k++) {
                bool left = j >= n ||
                            (i < half && assignment_compare(&scratch[i], &scratch[j]) <= 0);
                items[k] = left ? scratch[i++] : scratch[j++];
        }
}

int environment_init(Environment *e, char *const *assignments) {
        size_t n = strv_length(assignments);

        *e = (Environment) {};
        if (n == 0)
                return 0;

        _cleanup_free_ const char **sorted = calloc(n, sizeof(char *));
        _cleanup_free_ const char **scratch = calloc(n, sizeof(char *));
        if (!sorted || !scratch)
                return -ENOMEM;

        size_t n_sorted = 0;
        memcpy(sorted, assignments, n * sizeof(char *));
        sort_stable(sorted, scratch, n);
        for (size_t i = 0; i < n; i++) {
                if (i + 1 < n && assignment_compare(&sorted[i], &sorted[i + 1]) == 0)
                        continue;
                if (strchr(sorted[i], '='))
                        sorted[n_sorted++] = sorted[i];
        }
        e->sorted = TAKE_PTR(sorted);
        e->n_sorted = n_sorted;
        return 0;
}

const char *environment_get(const Environment *e, const char *name, size_t name_size) {
        size_t low = 0, high = e->n_sorted;

        while (low < high) {
                size_t middle = low + (high - low) / 2, size = strcspn(e->sorted[middle], "=");
                int r = name_compare(e->sorted[middle], size, name, name_size);
                if (r == 0)
                        return e->sorted[middle] + size + 1;
                if (r < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

void environment_done(Environment *e) {
        free(e->sorted);
        *e = (Environment) {};
}

/* Bytes of the variable name at @s, 0 if there is none. */
static size_t name_size(const char *s) {
        size_t n = 0;

        if (isdigit((unsigned char) *s))
                return 0;
        while (isalnum((unsigned char) s[n]) || s[n] == '_')
                n++;
        return n;
}

/* $NAME alone, nothing before or after. */
static bool is_bare_reference(const char *s) {
        size_t n = *s == '$' ? name_size(s + 1) : 0;

        return n > 0 && s[1 + n] == '\0';
}

static bool is_braced_reference(const char *s) {
        size_t n = s[0] == '$' && s[1] == '{' ? name_size(s + 2) : 0;

        return n > 0 && s[2 + n] == '}';
}

static bool ends_word(char c) {
        return c == '\0' || strchr(WORDS_BLANKS "'\"", c);
}

bool value_has_reference(const char *value) {
        for (const char *s = strchr(value, '$'); s; s = strchr(s + 1, '$')) {
                size_t n = name_size(s + 1);
                bool whole_word = n > 0 && ends_word(s[1 + n]) && (s == value || ends_word(s[-1]));

                if (s[1] == '$' || whole_word || is_braced_reference(s))
                        return true;
        }
        return false;
}

static int add_reference(const char **p, const Environment *e, TextBuilder *b) {
        const char *s = *p;

        if (is_braced_reference(s)) {
                size_t n = name_size(s + 2);
                const char *value = environment_get(e, s + 2, n) ?: "";
                *p = s + n + 3;
                return text_builder_add(b, value, strlen(value));
        }
        /* "$$" is a dollar sign; one before anything else stands for itself. */
        *p = s + (s[1] == '$' ? 2 : 1);
        return text_builder_add_char(b, '$');
}

int expand_string(const char *s, const Environment *e, size_t size_max, char **ret) {
        _cleanup_(text_builder_done) TextBuilder b = {};
        int r;

        if (is_bare_reference(s)) {
                const char *value = environment_get(e, s + 1, strlen(s + 1)) ?: "";
                if (strlen(value) > size_max)
                        return -E2BIG;
                *ret = strdup(value);
                return *ret ? 0 : -ENOMEM;
        }
        for (;;) {
                size_t plain = strcspn(s, "$");

                r = text_builder_add(&b, s, plain);
                if (r < 0)
                        return r;
                s += plain;
                if (b.size > size_max)
                        return -E2BIG;
                if (*s == '\0')
                        break;
                r = add_reference(&s, e, &b);
                if (r < 0)
                        return r;
        }

        *ret = text_builder_take(&b);
        return *ret ? 0 : -ENOMEM;
}

int expand_word(const char *word, const Environment *e, size_t size_max, WordList *list) {
        if (is_bare_reference(word)) {
                const char *value = environment_get(e, word + 1, strlen(word + 1)), *problem;
                return value ? words_split(value, WORDS_RELAXED, list, &problem) : 0;
        }

        _cleanup_free_ char *expanded = NULL;
        int r = expand_string(word, e, size_max, &expanded);
        return r < 0 ? r : word_list_add(list, &expanded);
}

static int
expand_one(const char *word, const Environment *e, bool split, size_t size_max, WordList *list) {
        _cleanup_free_ char *expanded = NULL;

        if (split)
                return expand_word(word, e, size_max, list);
        int r = expand_string(word, e, size_max, &expanded);
        return r < 0 ? r : word_list_add(list, &expanded);
}

int unit_expand_words(char *const *words, char *const *environment, bool split, char ***ret) {
        _cleanup_(environment_done) Environment e = {};
        _cleanup_(word_list_done) WordList list = {};
        size_t left = EXPANSION_SIZE_MAX, n_counted = 0;

        int r = environment_init(&e, environment);
        STRV_FOREACH (word, words) {
                if (r >= 0)
                        r = expand_one(*word, &e, split, left, &list);
                if (r < 0)
                        return r;
                for (; n_counted < list.n_words; n_counted++) {
                        size_t size = strlen(list.words[n_counted]) + 1;
                        if (size > left)
                                return -E2BIG;
                        left -= size;
                }
        }
        if (r < 0)
                return r;
        *ret = word_list_take(&list);
        return 0;
}

int unit_expand_string(const char *value, char *const *environment, char **ret) {
        _cleanup_(environment_done) Environment e = {};

        int r = environment_init(&e, environment);
        return r < 0 ? r : expand_string(value, &e, EXPANSION_SIZE_MAX, ret);
}
