/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "kinds/condition-internal.h"
#include "unitfile/words.h"

/* Longer ones before their beginnings. */
/* clang-format off */
static const struct {
        const char *text;
        CompareOperator op;
} operators[] = {
        { "!=$", COMPARE_NOT_GLOB         },
        { "=$",  COMPARE_GLOB             },
        { "<=",  COMPARE_LESS_OR_EQUAL    },
        { "<>",  COMPARE_NOT_EQUAL        },
        { "<",   COMPARE_LESS             },
        { ">=",  COMPARE_GREATER_OR_EQUAL },
        { ">",   COMPARE_GREATER          },
        { "==",  COMPARE_EQUAL            },
        { "=",   COMPARE_EQUAL            },
        { "!=",  COMPARE_NOT_EQUAL        },
};
/* clang-format on */

CompareOperator compare_take_operator(const char **s) {
        for (size_t i = 0; i < ELEMENTSOF(operators); i++) {
                if (!str_has_prefix(*s, operators[i].text))
                        continue;
                *s += strlen(operators[i].text);
                *s += strspn(*s, WORDS_BLANKS);
                return operators[i].op;
        }
        return _COMPARE_OPERATOR_INVALID;
}

bool compare_order(int order, CompareOperator op) {
        switch (op) {
        case COMPARE_LESS_OR_EQUAL:
                return order <= 0;
        case COMPARE_LESS:
                return order < 0;
        case COMPARE_GREATER_OR_EQUAL:
                return order >= 0;
        case COMPARE_GREATER:
                return order > 0;
        case COMPARE_EQUAL:
                return order == 0;
        case COMPARE_NOT_EQUAL:
                return order != 0;
        default:
                return false;
        }
}

static int sign(int i) {
        return (i > 0) - (i < 0);
}

/* What separates parts, from what comes first to what comes last; a digit or letter is none. */
static int separator_rank(char c) {
        switch (c) {
        case '~':
                return -1; /* also before the end: a release candidate */
        case '\0':
                return 0;
        case '-':
                return 1;
        case '^':
                return 2;
        case '.':
                return 3;
        default:
                return 4;
        }
}

static bool is_version_byte(char c) {
        return isalnum((unsigned char) c) || (c != '\0' && strchr("~-^.", c));
}

/* Digits as a number of any length; letters as text; a number is later than letters. */
static int compare_part(const char **a, const char **b) {
        bool digits = isdigit((unsigned char) **a) || isdigit((unsigned char) **b);
        const char *x = *a, *y = *b;

        if (digits) {
                x += strspn(x, "0");
                y += strspn(y, "0");
        }
        size_t n = strspn(x, "0123456789"), m = strspn(y, "0123456789");
        if (!digits) {
                for (n = 0; isalpha((unsigned char) x[n]);)
                        n++;
                for (m = 0; isalpha((unsigned char) y[m]);)
                        m++;
        }
        *a = x + n;
        *b = y + m;
        if (digits && n != m)
                return n > m ? 1 : -1;
        int order = strncmp(x, y, MIN(n, m));
        return order != 0 ? sign(order) : (n > m) - (n < m);
}

int compare_versions(const char *a, const char *b) {
        for (;;) {
                while (*a && !is_version_byte(*a))
                        a++;
                while (*b && !is_version_byte(*b))
                        b++;

                int x = separator_rank(*a), y = separator_rank(*b);
                if (x != y)
                        return x > y ? 1 : -1;
                if (*a == '\0')
                        return 0;
                if (x < 4) {
                        a++;
                        b++;
                        continue;
                }
                int order = compare_part(&a, &b);
                if (order != 0)
                        return order;
        }
}

static bool word_holds(const char *version, CompareOperator op, const char *wanted) {
        switch (op) {
        case COMPARE_GLOB:
        case COMPARE_EQUAL:
                return fnmatch(wanted, version, 0) == 0;
        case COMPARE_NOT_GLOB:
                return fnmatch(wanted, version, 0) != 0;
        default:
                return compare_order(compare_versions(version, wanted), op);
        }
}

int compare_version_words(const char *version, char *const *words) {
        if (!words)
                return -EINVAL;
        for (; *words; words++) {
                const char *rest = *words;
                CompareOperator op = compare_take_operator(&rest);

                if (op >= 0 && *rest == '\0') /* a blank after the operator */
                        rest = *++words;
                if (!rest)
                        return -EINVAL;
                /* Without an operator: a pattern. */
                if (!word_holds(version, op < 0 ? COMPARE_GLOB : op, rest))
                        return 0;
        }
        return 1;
}

int condition_words(const char *parameter, char ***ret) {
        _cleanup_(word_list_done) WordList list = {};
        const char *problem;

        int r = words_split(parameter, WORDS_RELAXED, &list, &problem);
        if (r < 0)
                return r;
        *ret = word_list_take(&list);
        return 0;
}
