/* SPDX-License-Identifier: MIT */
#include "unitfile/key-parsers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "unitfile/unit-load-internal.h"

#define UNITS_EXPANSION_TEXT "expands to more than a unit may hold"

int input_complain(KeyInput *in,
                const UnitAssignment *a,
                DiagnosticSeverity severity,
                const char *code,
                const char *format,
                ...) {
        SourcePlace place = {
                .file = a->file->path,
                .source = a->file->source,
                .line = a->line,
                .section = a->flag ? in->load->type->section : a->section,
                .key = a->flag ? "PodmanArgs" : a->key,
        };
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return -ENOMEM;
        return diagnostic_add(in->load->diagnostics,
                        severity,
                        code,
                        &place,
                        "%s%s%s",
                        a->flag ?: "",
                        a->flag ? ": " : "",
                        text);
}

static bool is_forgiving(const KeyInput *in) {
        bool systemd = in->role == SECTION_SYSTEMD || in->role == SECTION_INSTALL;

        return systemd && !(in->key->flags & KEY_STRICT);
}

/*
 * References are replaced only in the type section, and only once the environment is known. The
 * answer is kept: one long value may be asked about for each of its words.
 */
static bool is_deferred(KeyInput *in, const UnitAssignment *a) {
        if (in->role != SECTION_TYPE || in->load->environment)
                return false;
        if (in->looked_at != a) {
                in->looked_at = a;
                in->refers = value_has_reference(a->value);
        }
        return in->refers;
}

int input_bad_value(KeyInput *in, const UnitAssignment *a, const char *value, const char *what) {
        if (is_deferred(in, a))
                return 0;
        return input_complain(in,
                        a,
                        is_forgiving(in) ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR,
                        "bad-value",
                        "'" SHOWN "' %s%s",
                        SHOWN_ARGUMENTS(value),
                        what,
                        is_forgiving(in) ? "; ignored" : "");
}

/* Takes the size of a result from what the unit may still expand to. */
static int input_account(KeyInput *in, const UnitAssignment *a, size_t size) {
        if (size <= in->load->expansion_left) {
                in->load->expansion_left -= size;
                return 1;
        }
        in->load->expansion_left = 0;
        return input_complain(in, a, DIAGNOSTIC_ERROR, "too-long", UNITS_EXPANSION_TEXT);
}

static int input_specifiers(KeyInput *in, const UnitAssignment *a, const char *word, char **ret) {
        char bad = '\0';

        int r = specifier_expand(&in->load->specifiers, word, in->load->expansion_left, ret, &bad);
        if (r == -E2BIG)
                return input_complain(in, a, DIAGNOSTIC_ERROR, "too-long", UNITS_EXPANSION_TEXT);
        if (r == -EINVAL)
                return input_complain(in,
                                a,
                                is_forgiving(in) ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR,
                                "bad-specifier",
                                "'%%%c' is no specifier%s",
                                bad,
                                is_forgiving(in) ? "; ignored" : "");
        if (r < 0)
                return r;
        /* Only what grew counts: plain text is bounded by the file. */
        return strlen(*ret) > strlen(word) ? input_account(in, a, strlen(*ret)) : 1;
}

static bool input_refers(const KeyInput *in, const char *word) {
        return in->role == SECTION_TYPE && in->load->environment && strchr(word, '$');
}

int input_expand(KeyInput *in, const UnitAssignment *a, const char *word, char **ret) {
        _cleanup_free_ char *plain = NULL;
        int r;

        if (in->role != SECTION_INSTALL) {
                r = input_specifiers(in, a, word, &plain);
                if (r <= 0)
                        return r;
        } else {
                plain = strdup(word);
                if (!plain)
                        return -ENOMEM;
        }
        if (!input_refers(in, plain)) {
                *ret = TAKE_PTR(plain);
                return 1;
        }

        r = expand_string(plain, in->load->environment, in->load->expansion_left, ret);
        if (r == -E2BIG)
                return input_complain(in, a, DIAGNOSTIC_ERROR, "too-long", UNITS_EXPANSION_TEXT);
        return r < 0 ? r : input_account(in, a, strlen(*ret));
}

/* Return: 1; -ENOMEM. */
static int note_value(KeyInput *in, const UnitAssignment *a, const char *text, bool word) {
        if (!in->load->effective)
                return 1;
        in->noted = true;
        int r = effective_add(in->load->effective, a, a->file->path, a->line, text, word);
        return r < 0 ? r : 1;
}

int input_string(KeyInput *in, const UnitAssignment *a, char **ret) {
        if (in->role != SECTION_TYPE)
                return input_item(in, a, ret);

        _cleanup_free_ char *unquoted = words_unquote(a->value);
        int r = unquoted ? input_expand(in, a, unquoted, ret) : -ENOMEM;
        return r <= 0 ? r : note_value(in, a, *ret, /* word= */ false);
}

int input_item(KeyInput *in, const UnitAssignment *a, char **ret) {
        int r = input_expand(in, a, a->value, ret);

        return r <= 0 ? r : note_value(in, a, *ret, /* word= */ false);
}

/* A line that can't be split is left out whole, as Quadlet does, but never where it restricts. */
static int input_bad_words(KeyInput *in, const UnitAssignment *a, const char *problem) {
        bool strict = in->key->flags & KEY_STRICT;

        return input_complain(in,
                        a,
                        strict ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING,
                        "bad-escape",
                        "'" SHOWN "': %s%s",
                        SHOWN_ARGUMENTS(a->value),
                        problem,
                        strict ? "" : "; the line is ignored");
}

int input_words(KeyInput *in, const UnitAssignment *a, WordsFlags flags, WordList *list) {
        _cleanup_(word_list_done) WordList raw = {};
        const char *problem = "";

        int r = words_split(a->value, flags, &raw, &problem);
        if (r == -EINVAL)
                return input_bad_words(in, a, problem);
        if (r < 0)
                return r;

        for (size_t i = 0; i < raw.n_words; i++) {
                _cleanup_free_ char *expanded = NULL;

                r = input_expand(in, a, raw.words[i], &expanded);
                if (r > 0)
                        r = note_value(in, a, expanded, /* word= */ true);
                if (r <= 0)
                        return r;
                r = word_list_add(list, &expanded);
                if (r < 0)
                        return r;
        }
        return 1;
}

int input_collect(KeyInput *in, WordsFlags flags, WordList *list) {
        KEY_INPUT_FOREACH(a, in) {
                int r = input_words(in, a, flags, list);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- single values ------------------------------------------------------------------------------- */

/* Converts one trimmed text; -EINVAL or -ERANGE for a bad one. */
typedef int (*Converter)(const char *s, void *target);

static int parse_with(KeyInput *in, void *target, Converter convert, const char *what) {
        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;

                int r = input_string(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                r = convert(s, target);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        r = input_bad_value(in, a, s, what);
                if (r < 0)
                        return r;
        }
        return 0;
}

int parse_string(KeyInput *in, void *target) {
        char **string = target;
        _cleanup_free_ char *s = NULL;

        int r = input_string(in, input_last(in), &s);
        if (r <= 0)
                return r;
        free(*string);
        *string = TAKE_PTR(s);
        return 0;
}

/* Quadlet takes anything but four words for false; a person who wrote "y" did not mean that. */
int parse_boolean(KeyInput *in, void *target) {
        static const char *const yes[] = { "1", "yes", "true", "on", NULL };
        static const char *const no[] = { "0", "no", "false", "off", NULL };
        bool *value = target;

        KEY_INPUT_FOREACH(a, in) {
                _cleanup_free_ char *s = NULL;
                bool is_yes = false, is_no = false;

                int r = input_string(in, a, &s);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (in->role != SECTION_TYPE) {
                        r = value_parse_bool(s, value) < 0
                                            ? input_bad_value(in, a, s, "is not a boolean")
                                            : 0;
                        if (r < 0)
                                return r;
                        continue;
                }
                for (size_t i = 0; yes[i]; i++) {
                        is_yes = is_yes || strcasecmp(s, yes[i]) == 0;
                        is_no = is_no || strcasecmp(s, no[i]) == 0;
                }
                if (is_yes || is_no || is_deferred(in, a)) {
                        *value = is_yes;
                        continue;
                }
                /* What guards something is not switched off by a slip of the pen. */
                if (in->key->flags & KEY_STRICT) {
                        r = input_bad_value(in, a, s, "is not a boolean: true or false");
                        if (r < 0)
                                return r;
                        continue;
                }
                *value = false;
                r = input_complain(in,
                                a,
                                DIAGNOSTIC_WARNING,
                                "bad-value",
                                "'" SHOWN "' is not a boolean; taken as false",
                                SHOWN_ARGUMENTS(s));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int convert_span(const char *s, void *target) {
        return value_parse_span(s, target);
}

static int convert_timeout(const char *s, void *target) {
        uint64_t *usec = target, parsed;

        int r = value_parse_span(s, &parsed);
        if (r >= 0)
                *usec = parsed == 0 ? USEC_INFINITY : parsed;
        return r;
}

/* An integer as strtol() with base 0 reads it: 0x10, 010, 16. */
static int parse_c_integer(const char *s, uint64_t *ret) {
        bool hex = strncasecmp(s, "0x", 2) == 0;
        uint64_t base = hex ? 16 : *s == '0' ? 8 : 10, n = 0;

        if (hex)
                s += 2;
        if (*s == '\0')
                return -EINVAL;
        for (; *s; s++) {
                int digit = hex_digit(*s);
                if (digit < 0 || digit >= (int) base)
                        return -EINVAL;
                if (__builtin_mul_overflow(n, base, &n) ||
                                __builtin_add_overflow(n, (uint64_t) digit, &n))
                        return -ERANGE;
        }
        *ret = n;
        return 0;
}

static int convert_seconds(const char *s, void *target) {
        uint64_t *usec = target, seconds;

        int r = parse_c_integer(s, &seconds);
        if (r < 0)
                return r;
        if (seconds > UINT32_MAX)
                return -ERANGE;
        *usec = seconds * USEC_PER_SEC;
        return 0;
}

static int convert_count(const char *s, void *target) {
        unsigned *count = target;
        uint64_t n;

        int r = parse_u64(s, &n);
        if (r < 0)
                return r;
        if (n > UINT32_MAX)
                return -ERANGE;
        *count = (unsigned) n;
        return 0;
}

static int convert_count64(const char *s, void *target) {
        return parse_u64(s, target);
}

static int convert_signal(const char *s, void *target) {
        return value_parse_signal(s, target);
}

int parse_span(KeyInput *in, void *target) {
        return parse_with(in, target, convert_span, "is not a time span");
}

int parse_timeout(KeyInput *in, void *target) {
        return parse_with(in, target, convert_timeout, "is not a time span");
}

int parse_seconds(KeyInput *in, void *target) {
        return parse_with(in, target, convert_seconds, "is not a number of seconds");
}

int parse_count(KeyInput *in, void *target) {
        return parse_with(in, target, convert_count, "is not a number");
}

int parse_count64(KeyInput *in, void *target) {
        return parse_with(in, target, convert_count64, "is not a number");
}

int parse_signal(KeyInput *in, void *target) {
        return parse_with(in, target, convert_signal, "is not a signal");
}

/* ---- lists --------------------------------------------------------------------------------------- */

typedef struct NamedWord {
        char *word; /* owned by the list that is sorted */
        size_t position;
} NamedWord;

static int named_word_compare(const void *a, const void *b) {
        const NamedWord *x = a, *y = b;
        size_t x_size = strcspn(x->word, "="), y_size = strcspn(y->word, "=");
        int r = memcmp(x->word, y->word, MIN(x_size, y_size));

        if (r == 0)
                r = (x_size > y_size) - (x_size < y_size);
        if (r == 0)
                r = (x->position > y->position) - (x->position < y->position);
        return r;
}

static bool same_name(const char *a, const char *b) {
        size_t n = strcspn(a, "=");

        return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

/* Sorted by name, the last assignment of each name kept (class K). */
static int sort_by_name(WordList *list) {
        _cleanup_free_ NamedWord *named = calloc(list->n_words + 1, sizeof(NamedWord));
        size_t n = 0;

        if (!named)
                return -ENOMEM;
        for (size_t i = 0; i < list->n_words; i++)
                named[i] = (NamedWord) { .word = list->words[i], .position = i };
        qsort(named, list->n_words, sizeof(NamedWord), named_word_compare);
        for (size_t i = 0; i < list->n_words; i++) {
                if (i + 1 < list->n_words && same_name(named[i].word, named[i + 1].word))
                        free(named[i].word);
                else
                        list->words[n++] = named[i].word;
        }
        list->n_words = n;
        if (list->words)
                list->words[n] = NULL;
        return 0;
}

static bool has_name(const char *assignment) {
        return *assignment && *assignment != '=';
}

/* Complains of words without a name, and drops them from @from on. */
static int check_names(KeyInput *in, const UnitAssignment *a, WordList *list, size_t from) {
        size_t n = from;

        for (size_t i = from; i < list->n_words; i++) {
                int r = has_name(list->words[i])
                                        ? 0
                                        : input_bad_value(in, a, list->words[i], "has no name");
                if (r < 0)
                        return r;
        }
        for (size_t i = from; i < list->n_words; i++) {
                if (has_name(list->words[i]))
                        list->words[n++] = list->words[i];
                else
                        free(list->words[i]);
        }
        list->n_words = n;
        if (list->words)
                list->words[n] = NULL;
        return 0;
}

static int collect_named(KeyInput *in, WordList *list) {
        KEY_INPUT_FOREACH(a, in) {
                size_t from = list->n_words;

                int r = input_words(in, a, WORDS_COMMAND, list);
                if (r >= 0)
                        r = check_names(in, a, list, from);
                if (r < 0)
                        return r;
        }
        int r = in->load->effective ? effective_settle_names(in->load->effective) : 0;
        return r < 0 ? r : sort_by_name(list);
}

static void replace_vector(void *target, WordList *list) {
        char ***vector = target;

        *vector = strv_free(*vector);
        *vector = word_list_take(list);
}

int parse_environment(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};

        int r = collect_named(in, &list);
        if (r >= 0)
                replace_vector(target, &list);
        return r;
}

int parse_metadata(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList list = {};

        int r = collect_named(in, &list);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.n_words; i++) {
                if (strchr(list.words[i], '='))
                        continue;
                char *assignment = str_printf("%s=", list.words[i]);
                if (!assignment)
                        return -ENOMEM;
                free(list.words[i]);
                list.words[i] = assignment;
        }
        replace_vector(target, &list);
        return 0;
}

/* Class X. In a command, a word that is exactly $NAME may become several. */
int parse_command(KeyInput *in, void *target) {
        _cleanup_(word_list_done) WordList raw = {}, list = {};
        const UnitAssignment *a = input_last(in);
        const char *problem = "";

        int r = words_split(a->value, WORDS_COMMAND, &raw, &problem);
        if (r == -EINVAL)
                return input_bad_words(in, a, problem);
        for (size_t i = 0; r >= 0 && i < raw.n_words; i++) {
                _cleanup_free_ char *word = NULL;

                r = input_specifiers(in, a, raw.words[i], &word);
                if (r <= 0)
                        return r;
                if (!input_refers(in, word)) {
                        r = word_list_add(&list, &word);
                        continue;
                }

                size_t n_before = list.n_words;
                r = expand_word(word, in->load->environment, in->load->expansion_left, &list);
                if (r == -E2BIG)
                        return input_complain(
                                        in, a, DIAGNOSTIC_ERROR, "too-long", UNITS_EXPANSION_TEXT);
                for (size_t j = n_before; r >= 0 && j < list.n_words; j++) {
                        r = input_account(in, a, strlen(list.words[j]) + 1);
                        if (r == 0)
                                return 0;
                }
        }
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.n_words; i++) {
                r = note_value(in, a, list.words[i], /* word= */ true);
                if (r < 0)
                        return r;
        }
        replace_vector(target, &list);
        return 0;
}
