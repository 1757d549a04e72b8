/* SPDX-License-Identifier: MIT */
#include "ctl/time-words.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/text.h"
#include "unitfile/value.h"

/* Days from today, at midnight. */
static const struct {
        const char *word;
        int days;
} day_words[] = {
        { "yesterday", -1 },
        { "today", 0 },
        { "tomorrow", 1 },
};

/* clang-format off */
static const struct {
        const char *format; /* of strptime() */
        bool has_date, has_seconds;
} stamp_formats[] = {
        { "%Y-%m-%dT%H:%M:%S", true,  true  },
        { "%Y-%m-%d %H:%M:%S", true,  true  },
        { "%Y-%m-%dT%H:%M",    true,  false },
        { "%Y-%m-%d %H:%M",    true,  false },
        { "%Y-%m-%d",          true,  false },
        { "%H:%M:%S",          false, true  },
        { "%H:%M",             false, false },
};
/* clang-format on */

static int to_usec(struct tm *tm, bool utc, uint64_t *ret_usec) {
        struct tm asked = *tm;

        tm->tm_isdst = -1;
        time_t seconds = utc ? timegm(tm) : mktime(tm);
        /* mktime() makes March 3 of February 31; nobody means that. */
        if (tm->tm_mday != asked.tm_mday || tm->tm_mon != asked.tm_mon)
                return -EINVAL;
        if (seconds < 0)
                return -ERANGE;
        *ret_usec = (uint64_t) seconds * USEC_PER_SEC;
        return 0;
}

static int local_now(uint64_t now_usec, bool utc, struct tm *ret) {
        time_t seconds = (time_t) (now_usec / USEC_PER_SEC);

        return (utc ? gmtime_r(&seconds, ret) : localtime_r(&seconds, ret)) ? 0 : -EINVAL;
}

static int parse_day_word(int days, uint64_t now_usec, uint64_t *ret_usec) {
        struct tm tm;

        int r = local_now(now_usec, /* utc= */ false, &tm);
        if (r < 0)
                return r;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_isdst = -1;
        tm.tm_mday += days; /* mktime() finds the month; summer time does not matter at midnight */
        time_t seconds = mktime(&tm);
        if (seconds < 0)
                return -ERANGE;
        *ret_usec = (uint64_t) seconds * USEC_PER_SEC;
        return 0;
}

/* Digits after the point, as microseconds; more than six are cut. *p moves past them. */
static uint64_t parse_fraction(const char **p) {
        uint64_t usec = 0, scale = USEC_PER_SEC;

        for (; isdigit((unsigned char) **p); (*p)++) {
                scale /= 10;
                usec += (uint64_t) (**p - '0') * scale;
        }
        return usec;
}

static int parse_unix(const char *s, uint64_t *ret_usec) {
        size_t digits = strspn(s, "0123456789");
        uint64_t seconds, fraction = 0;

        _cleanup_free_ char *whole = strndup(s, digits);
        if (!whole)
                return -ENOMEM;
        int r = parse_u64(whole, &seconds);
        if (r < 0)
                return r;

        s += digits;
        if (*s == '.') {
                s++;
                fraction = parse_fraction(&s);
        }
        if (*s != '\0')
                return -EINVAL;
        if (seconds > UINT64_MAX / USEC_PER_SEC - 1)
                return -ERANGE;
        *ret_usec = seconds * USEC_PER_SEC + fraction;
        return 0;
}

static int shift(uint64_t now_usec, uint64_t span_usec, bool back, uint64_t *ret_usec) {
        if (!back)
                *ret_usec = usec_add(now_usec, span_usec);
        else if (span_usec > now_usec)
                return -ERANGE;
        else
                *ret_usec = now_usec - span_usec;
        return 0;
}

/* "-1h", "+1h", "1h ago", "1h left". Return: -EINVAL for what is none of them. */
static int parse_relative(const char *s, uint64_t now_usec, uint64_t *ret_usec) {
        size_t cut = 0;
        bool back = *s == '-';

        if (*s == '-' || *s == '+')
                s++;
        else if (str_has_suffix(s, " ago")) {
                back = true;
                cut = strlen(" ago");
        } else if (str_has_suffix(s, " left"))
                cut = strlen(" left");
        else
                return -EINVAL;

        _cleanup_free_ char *text = strndup(s, strlen(s) - cut);
        uint64_t span_usec;
        if (!text)
                return -ENOMEM;

        int r = value_parse_span(text, &span_usec);
        return r < 0 ? r : shift(now_usec, span_usec, back, ret_usec);
}

static int parse_stamp(const char *s, uint64_t now_usec, uint64_t *ret_usec) {
        bool utc = str_has_suffix(s, " UTC") || str_has_suffix(s, "Z");
        size_t length = strlen(s) - (!utc ? 0 : str_has_suffix(s, "Z") ? 1 : strlen(" UTC"));
        struct tm today;

        _cleanup_free_ char *text = strndup(s, length);
        if (!text)
                return -ENOMEM;
        int r = local_now(now_usec, utc, &today);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(stamp_formats); i++) {
                struct tm tm = {};
                uint64_t fraction = 0;

                const char *end = strptime(text, stamp_formats[i].format, &tm);
                if (end && *end == '.' && stamp_formats[i].has_seconds) {
                        end++;
                        fraction = parse_fraction(&end);
                }
                if (!end || *end != '\0')
                        continue;

                if (!stamp_formats[i].has_date) {
                        tm.tm_year = today.tm_year;
                        tm.tm_mon = today.tm_mon;
                        tm.tm_mday = today.tm_mday;
                }
                r = to_usec(&tm, utc, ret_usec);
                if (r >= 0)
                        *ret_usec += fraction;
                return r;
        }
        return -EINVAL;
}

/* "Sun 2026-11-22 …" is how supctl itself prints stamps; the day adds nothing. */
static const char *skip_weekday(const char *s) {
        return strlen(s) > 4 && isalpha((unsigned char) s[0]) && isalpha((unsigned char) s[1]) &&
                                               isalpha((unsigned char) s[2]) && s[3] == ' '
                               ? s + 4
                               : s;
}

int time_parse(const char *s, uint64_t now_usec, uint64_t *ret_usec) {
        if (str_equal(s, "now")) {
                *ret_usec = now_usec;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(day_words); i++) {
                if (str_equal(s, day_words[i].word))
                        return parse_day_word(day_words[i].days, now_usec, ret_usec);
        }
        if (*s == '@')
                return parse_unix(s + 1, ret_usec);

        int r = parse_relative(s, now_usec, ret_usec);
        return r == -EINVAL ? parse_stamp(skip_weekday(s), now_usec, ret_usec) : r;
}
