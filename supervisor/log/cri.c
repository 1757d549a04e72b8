/* SPDX-License-Identifier: MIT */
#include "log/cri.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* The unread rest of a record. */
typedef struct Cursor {
        const char *p, *end;
} Cursor;

static bool take_char(Cursor *c, char wanted) {
        if (c->p == c->end || *c->p != wanted)
                return false;
        c->p++;
        return true;
}

static bool take_digits(Cursor *c, unsigned n, int *ret) {
        int value = 0;

        for (; n > 0; n--, c->p++) {
                if (c->p == c->end || *c->p < '0' || *c->p > '9')
                        return false;
                value = value * 10 + (*c->p - '0');
        }
        *ret = value;
        return true;
}

/* ".123456789", of which microseconds are kept; may be absent. */
static bool take_fraction(Cursor *c, uint64_t *ret_usec) {
        uint64_t unit = USEC_PER_SEC, usec = 0;
        int digit;

        if (take_char(c, '.')) {
                if (!take_digits(c, 1, &digit))
                        return false;
                do {
                        unit /= 10;
                        usec += (uint64_t) digit * unit;
                } while (take_digits(c, 1, &digit));
        }
        *ret_usec = usec;
        return true;
}

/* "Z", "+02:00", "-05:30", as seconds east. */
static bool take_zone(Cursor *c, int *ret_seconds) {
        int hours, minutes, sign;

        if (take_char(c, 'Z')) {
                *ret_seconds = 0;
                return true;
        }
        sign = take_char(c, '-') ? -1 : take_char(c, '+') ? 1 : 0;
        if (sign == 0 || !take_digits(c, 2, &hours) || !take_char(c, ':') ||
                        !take_digits(c, 2, &minutes))
                return false;
        *ret_seconds = sign * (hours * 3600 + minutes * 60);
        return true;
}

/* RFC 3339, as Go's RFC3339Nano prints it. */
static bool take_time(Cursor *c, uint64_t *ret_usec) {
        struct tm tm = {};
        uint64_t usec;
        int zone_seconds;

        if (!take_digits(c, 4, &tm.tm_year) || !take_char(c, '-') ||
                        !take_digits(c, 2, &tm.tm_mon) || !take_char(c, '-') ||
                        !take_digits(c, 2, &tm.tm_mday) || !take_char(c, 'T') ||
                        !take_digits(c, 2, &tm.tm_hour) || !take_char(c, ':') ||
                        !take_digits(c, 2, &tm.tm_min) || !take_char(c, ':') ||
                        !take_digits(c, 2, &tm.tm_sec) || !take_fraction(c, &usec) ||
                        !take_zone(c, &zone_seconds))
                return false;

        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        time_t seconds = timegm(&tm) - zone_seconds;
        if (seconds < 0)
                return false;
        *ret_usec = (uint64_t) seconds * USEC_PER_SEC + usec;
        return true;
}

static bool take_word(Cursor *c, const char *word) {
        size_t size = strlen(word);

        if ((size_t) (c->end - c->p) < size || memcmp(c->p, word, size) != 0)
                return false;
        c->p += size;
        return true;
}

int cri_parse(const char *line, size_t size, CriRecord *ret) {
        Cursor c = { .p = line, .end = line + size };
        CriRecord record = {};

        if (!take_time(&c, &record.realtime_usec))
                return -EBADMSG;

        record.is_stderr = take_word(&c, " stderr ");
        if (!record.is_stderr && !take_word(&c, " stdout "))
                return -EBADMSG;

        record.is_partial = take_char(&c, 'P');
        if (!record.is_partial && !take_char(&c, 'F'))
                return -EBADMSG;

        /* Further tags may follow after colons; an empty line may come without its blank. */
        while (c.p < c.end && *c.p != ' ')
                c.p++;
        (void) take_char(&c, ' ');

        record.text = c.p;
        record.size = (size_t) (c.end - c.p);
        *ret = record;
        return 0;
}
