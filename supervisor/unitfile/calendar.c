/* SPDX-License-Identifier: MIT */
#include "unitfile/calendar.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/zone.h"
#include "unitfile/calendar-internal.h"
#include "unitfile/text-builder.h"

#define PARTS_MAX 240U /* systemd's limit, so that what is accepted there is here */
#define WEEKDAYS 7
#define WEEKDAYS_ALL ((1U << WEEKDAYS) - 1)

/* clang-format off */
static const struct {
        int from, to;
        int width; /* digits when written */
} ranges[] = {
        [CALENDAR_YEAR]   = { CALENDAR_YEAR_MIN, CALENDAR_YEAR_MAX, 4 },
        [CALENDAR_MONTH]  = { 1, 12, 2 },
        [CALENDAR_DAY]    = { 1, 31, 2 },
        [CALENDAR_HOUR]   = { 0, 23, 2 },
        [CALENDAR_MINUTE] = { 0, 59, 2 },
        [CALENDAR_SECOND] = { 0, 60 * CALENDAR_USEC - 1, 2 },
};
static_assert(ELEMENTSOF(ranges) == _CALENDAR_FIELD_MAX, "every field has a range");

static const struct {
        const char *word, *expression;
} shorthands[] = {
        { "minutely",      "*-*-* *:*:00"                },
        { "hourly",        "*-*-* *:00:00"               },
        { "daily",         "*-*-* 00:00:00"              },
        { "weekly",        "Mon *-*-* 00:00:00"          },
        { "monthly",       "*-*-01 00:00:00"             },
        { "quarterly",     "*-01,04,07,10-01 00:00:00"   },
        { "semiannually",  "*-01,07-01 00:00:00"         },
        { "semi-annually", "*-01,07-01 00:00:00"         },
        { "biannually",    "*-01,07-01 00:00:00"         },
        { "bi-annually",   "*-01,07-01 00:00:00"         },
        { "yearly",        "*-01-01 00:00:00"            },
        { "annually",      "*-01-01 00:00:00"            },
        { "anually",       "*-01-01 00:00:00"            }, /* so misspelt in systemd */
};

static const struct {
        const char *name;
        int day;
} weekday_names[] = { /* the long ones first: they begin with the short ones */
        { "Monday",    0 }, { "Mon", 0 },
        { "Tuesday",   1 }, { "Tue", 1 },
        { "Wednesday", 2 }, { "Wed", 2 },
        { "Thursday",  3 }, { "Thu", 3 },
        { "Friday",    4 }, { "Fri", 4 },
        { "Saturday",  5 }, { "Sat", 5 },
        { "Sunday",    6 }, { "Sun", 6 },
};
/* clang-format on */

/* What is being read. */
typedef struct Input {
        const char *p;
        const char *problem; /* static; set with the first -EINVAL */
} Input;

static int refuse(Input *in, const char *problem) {
        in->problem = problem;
        return -EINVAL;
}

/* ---- numbers and lists ---------------------------------------------------------------------------- */

/* Up to six digits behind the point; the seventh rounds. */
static int parse_fraction(Input *in) {
        int value = 0, digits = 0;

        for (; isdigit((unsigned char) *in->p); in->p++, digits++) {
                if (digits < 6)
                        value = value * 10 + (*in->p - '0');
                else if (digits == 6 && *in->p >= '5')
                        value++;
        }
        for (; digits < 6; digits++)
                value *= 10;
        return value;
}

/* Of seconds: in microseconds, with a fraction. One point is a decimal one, two are a range. */
static int parse_number(Input *in, CalendarFieldId id, int *ret) {
        int value = 0;

        if (!isdigit((unsigned char) *in->p))
                return refuse(in, "has something else where a number should be");
        for (; isdigit((unsigned char) *in->p); in->p++) {
                if (__builtin_mul_overflow(value, 10, &value) ||
                                __builtin_add_overflow(value, *in->p - '0', &value))
                        return refuse(in, "has a number that is too large");
        }
        if (id == CALENDAR_SECOND) {
                int fraction = 0;

                if (in->p[0] == '.' && isdigit((unsigned char) in->p[1])) {
                        in->p++;
                        fraction = parse_fraction(in);
                }
                if (__builtin_mul_overflow(value, CALENDAR_USEC, &value) ||
                                __builtin_add_overflow(value, fraction, &value))
                        return refuse(in, "has a number that is too large");
        }
        *ret = value;
        return 0;
}

static int field_add(CalendarField *f, CalendarPart part) {
        CalendarPart *grown = realloc(f->parts, (f->n_parts + 1) * sizeof(CalendarPart));

        if (!grown)
                return -ENOMEM;
        f->parts = grown;
        f->parts[f->n_parts++] = part;
        return 0;
}

/* "5", "1..5", "0/15", "1..20/3" */
static int parse_part(Input *in, CalendarFieldId id, CalendarPart *ret) {
        CalendarPart part = { .stop = CALENDAR_OPEN };

        int r = parse_number(in, id, &part.start);
        if (r >= 0 && str_has_prefix(in->p, "..")) {
                in->p += 2;
                part.step = id == CALENDAR_SECOND ? CALENDAR_USEC : 1;
                r = parse_number(in, id, &part.stop);
        }
        if (r >= 0 && id == CALENDAR_SECOND && part.stop >= 0 && *in->p != '/' &&
                        part.stop - part.start < part.step)
                return refuse(in, "has a range of seconds that ends before the next one");
        if (r >= 0 && *in->p == '/') {
                in->p++;
                r = parse_number(in, id, &part.step);
                if (r >= 0 && part.step == 0)
                        return refuse(in, "repeats in steps of 0");
        }
        if (r < 0)
                return r;
        if (*in->p && !strchr(" ,-~:", *in->p))
                return refuse(in, "is no calendar expression, such as Mon..Fri *-*-* 08:30");
        *ret = part;
        return 0;
}

/* "*" or a list. What field it is may turn out later: @id says only if it is of seconds. */
static int parse_list(Input *in, CalendarFieldId id, CalendarField *ret) {
        if (*in->p == '*') {
                in->p++;
                return id == CALENDAR_SECOND
                                       ? field_add(ret,
                                                         (CalendarPart) { .stop = CALENDAR_OPEN,
                                                                         .step = CALENDAR_USEC })
                                       : 0;
        }
        for (;;) {
                CalendarPart part = {};

                int r = parse_part(in, id, &part);
                if (r >= 0 && ret->n_parts >= PARTS_MAX)
                        r = refuse(in, "has a list that is too long");
                if (r >= 0)
                        r = field_add(ret, part);
                if (r < 0 || *in->p != ',')
                        return r;
                in->p++;
        }
}

static void field_done(CalendarField *f) {
        free(f->parts);
        *f = (CalendarField) {};
}

static void field_take(CalendarField *to, CalendarField *from) {
        field_done(to);
        *to = *from;
        *from = (CalendarField) {};
}

/* ---- weekdays -------------------------------------------------------------------------------------- */

/* Return: how long the name is; 0 if it is none. */
static size_t weekday_find(const char *s, int *ret_day) {
        for (size_t i = 0; i < ELEMENTSOF(weekday_names); i++) {
                size_t size = strlen(weekday_names[i].name);
                if (strncasecmp(s, weekday_names[i].name, size) == 0) {
                        *ret_day = weekday_names[i].day;
                        return size;
                }
        }
        return 0;
}

/* "Mon,Wed..Fri", also "Wed-Fri" as systemd once wrote it; nothing if there is no name of a day. */
static int parse_weekdays(Input *in, Calendar *c) {
        int range_start = -1;

        for (bool first = true;; first = false) {
                int day = 0;
                size_t size = weekday_find(in->p, &day);

                if (size == 0)
                        return first ? 0
                                     : refuse(in, "has something else where a weekday should be");
                in->p += size;
                if (*in->p && !strchr("-., ", *in->p))
                        return refuse(in, "has something else where a weekday should be");
                if (range_start > day)
                        return refuse(in, "has a range of weekdays that ends before it begins");
                for (int d = range_start < 0 ? day : range_start; d <= day; d++)
                        c->weekdays |= 1U << d;

                bool range = *in->p == '-' || str_has_prefix(in->p, "..");
                if (*in->p == '\0' || *in->p == ' ')
                        break;
                if ((!range && *in->p != ',') || (range && range_start >= 0))
                        return refuse(in, "has something else than a list or range of weekdays");
                range_start = range ? day : -1;
                in->p += *in->p == '.' ? 2 : 1;
                if (*in->p == '\0' || *in->p == ' ') {
                        if (range)
                                return refuse(in, "has a range of weekdays without an end");
                        break; /* a comma may be the last */
                }
        }
        in->p += strspn(in->p, " ");
        return 0;
}

/* ---- date and time --------------------------------------------------------------------------------- */

static int set_single(Calendar *c, CalendarFieldId id, int value) {
        field_done(&c->fields[id]);
        return field_add(&c->fields[id], (CalendarPart) { .start = value, .stop = CALENDAR_OPEN });
}

static int set_time(Calendar *c, int hour, int minute, int second) {
        int r = set_single(c, CALENDAR_HOUR, hour);
        if (r >= 0)
                r = set_single(c, CALENDAR_MINUTE, minute);
        return r < 0 ? r : set_single(c, CALENDAR_SECOND, second * CALENDAR_USEC);
}

/* "@1395716396": seconds since 1970. */
static int parse_stamp(Input *in, Calendar *c) {
        char *end = NULL;
        struct tm tm;

        errno = 0;
        long long seconds = isdigit((unsigned char) in->p[1]) ? strtoll(in->p + 1, &end, 10) : -1;
        time_t t = (time_t) seconds;
        if (seconds < 0 || errno != 0 || *end || !gmtime_r(&t, &tm))
                return refuse(in, "is not @ and a number of seconds since 1970");
        c->utc = true;
        int r = set_single(c, CALENDAR_YEAR, tm.tm_year + 1900);
        if (r >= 0)
                r = set_single(c, CALENDAR_MONTH, tm.tm_mon + 1);
        if (r >= 0)
                r = set_single(c, CALENDAR_DAY, tm.tm_mday);
        if (r >= 0)
                r = set_time(c, tm.tm_hour, tm.tm_min, tm.tm_sec);
        in->p = end;
        return r;
}

/* The sign between month and day, or the one before it. */
static int parse_separator(Input *in, Calendar *c) {
        if (*in->p != '-' && *in->p != '~')
                return refuse(in, "is no calendar expression, such as Mon..Fri *-*-* 08:30");
        c->from_month_end = *in->p == '~';
        in->p++;
        return 0;
}

/* "MONTH-DAY", "YEAR-MONTH-DAY", "~DAY" for what is counted from the end; nothing before a time. */
static int parse_date(Input *in, Calendar *c) {
        const char *begin = in->p;
        CalendarField lists[3] = {};
        size_t n = 0;
        int r;

        if (*in->p == '\0')
                return 0;
        for (;;) {
                r = parse_list(in, CALENDAR_YEAR, &lists[n]);
                if (r < 0)
                        break;
                n++;
                bool ends = *in->p == '\0' || *in->p == ' ';
                if (n == 1 && (*in->p == '\0' || *in->p == ':')) {
                        in->p = begin; /* it was a time */
                        break;
                }
                if (n > 1 && ends) {
                        field_take(&c->fields[CALENDAR_DAY], &lists[n - 1]);
                        field_take(&c->fields[CALENDAR_MONTH], &lists[n - 2]);
                        if (n == 3)
                                field_take(&c->fields[CALENDAR_YEAR], &lists[0]);
                        in->p += strspn(in->p, " ");
                        break;
                }
                if (n == 3 || c->from_month_end) {
                        r = refuse(in, "has something else than a time behind the date");
                        break;
                }
                r = parse_separator(in, c);
                if (r < 0)
                        break;
        }
        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                field_done(&lists[i]);
        return r;
}

/* "HOUR:MINUTE[:SECOND]"; nothing is midnight. */
static int parse_time(Input *in, Calendar *c) {
        if (*in->p == '\0')
                return set_time(c, 0, 0, 0);

        for (CalendarFieldId id = CALENDAR_HOUR; id <= CALENDAR_SECOND; id++) {
                int r = parse_list(in, id, &c->fields[id]);
                if (r < 0)
                        return r;
                if (*in->p == '\0' && id == CALENDAR_MINUTE)
                        return set_single(c, CALENDAR_SECOND, 0);
                if (*in->p == '\0' && id == CALENDAR_SECOND)
                        return 0;
                if (*in->p != ':' || id == CALENDAR_SECOND)
                        break;
                in->p++;
        }
        return refuse(in, "has no time such as 08:30 or 08:30:00 at its end");
}

/* ---- zones ----------------------------------------------------------------------------------------- */

/* Does @s end with @word, after a blank? The size of what stands before them. */
static bool has_last_word(const char *s, const char *word, size_t *ret_size) {
        size_t size = strlen(s), word_size = strlen(word);

        if (word_size == 0 || size <= word_size + 1 || s[size - word_size - 1] != ' ' ||
                        strcasecmp(s + size - word_size, word) != 0)
                return false;
        *ret_size = size - word_size - 1;
        return true;
}

static int find_abbreviation(const char *s, Calendar *c, size_t *ret_size) {
        _cleanup_(zone_leave) ZoneScope scope = {};

        int r = zone_enter(/* name= */ NULL, &scope);
        for (int summer = 0; r >= 0 && summer <= 1; summer++) {
                if (!has_last_word(s, zone_abbreviation(summer), ret_size))
                        continue;
                c->summer = summer;
                return 1;
        }
        return r;
}

/* Takes the zone off the end of @s. Return: 0, and how much of @s is left; -ENOMEM. */
static int parse_zone(const char *s, Calendar *c, size_t *ret_size) {
        const char *blank = strrchr(s, ' ');

        *ret_size = strlen(s);
        if (has_last_word(s, "UTC", ret_size)) {
                c->utc = true;
                return 0;
        }
        int r = find_abbreviation(s, c, ret_size);
        if (r != 0)
                return MIN(r, 0);
        if (!blank || !zone_is_known(blank + 1))
                return 0;
        c->zone = strdup(blank + 1);
        *ret_size = (size_t) (blank - s);
        return c->zone ? 0 : -ENOMEM;
}

/* ---- checking and sorting -------------------------------------------------------------------------- */

static int part_compare(const void *a, const void *b) {
        const CalendarPart *x = a, *y = b;
        const int pairs[][2] = {
                { x->start, y->start }, { x->stop, y->stop }, { x->step, y->step }
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                if (pairs[i][0] != pairs[i][1])
                        return pairs[i][0] < pairs[i][1] ? -1 : 1;
        }
        return 0;
}

static void field_normalize(CalendarField *f) {
        size_t n = 0;

        for (size_t i = 0; i < f->n_parts; i++) {
                CalendarPart *p = &f->parts[i];
                if (p->stop > p->start && p->step > 0) /* where it really ends */
                        p->stop -= (p->stop - p->start) % p->step;
                if (p->stop == p->start)
                        *p = (CalendarPart) { .start = p->start, .stop = CALENDAR_OPEN };
        }
        if (f->n_parts < 2)
                return;
        qsort(f->parts, f->n_parts, sizeof(CalendarPart), part_compare);
        for (size_t i = 0; i < f->n_parts; i++) {
                if (n == 0 || part_compare(&f->parts[n - 1], &f->parts[i]) != 0)
                        f->parts[n++] = f->parts[i];
        }
        f->n_parts = n;
}

/* Short forms of years: 70 to 99 are of the last century, smaller ones of this one. */
static void widen_years(CalendarField *f) {
        for (size_t i = 0; i < f->n_parts; i++) {
                int *years[] = { &f->parts[i].start, &f->parts[i].stop };
                for (size_t j = 0; j < ELEMENTSOF(years); j++) {
                        if (*years[j] >= 0 && *years[j] < 100)
                                *years[j] += *years[j] < 70 ? 2000 : 1900;
                }
        }
}

/* A step must lead somewhere: of days from the end of the month it leads to it. */
static bool part_is_valid(const CalendarPart *p, int from, int to, bool backwards) {
        if (p->start < from || p->start > to || p->step > to - from)
                return false;
        if (p->stop >= 0)
                return p->stop >= from && p->stop <= to && p->start + p->step <= p->stop;
        return backwards ? p->start - p->step >= from : p->start + p->step <= to;
}

static const char *find_bad_field(const Calendar *c) {
        static const char *const problems[] = {
                [CALENDAR_YEAR] = "has a year that is not from 1970 to 2199",
                [CALENDAR_MONTH] = "has a month that is not from 1 to 12",
                [CALENDAR_DAY] = "has a day that is not from 1 to 31, or 1 to 28 from the end",
                [CALENDAR_HOUR] = "has an hour that is not from 0 to 23",
                [CALENDAR_MINUTE] = "has a minute that is not from 0 to 59",
                [CALENDAR_SECOND] = "has a second that is not from 0 to 59",
        };
        static_assert(ELEMENTSOF(problems) == _CALENDAR_FIELD_MAX, "every field has a message");

        for (CalendarFieldId id = 0; id < _CALENDAR_FIELD_MAX; id++) {
                bool backwards = id == CALENDAR_DAY && c->from_month_end;
                const CalendarField *f = &c->fields[id];

                for (size_t i = 0; i < f->n_parts; i++) {
                        if (!part_is_valid(&f->parts[i],
                                            ranges[id].from,
                                            ranges[id].to - (backwards ? 3 : 0),
                                            backwards))
                                return problems[id];
                }
        }
        return NULL;
}

static int finish(Input *in, Calendar *c) {
        if (str_equal(c->zone, "UTC")) {
                free(c->zone);
                c->zone = NULL;
                c->utc = true;
        }
        if (c->weekdays == WEEKDAYS_ALL)
                c->weekdays = 0;
        if (c->fields[CALENDAR_DAY].n_parts == 0)
                c->from_month_end = false;
        widen_years(&c->fields[CALENDAR_YEAR]);
        for (CalendarFieldId id = 0; id < _CALENDAR_FIELD_MAX; id++)
                field_normalize(&c->fields[id]);

        const char *problem = find_bad_field(c);
        return problem ? refuse(in, problem) : 0;
}

static int parse_expression(Input *in, Calendar *c) {
        if (*in->p == '\0')
                return refuse(in, "is empty");
        for (size_t i = 0; i < ELEMENTSOF(shorthands); i++) {
                if (strcasecmp(in->p, shorthands[i].word) == 0)
                        in->p = shorthands[i].expression;
        }

        int r = parse_weekdays(in, c);
        if (r >= 0 && *in->p == '@')
                return parse_stamp(in, c);
        if (r >= 0)
                r = parse_date(in, c);
        return r < 0 ? r : parse_time(in, c);
}

int calendar_parse(const char *s, Calendar **ret, const char **ret_problem) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        Input in = {};

        _cleanup_(calendar_freep) Calendar *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->summer = -1;
        int r = parse_zone(s, c, &size);
        if (r < 0)
                return r;
        text = strndup(s, size);
        if (!text)
                return -ENOMEM;
        in.p = text;
        r = parse_expression(&in, c);
        if (r >= 0)
                r = finish(&in, c);
        if (r < 0) {
                if (ret_problem)
                        *ret_problem = in.problem;
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

Calendar *calendar_free(Calendar *c) {
        if (!c)
                return NULL;

        for (CalendarFieldId id = 0; id < _CALENDAR_FIELD_MAX; id++)
                field_done(&c->fields[id]);
        free(c->zone);
        free(c);
        return NULL;
}

/* ---- writing --------------------------------------------------------------------------------------- */

static int add_text(TextBuilder *b, const char *s) {
        return text_builder_add(b, s, strlen(s));
}

static int add_number(TextBuilder *b, CalendarFieldId id, int value, int width) {
        int unit = id == CALENDAR_SECOND ? CALENDAR_USEC : 1;
        _cleanup_free_ char *text =
                        value % unit > 0
                                        ? str_printf("%0*d.%06d", width, value / unit, value % unit)
                                        : str_printf("%0*d", width, value / unit);

        return text ? add_text(b, text) : -ENOMEM;
}

static int add_part(TextBuilder *b, CalendarFieldId id, const CalendarPart *p) {
        int one = id == CALENDAR_SECOND ? CALENDAR_USEC : 1;

        int r = add_number(b, id, p->start, ranges[id].width);
        if (r >= 0 && p->stop > 0) {
                r = add_text(b, "..");
                if (r >= 0)
                        r = add_number(b, id, p->stop, ranges[id].width);
        }
        if (r < 0 || p->step == 0 || (p->stop > 0 && p->step == one))
                return r;
        r = add_text(b, "/");
        return r < 0 ? r : add_number(b, id, p->step, /* width= */ 0);
}

static bool is_every_second(const CalendarField *f) {
        return f->n_parts == 1 && f->parts[0].start == 0 && f->parts[0].step == CALENDAR_USEC &&
               f->parts[0].stop < 0;
}

static int add_field(TextBuilder *b, const Calendar *c, CalendarFieldId id) {
        const CalendarField *f = &c->fields[id];
        int r = 0;

        if (f->n_parts == 0 || (id == CALENDAR_SECOND && is_every_second(f)))
                return add_text(b, "*");
        for (size_t i = 0; i < f->n_parts && r >= 0; i++) {
                r = i > 0 ? add_text(b, ",") : 0;
                if (r >= 0)
                        r = add_part(b, id, &f->parts[i]);
        }
        return r;
}

/* Three and more in a row are a range. */
static int add_weekdays(TextBuilder *b, unsigned weekdays) {
        bool first = true;
        int r = 0;

        for (int day = 0; day < WEEKDAYS && r >= 0; day++) {
                int last = day;

                if (!(weekdays & 1U << day))
                        continue;
                while (last + 1 < WEEKDAYS && weekdays & 1U << (last + 1))
                        last++;
                if (!first)
                        r = add_text(b, ",");
                first = false;
                if (r >= 0)
                        r = text_builder_add(b, weekday_names[2 * day].name, 3);
                if (r >= 0 && last - day >= 2) {
                        r = add_text(b, "..");
                        if (r >= 0)
                                r = text_builder_add(b, weekday_names[2 * last].name, 3);
                        day = last;
                }
        }
        return r < 0 || weekdays == 0 ? r : add_text(b, " ");
}

static int add_zone(TextBuilder *b, const Calendar *c) {
        _cleanup_(zone_leave) ZoneScope scope = {};
        const char *zone = c->utc ? "UTC" : c->zone;

        int r = zone || c->summer < 0 ? 0 : zone_enter(/* name= */ NULL, &scope);
        if (!zone && c->summer >= 0)
                zone = zone_abbreviation(c->summer);
        if (r < 0 || !zone)
                return r;
        r = add_text(b, " ");
        return r < 0 ? r : add_text(b, zone);
}

char *calendar_format(const Calendar *c) {
        const char *const separators[] = {
                [CALENDAR_YEAR] = "-",
                [CALENDAR_MONTH] = c->from_month_end ? "~" : "-",
                [CALENDAR_DAY] = " ",
                [CALENDAR_HOUR] = ":",
                [CALENDAR_MINUTE] = ":",
                [CALENDAR_SECOND] = "",
        };
        static_assert(ELEMENTSOF(separators) == _CALENDAR_FIELD_MAX, "what follows each field");
        _cleanup_(text_builder_done) TextBuilder b = {};

        int r = add_weekdays(&b, c->weekdays);
        for (CalendarFieldId id = 0; id < _CALENDAR_FIELD_MAX && r >= 0; id++) {
                r = add_field(&b, c, id);
                if (r >= 0)
                        r = add_text(&b, separators[id]);
        }
        if (r >= 0)
                r = add_zone(&b, c);
        return r < 0 ? NULL : text_builder_take(&b);
}
