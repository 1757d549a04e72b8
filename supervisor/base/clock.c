/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/macro.h"

static uint64_t clock_read(clockid_t id) {
        struct timespec ts;

        if (clock_gettime(id, &ts) < 0)
                return 0; /* can't happen: both clocks exist on every kernel served */
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t clock_monotonic_usec(void) {
        return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_usec(void) {
        return clock_read(CLOCK_REALTIME);
}

DualTime clock_dual(void) {
        return (DualTime) {
                .realtime_usec = clock_realtime_usec(),
                .monotonic_usec = clock_monotonic_usec(),
        };
}

/* clang-format off */
static const struct {
        const char *suffix;
        const char *word;
        uint64_t usec;
} span_units[] = {
        { "y",   "year",   31557600 * USEC_PER_SEC }, /* 365.25 days, as systemd counts */
        { "month", "month", 2629800 * USEC_PER_SEC },
        { "w",   "week",   7 * USEC_PER_DAY },
        { "d",   "day",    USEC_PER_DAY },
        { "h",   "h",      USEC_PER_HOUR },
        { "min", "min",    USEC_PER_MINUTE },
        { "s",   "s",      USEC_PER_SEC },
        { "ms",  "ms",     USEC_PER_MSEC },
        { "us",  "us",     1 },
};
/* clang-format on */

char *span_format(uint64_t span_usec) {
        char *text = NULL;
        int r;

        if (span_usec == USEC_INFINITY)
                return strdup("infinity");
        if (span_usec == 0)
                return strdup("0");

        for (size_t i = 0; i < ELEMENTSOF(span_units); i++) {
                uint64_t unit = span_units[i].usec;
                if (span_usec < unit)
                        continue;

                uint64_t whole = span_usec / unit, rest = span_usec % unit;
                if (unit == USEC_PER_SEC && rest >= USEC_PER_MSEC)
                        r = asprintf(&text,
                                        "%" PRIu64 ".%03" PRIu64 "s",
                                        whole,
                                        rest / USEC_PER_MSEC);
                else if (unit > USEC_PER_SEC && rest >= span_units[i + 1].usec)
                        r = asprintf(&text,
                                        "%" PRIu64 "%s %" PRIu64 "%s",
                                        whole,
                                        span_units[i].suffix,
                                        rest / span_units[i + 1].usec,
                                        span_units[i + 1].suffix);
                else
                        r = asprintf(&text, "%" PRIu64 "%s", whole, span_units[i].suffix);
                return r < 0 ? NULL : text;
        }
        return NULL; /* not reached: the last unit divides every span */
}

char *stamp_format(uint64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        char text[64]; /* the format's own width, not a name */
        struct tm tm;

        if (!localtime_r(&seconds, &tm) ||
                        strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                return NULL;
        return strdup(text);
}

char *stamp_format_relative(uint64_t realtime_usec, uint64_t realtime_now_usec) {
        uint64_t age = usec_sub(realtime_now_usec, realtime_usec);
        const char *when = realtime_usec > realtime_now_usec ? "left" : "ago";
        char *text = NULL;

        if (realtime_usec > realtime_now_usec)
                age = realtime_usec - realtime_now_usec;

        /* Days and longer in words and one unit; below that as a span. */
        for (size_t i = 0; i < ELEMENTSOF(span_units) && span_units[i].usec >= USEC_PER_DAY; i++) {
                uint64_t n = age / span_units[i].usec;
                if (n == 0)
                        continue;
                int r = asprintf(&text,
                                "%" PRIu64 " %s%s %s",
                                n,
                                span_units[i].word,
                                n == 1 ? "" : "s",
                                when);
                return r < 0 ? NULL : text;
        }

        /* Whole milliseconds below a second, whole seconds above: more would only flicker. */
        age = age >= USEC_PER_SEC ? age - age % USEC_PER_SEC : age - age % USEC_PER_MSEC;
        _cleanup_free_ char *span = span_format(age);
        if (!span || asprintf(&text, "%s %s", age ? span : "0s", when) < 0)
                return NULL;
        return text;
}

/* One unit and what is left of the span below it. With digits behind a point where nothing but those follows. */
static char *span_add_unit(char **text, size_t unit, uint64_t *rest_usec) {
        uint64_t whole = *rest_usec / span_units[unit].usec;
        uint64_t below = *rest_usec % span_units[unit].usec;
        bool point = *rest_usec < USEC_PER_MINUTE && below > 0;
        int digits = span_units[unit].usec == USEC_PER_SEC ? 6 : 3;
        const char *blank = *text ? " " : "";
        char *longer = NULL;
        int r;

        if (point)
                r = asprintf(&longer,
                                "%s%s%" PRIu64 ".%0*" PRIu64 "%s",
                                *text ?: "",
                                blank,
                                whole,
                                digits,
                                below,
                                span_units[unit].suffix);
        else
                r = asprintf(&longer,
                                "%s%s%" PRIu64 "%s",
                                *text ?: "",
                                blank,
                                whole,
                                span_units[unit].suffix);
        free(*text);
        *text = r < 0 ? NULL : longer;
        *rest_usec = point ? 0 : below;
        return *text;
}

char *span_format_exact(uint64_t span_usec) {
        char *text = NULL;

        if (span_usec == USEC_INFINITY)
                return strdup("infinity");
        if (span_usec == 0)
                return strdup("0");

        for (size_t i = 0; i < ELEMENTSOF(span_units) && span_usec > 0; i++) {
                if (span_usec >= span_units[i].usec && !span_add_unit(&text, i, &span_usec))
                        return NULL;
        }
        return text;
}

/* clang-format off */
/* From which distance on it is told in what: systemd's steps. */
static const struct {
        uint64_t from_usec;
        uint64_t first_usec, second_usec; /* 0: one unit is enough */
        const char *first, *second;
        bool words; /* "2 weeks", not "2min" */
} distances[] = {
        { 31557600 * USEC_PER_SEC, 31557600 * USEC_PER_SEC, 2629800 * USEC_PER_SEC, "year",  "month", true  },
        { 2629800 * USEC_PER_SEC,  2629800 * USEC_PER_SEC,  USEC_PER_DAY,           "month", "day",   true  },
        { 7 * USEC_PER_DAY,        7 * USEC_PER_DAY,        USEC_PER_DAY,           "week",  "day",   true  },
        { 2 * USEC_PER_DAY,        USEC_PER_DAY,            0,                      "day",   "",      true  },
        { 25 * USEC_PER_HOUR,      USEC_PER_DAY,            USEC_PER_HOUR,          " day",  "h",     false },
        { 6 * USEC_PER_HOUR,       USEC_PER_HOUR,           0,                      "h",     "",      false },
        { USEC_PER_HOUR,           USEC_PER_HOUR,           USEC_PER_MINUTE,        "h",     "min",   false },
        { 5 * USEC_PER_MINUTE,     USEC_PER_MINUTE,         0,                      "min",   "",      false },
        { USEC_PER_MINUTE,         USEC_PER_MINUTE,         USEC_PER_SEC,           "min",   "s",     false },
        { USEC_PER_SEC,            USEC_PER_SEC,            0,                      "s",     "",      false },
        { USEC_PER_MSEC,           USEC_PER_MSEC,           0,                      "ms",    "",      false },
        { 1,                       1,                       0,                      "us",    "",      false },
};
/* clang-format on */

static int amount_format(uint64_t n, const char *unit, bool word, char **ret) {
        const char *plural = word && n != 1 ? "s" : "";

        return asprintf(ret, "%" PRIu64 "%s%s%s", n, word ? " " : "", unit, plural);
}

char *stamp_format_distance(uint64_t realtime_usec, uint64_t realtime_now_usec) {
        bool left = realtime_usec > realtime_now_usec;
        uint64_t distance = left ? realtime_usec - realtime_now_usec
                                 : realtime_now_usec - realtime_usec;
        const char *when = left ? "left" : "ago";
        _cleanup_free_ char *first = NULL, *second = NULL;
        char *text = NULL;
        size_t i = 0;
        int r;

        if (distance == 0)
                return strdup("now");
        while (distance < distances[i].from_usec) /* the last row holds for whatever is not 0 */
                i++;

        uint64_t rest = distance % distances[i].first_usec;
        r = amount_format(distance / distances[i].first_usec,
                        distances[i].first,
                        distances[i].words,
                        &first);
        if (r >= 0 && distances[i].second_usec > 0)
                r = amount_format(rest / distances[i].second_usec,
                                distances[i].second,
                                distances[i].words,
                                &second);
        if (r < 0)
                return NULL;
        r = asprintf(&text, "%s%s%s %s", first, second ? " " : "", second ?: "", when);
        return r < 0 ? NULL : text;
}
