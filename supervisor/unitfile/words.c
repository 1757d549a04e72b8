/* SPDX-License-Identifier: MIT */
#include "unitfile/words.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* clang-format off */
static const struct {
        char letter, value;
} simple_escapes[] = {
        { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' }, { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' },
        { 'v', '\v' }, { '\\', '\\' }, { '"', '"' }, { '\'', '\'' }, { 's', ' ' },
};

/* Escapes with digits: how many, and in which base. \x and octal give a byte, \u and \U a character. */
static const struct {
        char letter;
        unsigned n_digits, base;
        bool is_character;
} digit_escapes[] = {
        { 'x', 2, 16, false }, { 'u', 4, 16, true }, { 'U', 8, 16, true },
};
/* clang-format on */

static int add_character(TextBuilder *b, uint32_t c) {
        char utf8[4];
        size_t n;

        if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return -EINVAL;
        if (c < 0x80) {
                utf8[0] = (char) c;
                n = 1;
        } else if (c < 0x800) {
                utf8[0] = (char) (0xc0 | c >> 6);
                n = 2;
        } else if (c < 0x10000) {
                utf8[0] = (char) (0xe0 | c >> 12);
                n = 3;
        } else {
                utf8[0] = (char) (0xf0 | c >> 18);
                n = 4;
        }
        for (size_t i = 1; i < n; i++)
                utf8[i] = (char) (0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
        return text_builder_add(b, utf8, n);
}

/* Exactly n digits at s. Return: the number, or -EINVAL. */
static int64_t parse_digits(const char *s, unsigned n, unsigned base) {
        int64_t number = 0;

        for (unsigned i = 0; i < n; i++) {
                int digit = hex_digit(s[i]);
                if (digit < 0 || digit >= (int) base)
                        return -EINVAL;
                number = number * base + digit;
        }
        return number;
}

static int add_number(TextBuilder *b, int64_t number, bool is_character) {
        if (number <= 0) /* malformed, or NUL, which no argument can hold */
                return -EINVAL;
        if (is_character)
                return add_character(b, (uint32_t) number);
        return number > 255 ? -EINVAL : text_builder_add_char(b, (char) number);
}

/* Decodes what follows the backslash at **p and moves *p behind it. */
static int add_escape(TextBuilder *b, const char **p) {
        char letter = **p;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(simple_escapes); i++) {
                if (simple_escapes[i].letter != letter)
                        continue;
                (*p)++;
                return text_builder_add_char(b, simple_escapes[i].value);
        }
        for (size_t i = 0; i < ELEMENTSOF(digit_escapes); i++) {
                if (digit_escapes[i].letter != letter)
                        continue;
                r = add_number(b,
                                parse_digits(*p + 1,
                                                digit_escapes[i].n_digits,
                                                digit_escapes[i].base),
                                digit_escapes[i].is_character);
                *p += 1 + (r < 0 ? 0 : digit_escapes[i].n_digits);
                return r;
        }

        r = add_number(b, parse_digits(*p, 3, 8), /* is_character= */ false);
        if (r >= 0)
                *p += 3;
        return r;
}

/* What is at **p, where a plain stretch ended: a quote, or a backslash if those are looked for. */
static int add_special(const char **p, WordsFlags flags, char *quote, TextBuilder *b) {
        char c = **p;

        if (c == '\\' && flags & WORDS_ESCAPES) {
                (*p)++;
                return **p ? add_escape(b, p) : 0; /* a trailing backslash is dropped */
        }
        if (c == *quote)
                *quote = '\0';
        else
                *quote = c;
        (*p)++;
        return 0;
}

/*
 * One word from **p, which is no blank. Plain stretches are copied at once; a quote may open and
 * close in the middle of a word.
 */
static int add_word(const char **p, WordsFlags flags, TextBuilder *b, const char **ret_problem) {
        const char *unquoted = flags & WORDS_ESCAPES ? WORDS_BLANKS "'\"\\" : WORDS_BLANKS "'\"";
        char quote = '\0';

        while (**p && (quote || !strchr(WORDS_BLANKS, **p))) {
                char quoted[] = { quote, flags & WORDS_ESCAPES ? '\\' : '\0', '\0' };
                size_t n = strcspn(*p, quote ? quoted : unquoted);

                int r = text_builder_add(b, *p, n);
                if (r < 0)
                        return r;
                *p += n;
                if (**p == '\0' || (!quote && strchr(WORDS_BLANKS, **p)))
                        break;
                r = add_special(p, flags, &quote, b);
                if (r < 0) {
                        *ret_problem = "unsupported escape sequence";
                        return r;
                }
        }

        if (quote && !(flags & WORDS_RELAXED)) {
                *ret_problem = "quote is not closed";
                return -EINVAL;
        }
        return 0;
}

int words_split(const char *s, WordsFlags flags, WordList *list, const char **ret_problem) {
        size_t n_before = list->n_words;

        for (;;) {
                _cleanup_(text_builder_done) TextBuilder b = {};
                const char *problem = NULL;

                s += strspn(s, WORDS_BLANKS);
                if (*s == '\0')
                        return 0;

                int r = add_word(&s, flags, &b, &problem);
                if (r >= 0) {
                        _cleanup_free_ char *word = text_builder_take(&b);
                        r = word ? word_list_add(list, &word) : -ENOMEM;
                }
                if (r < 0) {
                        word_list_truncate(list, n_before);
                        if (r == -EINVAL)
                                *ret_problem = problem;
                        return r;
                }
        }
}

char *words_unquote(const char *s) {
        size_t n = strlen(s);

        if (n >= 2 && s[0] == '"' && s[n - 1] == '"')
                return strndup(s + 1, n - 2);
        return strdup(s);
}

/* \uXXXX, also as a surrogate pair; *p is at the first digit and is moved behind the last. */
static int add_json_character(TextBuilder *b, const char **p) {
        int64_t c = parse_digits(*p, 4, 16);

        if (c <= 0)
                return -EINVAL;
        *p += 4;
        if (c >= 0xd800 && c < 0xdc00) {
                int64_t low = (*p)[0] == '\\' && (*p)[1] == 'u' ? parse_digits(*p + 2, 4, 16)
                                                                : -EINVAL;
                if (low < 0xdc00 || low > 0xdfff)
                        return -EINVAL;
                *p += 6;
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
        return add_character(b, (uint32_t) c);
}

static int add_json_escape(TextBuilder *b, const char **p) {
        static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        char letter = *(*p)++;

        if (letter == 'u')
                return add_json_character(b, p);

        const char *found = letter ? strchr(letters, letter) : NULL;
        return found ? text_builder_add_char(b, values[found - letters]) : -EINVAL;
}

/* From behind the opening quote to behind the closing one. */
static int add_json_string(const char **p, WordList *list) {
        _cleanup_(text_builder_done) TextBuilder b = {};
        int r;

        while (**p != '"') {
                size_t n = strcspn(*p, "\"\\");

                r = text_builder_add(&b, *p, n);
                if (r < 0)
                        return r;
                *p += n;
                if (**p == '\0')
                        return -EINVAL;
                if (**p == '\\') {
                        (*p)++;
                        r = add_json_escape(&b, p);
                        if (r < 0)
                                return r;
                }
        }
        (*p)++;

        _cleanup_free_ char *word = text_builder_take(&b);
        return word ? word_list_add(list, &word) : -ENOMEM;
}

static int parse_json(const char *s, WordList *list) {
        bool first = true;

        s += strspn(s, WORDS_BLANKS);
        if (*s++ != '[')
                return -EINVAL;
        for (;;) {
                s += strspn(s, WORDS_BLANKS);
                if (*s == ']')
                        break;
                if (!first) {
                        if (*s++ != ',')
                                return -EINVAL;
                        s += strspn(s, WORDS_BLANKS);
                }
                if (*s++ != '"')
                        return -EINVAL;
                int r = add_json_string(&s, list);
                if (r < 0)
                        return r;
                first = false;
        }
        s++;
        return s[strspn(s, WORDS_BLANKS)] ? -EINVAL : 0;
}

int words_parse_json(const char *s, WordList *list) {
        size_t n_before = list->n_words;

        int r = parse_json(s, list);
        if (r < 0)
                word_list_truncate(list, n_before);
        return r;
}
