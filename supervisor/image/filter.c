/* SPDX-License-Identifier: MIT */
#include "image/filter.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"

/* ---- times ------------------------------------------------------------------------------------ */
/* Exactly @n digits. */
static bool take_number(const char **p, unsigned n, int *ret) {
        int value = 0;

        for (unsigned i = 0; i < n; i++) {
                unsigned digit = (unsigned) (*p)[i] - '0';
                if (digit > 9)
                        return false;
                value = value * 10 + (int) digit;
        }
        *p += n;
        *ret = value;
        return true;
}

static bool take(const char **p, char c) {
        if (**p != c)
                return false;
        (*p)++;
        return true;
}

static bool take_date(const char **p, struct tm *tm) {
        if (!take_number(p, 4, &tm->tm_year) || !take(p, '-') || !take_number(p, 2, &tm->tm_mon) ||
                        !take(p, '-') || !take_number(p, 2, &tm->tm_mday))
                return false;
        tm->tm_year -= 1900;
        tm->tm_mon--;
        return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

static bool take_time(const char **p, struct tm *tm, uint64_t *usec) {
        if (!take_number(p, 2, &tm->tm_hour) || !take(p, ':') || !take_number(p, 2, &tm->tm_min))
                return false;
        if (take(p, ':') && !take_number(p, 2, &tm->tm_sec))
                return false;
        if (take(p, '.'))
                for (uint64_t unit = 100000; **p >= '0' && **p <= '9'; unit /= 10)
                        *usec += (uint64_t) (*(*p)++ - '0') * unit;
        return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static bool take_zone(const char **p, int64_t *seconds) {
        bool west = **p == '-';
        int hours, minutes;

        if (**p == '\0' || take(p, 'Z') || take(p, 'z'))
                return true;
        if (!take(p, west ? '-' : '+') || !take_number(p, 2, &hours) || !take(p, ':') ||
                        !take_number(p, 2, &minutes))
                return false;
        *seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
        return true;
}

int time_parse_rfc3339(const char *text, uint64_t *ret_usec) {
        struct tm tm = {};
        const char *p = text;
        int64_t zone = 0;
        uint64_t usec = 0;

        if (!take_date(&p, &tm))
                return -EINVAL;
        if (*p != '\0' && ((!take(&p, 'T') && !take(&p, 't') && !take(&p, ' ')) ||
                                          !take_time(&p, &tm, &usec) || !take_zone(&p, &zone) ||
                                          *p != '\0'))
                return -EINVAL;
        int64_t seconds = (int64_t) timegm(&tm) - zone;
        /* Before 1970 is as good as then: Go's zero time is the year 1. */
        *ret_usec = seconds < 0 ? 0 : (uint64_t) seconds * USEC_PER_SEC + usec;
        return 0;
}

int time_parse_span(const char *text, uint64_t *ret_usec) {
        static const struct {
                const char *unit;
                uint64_t usec;
        } units[] = {
                { "ms", USEC_PER_MSEC },
                { "min", USEC_PER_MINUTE },
                { "m", USEC_PER_MINUTE },
                { "s", USEC_PER_SEC },
                { "h", USEC_PER_HOUR },
                { "d", USEC_PER_DAY },
                { "w", 7 * USEC_PER_DAY },
                { "", USEC_PER_SEC },
        };
        uint64_t total = 0;

        if (*text == '\0')
                return -EINVAL;
        while (*text) {
                size_t digits = strspn(text, "0123456789"), i = 0;
                _cleanup_free_ char *number = strndup(text, digits);
                uint64_t value;
                if (!number)
                        return -ENOMEM;
                int r = parse_u64(number, &value);
                if (r < 0)
                        return r;
                text += digits;
                while (!str_has_prefix(text, units[i].unit))
                        i++;
                text += strlen(units[i].unit);
                /* A number without a unit is the last one. */
                if (*units[i].unit == '\0' && *text != '\0')
                        return -EINVAL;
                if (value > UINT64_MAX / 2 / units[i].usec)
                        return -ERANGE;
                total = usec_add(total, value * units[i].usec);
        }
        *ret_usec = total;
        return 0;
}

/* ---- filters ---------------------------------------------------------------------------------- */
static int add_until(ImageFilter *f, const char *text, uint64_t now_usec, Error *error) {
        uint64_t span, at;

        if (time_parse_rfc3339(text, &at) < 0) {
                if (time_parse_span(text, &span) < 0)
                        return error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "until=%s: a time such as 2026-01-31T10:00:00Z is "
                                        "wanted, or an age such as 24h",
                                        text);
                at = usec_sub(now_usec, span);
        }
        f->before_usec = MIN(f->before_usec, at);
        return 0;
}

int image_filter_add(ImageFilter *f, const char *text, uint64_t now_usec, Error *error) {
        static const char until[] = "until=", label[] = "label=", no_label[] = "label!=";

        if (str_has_prefix(text, until))
                return add_until(f, text + strlen(until), now_usec, error);
        if (str_has_prefix(text, label) && text[strlen(label)] != '\0')
                return strv_append(&f->labels, text + strlen(label));
        if (str_has_prefix(text, no_label) && text[strlen(no_label)] != '\0')
                return strv_append(&f->no_labels, text + strlen(no_label));
        return error_set_plain(error,
                        -EINVAL,
                        ERROR_INVALID_ARGUMENT,
                        "bad filter '%s': until=, label= and label!= are known",
                        text);
}

static bool has_label(const ImageConfig *c, const char *wanted) {
        bool with_value = strchr(wanted, '=') != NULL;
        size_t n = strlen(wanted);

        STRV_FOREACH (label, c->labels)
                if (with_value ? str_equal(*label, wanted)
                               : strncmp(*label, wanted, n) == 0 && (*label)[n] == '=')
                        return true;
        return false;
}

bool image_filter_fits(const ImageFilter *f, const ImageConfig *c) {
        uint64_t created = 0;

        if (c->created)
                (void) time_parse_rfc3339(c->created, &created); /* stays 0 */
        if (f->before_usec != UINT64_MAX && created >= f->before_usec)
                return false;
        STRV_FOREACH (label, f->labels)
                if (!has_label(c, *label))
                        return false;
        STRV_FOREACH (label, f->no_labels)
                if (has_label(c, *label))
                        return false;
        return true;
}

void image_filter_done(ImageFilter *f) {
        (void) strv_free(f->labels);
        (void) strv_free(f->no_labels);
        *f = IMAGE_FILTER_ANY;
}
