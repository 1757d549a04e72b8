/* SPDX-License-Identifier: MIT */
/*
 * What expressions of time mean: of calendars, spans and points in time. Printed as systemd-analyze does it, so that
 * whoever reads that reads this.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"
#include "ctl/json-output.h"
#include "ctl/time-words.h"
#include "ctl/verbs.h"
#include "supd/exit-status.h"
#include "unitfile/calendar.h"
#include "unitfile/value.h"

#define LABEL_WIDTH 15 /* of "Normalized form" */

/* One word. Prints, or adds to @list. Return: 0; -EINVAL once it has said what is wrong; -ENOMEM. */
typedef int (*ShowHandler)(Context *c, const char *word, uint64_t now_usec, json_t *list);

static void print_line(Context *c, const char *label, const char *text) {
        fprintf(c->out, "%*s: %s\n", LABEL_WIDTH, label, text);
}

static int print_stamp(Context *c, const char *label, uint64_t usec) {
        _cleanup_free_ char *stamp = stamp_format(usec);

        if (!stamp)
                return -ENOMEM;
        print_line(c, label, stamp);
        return 0;
}

/* In UTC, too, where the machine's clocks show something else. */
static int print_moment(Context *c, const char *label, uint64_t usec) {
        _cleanup_(zone_leave) ZoneScope scope = {};

        int r = print_stamp(c, label, usec);
        if (r < 0 || zone_is_utc())
                return r;
        r = zone_enter("UTC", &scope);
        return r < 0 ? r : print_stamp(c, "(in UTC)", usec);
}

static int print_distance(Context *c, uint64_t usec, uint64_t now_usec) {
        _cleanup_free_ char *distance = stamp_format_distance(usec, now_usec);

        if (!distance)
                return -ENOMEM;
        print_line(c, "From now", distance);
        return 0;
}

/* ---- what is wrong ------------------------------------------------------------------------------- */

/* The verb that takes @word for what it is; NULL: none. */
static const char *find_other_verb(const char *word, uint64_t now_usec) {
        _cleanup_(calendar_freep) Calendar *calendar = NULL;
        uint64_t usec;

        return calendar_parse(word, &calendar, NULL) >= 0 ? "calendar"
               : value_parse_span(word, &usec) >= 0       ? "timespan"
               : time_parse(word, now_usec, &usec) >= 0   ? "timestamp"
                                                          : NULL;
}

static int refuse(const char *word, const char *problem, uint64_t now_usec) {
        const char *verb = find_other_verb(word, now_usec);
        _cleanup_free_ char *safe = terminal_text(word);

        if (!safe)
                return -ENOMEM;
        fprintf(stderr,
                        "supctl: '%s' %s%s%s%s\n",
                        safe,
                        problem,
                        verb ? "; did you mean 'supctl analyze " : "",
                        verb ?: "",
                        verb ? "'?" : "");
        return -EINVAL;
}

/* ---- calendar ------------------------------------------------------------------------------------ */

static int print_elapse(Context *c, unsigned i, uint64_t usec, uint64_t now_usec) {
        _cleanup_free_ char *label =
                        i == 0 ? strdup("Next elapse") : str_printf("Iter. #%u", i + 1);

        int r = label ? print_moment(c, label, usec) : -ENOMEM;
        return r < 0 ? r : print_distance(c, usec, now_usec);
}

/* None at all is no failure. Each is printed, or added to @next. */
static int show_elapses(Context *c, const Calendar *calendar, uint64_t now_usec, json_t *next) {
        uint64_t usec = c->options->base_usec == UINT64_MAX ? now_usec : c->options->base_usec;

        for (unsigned i = 0; i < c->options->iterations; i++) {
                int r = calendar_next(calendar, usec, &usec);

                if (r == -ENOENT) {
                        if (i == 0 && !next)
                                print_line(c, "Next elapse", "never");
                        return 0;
                }
                if (r >= 0 && !next)
                        r = print_elapse(c, i, usec, now_usec);
                if (r >= 0 && next &&
                                json_array_append_new(next, json_integer((json_int_t) usec)) < 0)
                        r = -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int show_calendar(Context *c, const char *word, uint64_t now_usec, json_t *list) {
        _cleanup_(calendar_freep) Calendar *calendar = NULL;
        const char *problem = NULL;

        int r = calendar_parse(word, &calendar, &problem);
        if (r == -EINVAL)
                return refuse(word, problem, now_usec);
        if (r < 0)
                return r;
        _cleanup_free_ char *normal = calendar_format(calendar);
        if (!normal)
                return -ENOMEM;

        if (!list) {
                if (!str_equal(word, normal))
                        print_line(c, "Original form", word);
                print_line(c, "Normalized form", normal);
                return show_elapses(c, calendar, now_usec, NULL);
        }
        json_t *next = json_array(); /* borrowed once it is in the entry */
        json_t *entry = json_pack("{s:o, s:s, s:o}",
                        "Original",
                        json_from_text(word, strlen(word)),
                        "Normalized",
                        normal,
                        "Next",
                        next);
        if (!entry || json_array_append_new(list, entry) < 0)
                return -ENOMEM;
        return show_elapses(c, calendar, now_usec, next);
}

/* ---- timespan ------------------------------------------------------------------------------------ */

static int show_span(Context *c, const char *word, uint64_t now_usec, json_t *list) {
        uint64_t usec;

        if (value_parse_span(word, &usec) < 0)
                return refuse(word, "is no span of time, such as '1h 30min'", now_usec);
        _cleanup_free_ char *human = span_format_exact(usec);
        if (!human)
                return -ENOMEM;

        if (!list) {
                fprintf(c->out,
                                "Original: %s\n      \xce\xbcs: %" PRIu64 "\n   Human: %s\n",
                                word,
                                usec,
                                human);
                return 0;
        }
        json_t *entry = json_pack("{s:o, s:o, s:s}",
                        "Original",
                        json_from_text(word, strlen(word)),
                        "USec",
                        usec == USEC_INFINITY ? json_null() : json_integer((json_int_t) usec),
                        "Human",
                        human);
        return entry && json_array_append_new(list, entry) >= 0 ? 0 : -ENOMEM;
}

/* ---- timestamp ----------------------------------------------------------------------------------- */

static int print_timestamp(Context *c, const char *word, uint64_t usec, uint64_t now_usec) {
        uint64_t fraction = usec % USEC_PER_SEC;

        print_line(c, "Original form", word);
        int r = print_moment(c, "Normalized form", usec);
        if (r < 0)
                return r;
        fprintf(c->out, "%*s: @%" PRIu64, LABEL_WIDTH, "UNIX seconds", usec / USEC_PER_SEC);
        if (fraction > 0)
                fprintf(c->out, ".%06" PRIu64, fraction);
        fputc('\n', c->out);
        return print_distance(c, usec, now_usec);
}

static int show_timestamp(Context *c, const char *word, uint64_t now_usec, json_t *list) {
        uint64_t usec;

        if (time_parse(word, now_usec, &usec) < 0)
                return refuse(word,
                                "is no point in time, such as '2026-11-22 02:18' or '10 min ago'",
                                now_usec);
        if (!list)
                return print_timestamp(c, word, usec, now_usec);

        _cleanup_free_ char *normal = stamp_format(usec);
        json_t *entry = normal ? json_pack("{s:o, s:s, s:I}",
                                                 "Original",
                                                 json_from_text(word, strlen(word)),
                                                 "Normalized",
                                                 normal,
                                                 "USec",
                                                 (json_int_t) usec)
                               : NULL;
        return entry && json_array_append_new(list, entry) >= 0 ? 0 : -ENOMEM;
}

/* ---- the verbs ----------------------------------------------------------------------------------- */

/* Words that are wrong keep the others from nothing. */
static int show_all(Context *c, char *const *words, ShowHandler show) {
        json_t *list = c->options->json ? json_array() : NULL;
        uint64_t now_usec = clock_realtime_usec();
        int r = c->options->json && !list ? -ENOMEM : 0;
        bool bad = false;

        for (char *const *word = words; r >= 0 && *word; word++) {
                if (!list && word != words)
                        fputc('\n', c->out);
                r = show(c, *word, now_usec, list);
                bad = bad || r == -EINVAL;
                r = r == -EINVAL ? 0 : r;
        }
        if (r >= 0 && list)
                r = json_print(list, c->out);
        else
                json_decref(list);
        return r < 0 ? r : bad ? SUPCTL_EXIT_FAILURE : SUPCTL_EXIT_SUCCESS;
}

int verb_analyze_calendar(Context *c, char *const *words, Error *error) {
        (void) error; /* what is wrong is printed */
        return show_all(c, words, show_calendar);
}

int verb_analyze_timespan(Context *c, char *const *words, Error *error) {
        (void) error;
        return show_all(c, words, show_span);
}

int verb_analyze_timestamp(Context *c, char *const *words, Error *error) {
        (void) error;
        return show_all(c, words, show_timestamp);
}
