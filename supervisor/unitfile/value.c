/* SPDX-License-Identifier: MIT */
#include "unitfile/value.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "unitfile/text-builder.h"

#define BLANKS " \t"
#define FRACTION_DIGITS_MAX 9 /* further ones are below what any unit resolves */
#define PERMYRIAD 10000U
#define CPUS_MAX 8192U

/* NUMBER[.FRACTION] with the fraction as fraction / scale. */
typedef struct Decimal {
        uint64_t whole, fraction, scale;
} Decimal;

typedef struct ValueUnit {
        const char *name;
        uint64_t factor;
} ValueUnit;

/* clang-format off */
static const ValueUnit span_units[] = {
        { "",        USEC_PER_SEC },
        { "s",       USEC_PER_SEC },         { "sec",     USEC_PER_SEC },
        { "second",  USEC_PER_SEC },         { "seconds", USEC_PER_SEC },
        { "m",       USEC_PER_MINUTE },      { "min",     USEC_PER_MINUTE },
        { "minute",  USEC_PER_MINUTE },      { "minutes", USEC_PER_MINUTE },
        { "h",       USEC_PER_HOUR },        { "hr",      USEC_PER_HOUR },
        { "hour",    USEC_PER_HOUR },        { "hours",   USEC_PER_HOUR },
        { "d",       USEC_PER_DAY },
        { "day",     USEC_PER_DAY },         { "days",    USEC_PER_DAY },
        { "w",       7 * USEC_PER_DAY },
        { "week",    7 * USEC_PER_DAY },     { "weeks",   7 * USEC_PER_DAY },
        { "M",       2629800 * USEC_PER_SEC },
        { "month",   2629800 * USEC_PER_SEC },  { "months", 2629800 * USEC_PER_SEC },
        { "y",       31557600 * USEC_PER_SEC },
        { "year",    31557600 * USEC_PER_SEC }, { "years",  31557600 * USEC_PER_SEC },
        { "ms",      USEC_PER_MSEC },        { "msec",    USEC_PER_MSEC },
        { "us",      1 },                    { "usec",    1 },
        { "\xc2\xb5s", 1 },                  { "\xce\xbcs", 1 }, /* both letters mu */
        {},
};

static const ValueUnit size_units[] = {
        { "",  1 },
        { "B", 1 },
        { "K", UINT64_C(1) << 10 },
        { "M", UINT64_C(1) << 20 },
        { "G", UINT64_C(1) << 30 },
        { "T", UINT64_C(1) << 40 },
        { "P", UINT64_C(1) << 50 },
        { "E", UINT64_C(1) << 60 },
        {},
};

static const ValueUnit rate_units[] = {
        { "E", UINT64_C(1000000000000000000) }, { "P", UINT64_C(1000000000000000) },
        { "T", UINT64_C(1000000000000) }, { "G", 1000000000 }, { "M", 1000000 }, { "K", 1000 },
        { "B", 1 }, { "", 1 },
        {},
};

/* The value is in 1/10000 per unit of the number. */
static const ValueUnit percent_units[] = {
        { "%",            100 },
        { "\xe2\x80\xb0", 10 }, /* per mille sign */
        { "\xe2\x80\xb1", 1 },  /* per ten thousand sign */
        {},
};
/* clang-format on */

static int decimal_parse(const char **p, Decimal *ret) {
        Decimal d = { .scale = 1 };
        const char *s = *p;
        bool any = isdigit((unsigned char) *s);

        for (; isdigit((unsigned char) *s); s++) {
                if (__builtin_mul_overflow(d.whole, 10, &d.whole) ||
                                __builtin_add_overflow(d.whole, (uint64_t) (*s - '0'), &d.whole))
                        return -ERANGE;
        }
        if (*s == '.') {
                s++;
                any = any || isdigit((unsigned char) *s);
                for (unsigned n = 0; isdigit((unsigned char) *s); s++, n++) {
                        if (n >= FRACTION_DIGITS_MAX)
                                continue;
                        d.fraction = d.fraction * 10 + (uint64_t) (*s - '0');
                        d.scale *= 10;
                }
        }
        if (!any)
                return -EINVAL;
        *p = s;
        *ret = d;
        return 0;
}

static int decimal_multiply(const Decimal *d, uint64_t factor, uint64_t *ret) {
        unsigned __int128 n = (unsigned __int128) d->whole * factor +
                              (unsigned __int128) d->fraction * factor / d->scale;

        if (n >= UINT64_MAX) /* the last one means infinity */
                return -ERANGE;
        *ret = (uint64_t) n;
        return 0;
}

/* The unit at *p: everything up to a digit, a blank or the end. */
static int unit_parse(const char **p, const ValueUnit *units, uint64_t *ret_factor) {
        size_t n = strcspn(*p, BLANKS "0123456789.+-");

        for (const ValueUnit *u = units; u->name; u++) {
                if (strlen(u->name) != n || strncmp(*p, u->name, n) != 0)
                        continue;
                *p += n;
                *ret_factor = u->factor;
                return 0;
        }
        return -EINVAL;
}

typedef struct SumRules {
        const ValueUnit *units;
        bool descending; /* each part's unit smaller than the one before */
} SumRules;

/* NUMBER[.FRACTION] [UNIT], several of them added up. */
static int sum_parse(const char *s, const SumRules *rules, uint64_t *ret) {
        uint64_t sum = 0, last_factor = UINT64_MAX;
        int r;

        s += strspn(s, BLANKS);
        do {
                uint64_t part, factor;
                Decimal d;

                r = decimal_parse(&s, &d);
                if (r < 0)
                        return r;
                s += strspn(s, BLANKS);
                r = unit_parse(&s, rules->units, &factor);
                if (r < 0)
                        return r;
                if (rules->descending && factor >= last_factor)
                        return -EINVAL;
                last_factor = factor;

                r = decimal_multiply(&d, factor, &part);
                if (r < 0)
                        return r;
                if (__builtin_add_overflow(sum, part, &sum) || sum == UINT64_MAX)
                        return -ERANGE;
                s += strspn(s, BLANKS);
        } while (*s);

        *ret = sum;
        return 0;
}

static bool word_is_one_of(const char *s, const char *const *words) {
        for (; *words; words++) {
                if (strcasecmp(s, *words) == 0)
                        return true;
        }
        return false;
}

int value_parse_bool(const char *s, bool *ret) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", NULL };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off", NULL };

        if (word_is_one_of(s, yes))
                *ret = true;
        else if (word_is_one_of(s, no))
                *ret = false;
        else
                return -EINVAL;
        return 0;
}

int value_parse_span(const char *s, uint64_t *ret_usec) {
        static const SumRules rules = { .units = span_units };

        if (strcmp(s, "infinity") == 0) {
                *ret_usec = USEC_INFINITY;
                return 0;
        }
        return sum_parse(s, &rules, ret_usec);
}

/* Go's time.ParseDuration(), whole microseconds of it. */
int value_parse_go_duration(const char *s, uint64_t *ret_usec) {
        /* clang-format off */
        static const struct {
                const char *name;
                uint64_t nsec;
        } units[] = {
                { "ns", 1 }, { "us", 1000 }, { "\302\265s", 1000 }, { "\316\274s", 1000 },
                { "ms", 1000000 }, { "s", 1000000000 },
                { "m", UINT64_C(60000000000) }, { "h", UINT64_C(3600000000000) },
        };
        /* clang-format on */
        uint64_t sum = 0;

        if (strcmp(s, "0") == 0) {
                *ret_usec = 0;
                return 0;
        }
        do {
                uint64_t part;
                size_t i = 0;
                Decimal d;

                int r = decimal_parse(&s, &d);
                if (r < 0)
                        return r;
                size_t size = strcspn(s, "0123456789.");
                while (i < ELEMENTSOF(units) &&
                                (strlen(units[i].name) != size ||
                                                strncmp(units[i].name, s, size) != 0))
                        i++;
                if (i == ELEMENTSOF(units))
                        return -EINVAL;
                r = decimal_multiply(&d, units[i].nsec, &part);
                if (r < 0 || __builtin_add_overflow(sum, part, &sum))
                        return -ERANGE;
                s += size;
        } while (*s);
        *ret_usec = sum / 1000;
        return 0;
}

int value_parse_size(const char *s, uint64_t *ret) {
        static const SumRules rules = { .units = size_units, .descending = true };

        return sum_parse(s, &rules, ret);
}

int value_parse_rate(const char *s, uint64_t *ret) {
        static const SumRules rules = { .units = rate_units, .descending = true };

        if (strcmp(s, "infinity") == 0) {
                *ret = UINT64_MAX;
                return 0;
        }
        return sum_parse(s, &rules, ret);
}

int value_parse_docker_size(const char *s, uint64_t *ret) {
        static const char letters[] = "bkmgtp";
        unsigned shift = 0;
        Decimal d;

        int r = decimal_parse(&s, &d);
        if (r < 0)
                return r;
        if (*s == ' ')
                s++;
        if (*s) {
                const char *letter = strchr(letters, tolower((unsigned char) *s));
                if (!letter)
                        return -EINVAL;
                shift = 10 * (unsigned) (letter - letters);
                s++;
        }
        if (*s && shift > 0 && strcasecmp(s, "b") != 0 && strcasecmp(s, "ib") != 0)
                return -EINVAL;
        if (*s && shift == 0)
                return -EINVAL;
        return decimal_multiply(&d, UINT64_C(1) << shift, ret);
}

int value_parse_percent(const char *s, uint64_t *ret_permyriad) {
        uint64_t factor;
        Decimal d;

        int r = decimal_parse(&s, &d);
        if (r < 0)
                return r;
        r = unit_parse(&s, percent_units, &factor);
        if (r < 0)
                return r;
        if (*s || d.fraction * factor % d.scale != 0) /* finer than 1/10000 */
                return -EINVAL;
        return decimal_multiply(&d, factor, ret_permyriad);
}

static bool value_is_percent(const char *s) {
        for (const ValueUnit *u = percent_units; u->name; u++) {
                if (str_has_suffix(s, u->name))
                        return true;
        }
        return false;
}

static int share_parse(const char *s, Quantity *ret) {
        uint64_t permyriad;

        int r = value_parse_percent(s, &permyriad);
        if (r < 0)
                return r;
        if (permyriad > PERMYRIAD)
                return -ERANGE;
        *ret = (Quantity) { .value = permyriad, .relative = true };
        return 0;
}

int value_parse_memory(const char *s, Quantity *ret) {
        uint64_t bytes;

        if (value_is_percent(s))
                return share_parse(s, ret);
        if (strcmp(s, "infinity") == 0) {
                *ret = QUANTITY_UNSET;
                return 0;
        }

        int r = value_parse_size(s, &bytes);
        if (r < 0)
                return r;
        *ret = (Quantity) { .value = bytes };
        return 0;
}

int value_parse_tasks(const char *s, Quantity *ret) {
        uint64_t n;

        if (value_is_percent(s))
                return share_parse(s, ret);
        if (strcmp(s, "infinity") == 0) {
                *ret = QUANTITY_UNSET;
                return 0;
        }

        int r = parse_u64(s, &n);
        if (r < 0)
                return r;
        if (n == 0 || n == UINT64_MAX)
                return -ERANGE;
        *ret = (Quantity) { .value = n };
        return 0;
}

/* One "N" or "N-M" at *p. */
static int cpu_range_parse(const char **p, uint64_t *ret_first, uint64_t *ret_last) {
        Decimal d;

        if (!isdigit((unsigned char) **p) || decimal_parse(p, &d) < 0 || d.scale != 1)
                return -EINVAL;
        *ret_first = *ret_last = d.whole;
        if (**p == '-') {
                (*p)++;
                if (!isdigit((unsigned char) **p) || decimal_parse(p, &d) < 0 || d.scale != 1)
                        return -EINVAL;
                *ret_last = d.whole;
        }
        if (*ret_last < *ret_first)
                return -EINVAL;
        return *ret_last < CPUS_MAX ? 0 : -ERANGE;
}

static char *cpu_set_format(const bool *cpus) {
        _cleanup_(text_builder_done) TextBuilder b = {};

        for (unsigned i = 0; i < CPUS_MAX; i++) {
                unsigned first = i;

                if (!cpus[i])
                        continue;
                while (i + 1 < CPUS_MAX && cpus[i + 1])
                        i++;
                _cleanup_free_ char *range =
                                first == i ? str_printf("%u", i) : str_printf("%u-%u", first, i);
                if (!range || (b.size > 0 && text_builder_add_char(&b, ',') < 0) ||
                                text_builder_add(&b, range, strlen(range)) < 0)
                        return NULL;
        }
        return text_builder_take(&b);
}

int value_parse_cpu_set(const char *s, char **ret) {
        _cleanup_free_ bool *cpus = calloc(CPUS_MAX, sizeof(bool));

        if (!cpus)
                return -ENOMEM;
        s += strspn(s, BLANKS ",");
        if (*s == '\0')
                return -EINVAL;
        while (*s) {
                uint64_t first, last;

                int r = cpu_range_parse(&s, &first, &last);
                if (r < 0)
                        return r;
                if (*s && !strchr(BLANKS ",", *s))
                        return -EINVAL;
                memset(cpus + first, true, last - first + 1);
                s += strspn(s, BLANKS ",");
        }

        *ret = cpu_set_format(cpus);
        return *ret ? 0 : -ENOMEM;
}
