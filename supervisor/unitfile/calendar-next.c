/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/zone.h"
#include "unitfile/calendar-internal.h"

/*
 * The next time, in two steps: among the dates and times that a calendar and a clock on a wall can show, which is
 * arithmetic; and from there to the time that it is, which is the zone's business. What the zone's clocks never show
 * is passed over.
 */

/* What clocks do not show, passed over by the minute and, for want of daylight saving time, by the half hour: more
 * than a year of it. */
#define ATTEMPTS_MAX 20000U

typedef struct Wall {
        int year, month, day, hour, minute, usec;
} Wall;

/* ---- fields ---------------------------------------------------------------------------------------- */

/* The first value from @from on; INT32_MAX: none. */
static int field_next(const CalendarField *f, int from) {
        int best = INT32_MAX;

        if (f->n_parts == 0)
                return from;
        for (size_t i = 0; i < f->n_parts; i++) {
                const CalendarPart *p = &f->parts[i];
                int value = p->start;

                if (value < from && p->step == 0)
                        continue;
                if (value < from)
                        value += (from - value + p->step - 1) / p->step * p->step;
                if (p->stop >= 0 && value > p->stop)
                        continue;
                best = MIN(best, value);
        }
        return best;
}

static int days_in_month(int year, int month) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return days[month - 1] + (month == 2 && leap);
}

/* The same for days that are counted from the end of the month: the end of a range comes first. */
static int day_next_from_end(const CalendarField *f, int from, int n_days) {
        int best = INT32_MAX;

        for (size_t i = 0; i < f->n_parts; i++) {
                CalendarPart p = f->parts[i];
                int start = n_days + 1 - p.start;

                if (p.stop >= 0) {
                        p.start = n_days + 1 - p.stop;
                        p.stop = start;
                } else
                        p.start = start;
                best = MIN(best, field_next(&(CalendarField) { .parts = &p, .n_parts = 1 }, from));
        }
        return best;
}

/* 0: Monday */
static int weekday_of(int year, int month, int day) {
        static const int offsets[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };

        if (month < 3)
                year--;
        return (year + year / 4 - year / 100 + year / 400 + offsets[month - 1] + day + 6) % 7;
}

/* ---- what a wall can show --------------------------------------------------------------------------- */

/* From @w's day on, within its month. */
static bool day_next(const Calendar *c, Wall *w) {
        const CalendarField *f = &c->fields[CALENDAR_DAY];
        int n_days = days_in_month(w->year, w->month);

        while (w->day <= n_days) {
                w->day = c->from_month_end ? day_next_from_end(f, w->day, n_days)
                                           : field_next(f, w->day);
                if (w->day > n_days)
                        return false;
                if (c->weekdays == 0 || c->weekdays & 1U << weekday_of(w->year, w->month, w->day))
                        return true;
                w->day++;
        }
        return false;
}

/* From @w's date on. */
static bool date_next(const Calendar *c, Wall *w) {
        for (;;) {
                int year = field_next(&c->fields[CALENDAR_YEAR], w->year);
                if (year > CALENDAR_YEAR_MAX)
                        return false;
                if (year > w->year)
                        w->month = w->day = 1;
                w->year = year;

                int month = field_next(&c->fields[CALENDAR_MONTH], w->month);
                if (month > 12) {
                        w->year++;
                        w->month = w->day = 1;
                        continue;
                }
                if (month > w->month)
                        w->day = 1;
                w->month = month;
                if (day_next(c, w))
                        return true;
                w->day = 1;
                w->month++;
                if (w->month > 12) {
                        w->year++;
                        w->month = 1;
                }
        }
}

/* From @w's time on, on the same day. */
static bool time_next(const Calendar *c, Wall *w) {
        for (;;) {
                int hour = field_next(&c->fields[CALENDAR_HOUR], w->hour);
                if (hour > 23)
                        return false;
                if (hour > w->hour)
                        w->minute = w->usec = 0;
                w->hour = hour;

                int minute = field_next(&c->fields[CALENDAR_MINUTE], w->minute);
                if (minute > 59) {
                        w->hour++;
                        w->minute = w->usec = 0;
                        continue;
                }
                if (minute > w->minute)
                        w->usec = 0;
                w->minute = minute;

                int usec = field_next(&c->fields[CALENDAR_SECOND], w->usec);
                if (usec < 60 * CALENDAR_USEC) {
                        w->usec = usec;
                        return true;
                }
                w->minute++;
                w->usec = 0;
        }
}

/* From @w on, itself included. */
static bool wall_next(const Calendar *c, Wall *w) {
        Wall date = *w;

        if (!date_next(c, &date))
                return false;
        if (memcmp(&date, w, sizeof(date)) == 0) {
                if (time_next(c, w))
                        return true;
                date = (Wall) { .year = w->year, .month = w->month, .day = w->day + 1 };
                if (!date_next(c, &date))
                        return false;
        }
        date.hour = date.minute = date.usec = 0;
        *w = date;
        return time_next(c, w);
}

/* ---- what the zone's clocks show -------------------------------------------------------------------- */

static bool wall_at(uint64_t usec, Wall *ret) {
        struct tm tm;

        if (!zone_local((int64_t) (usec / USEC_PER_SEC), &tm))
                return false;
        *ret = (Wall) {
                .year = tm.tm_year + 1900,
                .month = tm.tm_mon + 1,
                .day = tm.tm_mday,
                .hour = tm.tm_hour,
                .minute = tm.tm_min,
                .usec = tm.tm_sec * CALENDAR_USEC + (int) (usec % USEC_PER_SEC),
        };
        return true;
}

/* The first time from @from_usec on at which clocks show @w. */
static int wall_instant(const Wall *w, int summer, uint64_t from_usec, uint64_t *ret_usec) {
        struct tm tm = {
                .tm_year = w->year - 1900,
                .tm_mon = w->month - 1,
                .tm_mday = w->day,
                .tm_hour = w->hour,
                .tm_min = w->minute,
                .tm_sec = w->usec / CALENDAR_USEC,
        };
        uint64_t fraction = (uint64_t) (w->usec % CALENDAR_USEC);
        int64_t sec = 0;

        /* The second of @from_usec itself will do if the fraction does. */
        int64_t after = (int64_t) (from_usec / USEC_PER_SEC) -
                        (fraction >= from_usec % USEC_PER_SEC ? 1 : 0);
        int r = zone_instant(&tm, summer, after, &sec);
        if (r >= 0)
                *ret_usec = (uint64_t) sec * USEC_PER_SEC + fraction;
        return r;
}

/* Behind what is not shown. Days that there are not are found to be none. */
static void wall_skip(Wall *w, int minutes) {
        w->usec = 0;
        w->minute += minutes - w->minute % minutes;
        if (w->minute < 60)
                return;
        w->minute = 0;
        if (++w->hour < 24)
                return;
        w->hour = 0;
        w->day++;
}

int calendar_next(const Calendar *c, uint64_t after_usec, uint64_t *ret_usec) {
        _cleanup_(zone_leave) ZoneScope scope = {};
        uint64_t from_usec = usec_add(after_usec, 1);
        Wall w;

        if (after_usec >= INT64_MAX)
                return -ENOENT;
        int r = zone_enter(c->utc ? "UTC" : c->zone, &scope);
        if (r < 0)
                return r;
        if (!wall_at(from_usec, &w))
                return -ENOENT;
        for (unsigned i = 0; i < ATTEMPTS_MAX && wall_next(c, &w); i++) {
                r = wall_instant(&w, c->summer, from_usec, ret_usec);
                if (r >= 0)
                        return 0;
                wall_skip(&w, c->summer >= 0 ? 30 : 1);
        }
        return -ENOENT;
}
