/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"

#define SUGGEST_WORD_MAX 64U /* longer words are not typing errors of a keyword */

bool str_has_suffix(const char *s, const char *suffix) {
        size_t n = strlen(s), k = strlen(suffix);
        return n >= k && strcmp(s + n - k, suffix) == 0;
}

int str_replace(char **p, const char *s) {
        char *copy = NULL;

        if (s) {
                copy = strdup(s);
                if (!copy)
                        return -ENOMEM;
        }
        free(*p);
        *p = copy;
        return 0;
}

char *str_printf(const char *format, ...) {
        char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        return text;
}

int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int parse_u64(const char *s, uint64_t *ret) {
        uint64_t n = 0;

        if (*s == '\0')
                return -EINVAL;
        for (; *s; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(n, 10, &n) ||
                                __builtin_add_overflow(n, (uint64_t) (*s - '0'), &n))
                        return -ERANGE;
        }
        *ret = n;
        return 0;
}

int parse_i64(const char *s, int64_t *ret) {
        bool negative = *s == '-';
        uint64_t n;

        int r = parse_u64(s + negative, &n);
        if (r < 0)
                return r;
        if (n > (uint64_t) INT64_MAX + negative)
                return -ERANGE;
        *ret = negative ? (int64_t) (0 - n) : (int64_t) n;
        return 0;
}

/* Levenshtein with transposition of neighbours, one row at a time, case folded. */
static unsigned edit_distance(const char *a, const char *b) {
        unsigned rows[3][SUGGEST_WORD_MAX + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > SUGGEST_WORD_MAX || m > SUGGEST_WORD_MAX)
                return UINT32_MAX;

        for (size_t j = 0; j <= m; j++)
                rows[0][j] = (unsigned) j;
        for (size_t i = 1; i <= n; i++) {
                unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3],
                         *above2 = rows[(i + 1) % 3];
                row[0] = (unsigned) i;
                for (size_t j = 1; j <= m; j++) {
                        int x = tolower((unsigned char) a[i - 1]),
                            y = tolower((unsigned char) b[j - 1]);
                        unsigned best = MIN(above[j], row[j - 1]) + 1;
                        best = MIN(best, above[j - 1] + (x != y));
                        if (i > 1 && j > 1 && x == tolower((unsigned char) b[j - 2]) &&
                                        y == tolower((unsigned char) a[i - 2]))
                                best = MIN(best, above2[j - 2] + 1);
                        row[j] = best;
                }
        }
        return rows[n % 3][m];
}

const char *text_suggest(const char *word, const char *const *candidates) {
        unsigned limit = strlen(word) < 5 ? 1 : 2, best = limit + 1;
        const char *found = NULL;
        size_t length = strlen(word);

        for (; *candidates; candidates++) {
                size_t other = strlen(*candidates);
                if (MAX(length, other) - MIN(length, other) >= best)
                        continue; /* as many edits at least: not worth the table */
                unsigned distance = edit_distance(word, *candidates);
                if (distance < best) {
                        best = distance;
                        found = *candidates;
                }
        }
        return found;
}

size_t utf8_sequence_size(const char *text, size_t size) {
        const unsigned char *s = (const unsigned char *) text;
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        size_t length = s[0] < 0x80             ? 1
                        : (s[0] & 0xe0) == 0xc0 ? 2
                        : (s[0] & 0xf0) == 0xe0 ? 3
                        : (s[0] & 0xf8) == 0xf0 ? 4
                                                : 0;
        if (length <= 1)
                return length;
        if (length > size)
                return 0;

        uint32_t point = s[0] & (0x7fU >> length);
        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                point = point << 6 | (s[i] & 0x3f);
        }
        if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
                return 0;
        return length;
}

bool utf8_is_valid(const char *s, size_t size) {
        while (size > 0) {
                size_t n = utf8_sequence_size(s, size);
                if (n == 0)
                        return false;
                s += n;
                size -= n;
        }
        return true;
}

char *text_escape_controls(const char *s) {
        size_t size = strlen(s);
        char *escaped = malloc(4 * size + 1), *out = escaped;

        if (!escaped)
                return NULL;
        while (size > 0) {
                size_t n = utf8_sequence_size(s, size);
                unsigned char first = (unsigned char) *s;
                bool plain = n > 1 || (n == 1 && first >= ' ' && first != 0x7f);

                /* U+0080 to U+009F: U+009B starts an escape sequence on some terminals. */
                if (n == 2 && first == 0xc2 && (unsigned char) s[1] < 0xa0)
                        plain = false;
                if (plain)
                        out = mempcpy(out, s, n);
                else {
                        static const char digits[] = "0123456789abcdef";
                        out = mempcpy(out,
                                        (char[]) { '\\',
                                                        'x',
                                                        digits[first >> 4],
                                                        digits[first & 15] },
                                        4);
                        n = 1;
                }
                s += n;
                size -= n;
        }
        *out = '\0';
        return escaped;
}

void path_clean_in_root(char *path) {
        char *out = path;

        for (const char *p = path; *p;) {
                size_t n = strcspn(p, "/");
                if (n == 2 && p[0] == '.' && p[1] == '.') {
                        while (out > path && *--out != '/')
                                ;
                } else if (n > 0 && !(n == 1 && *p == '.')) {
                        if (out > path)
                                *out++ = '/';
                        memmove(out, p, n);
                        out += n;
                }
                p += n;
                p += strspn(p, "/");
        }
        *out = '\0';
}
