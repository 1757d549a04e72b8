/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>
#include <cmocka.h>

/*
 * Calendar expressions: what they are in full, and which times they mean. Beside tables, random expressions are
 * compared with systemd's own reading of them.
 */

#include "base/clock.h"
#include "base/file.h"
#include "base/macro.h"
#include "base/strv.h"
#include "base/text.h"
#include "base/zone.h"
#include "unitfile/calendar.h"

static void set_zone(const char *zone) {
        assert_int_equal(setenv("TZ", zone, 1), 0);
        tzset();
}

static int setup(void **state) {
        (void) state;
        set_zone("Europe/Berlin");
        return 0;
}

/* The expression in full, or NULL. */
static char *normalize(const char *expression) {
        Calendar *c = NULL;
        const char *problem = NULL;

        int r = calendar_parse(expression, &c, &problem);
        if (r == -EINVAL) {
                assert_non_null(problem);
                return NULL;
        }
        assert_int_equal(r, 0);
        char *text = calendar_format(c);
        assert_non_null(text);
        calendar_free(c);
        return text;
}

static void test_every_form_of_the_manual_is_written_in_full(void **state) {
        /* clang-format off */
        static const struct { const char *expression, *full; } rows[] = {
                /* systemd.time(7) */
                { "Sat,Thu,Mon..Wed,Sat..Sun",  "Mon..Thu,Sat,Sun *-*-* 00:00:00" },
                { "Mon,Sun 12-*-* 2,1:23",      "Mon,Sun 2012-*-* 01,02:23:00" },
                { "Wed *-1",                    "Wed *-*-01 00:00:00" },
                { "Wed..Wed,Wed *-1",           "Wed *-*-01 00:00:00" },
                { "Wed, 17:48",                 "Wed *-*-* 17:48:00" },
                { "Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03" },
                { "*-*-7 0:0:0",                "*-*-07 00:00:00" },
                { "10-15",                      "*-10-15 00:00:00" },
                { "monday *-12-* 17:00",        "Mon *-12-* 17:00:00" },
                { "Mon,Fri *-*-3,1,2 *:30:45",  "Mon,Fri *-*-01,02,03 *:30:45" },
                { "12,14,13,12:20,10,30",       "*-*-* 12,13,14:10,20,30:00" },
                { "12..14:10,20,30",            "*-*-* 12..14:10,20,30:00" },
                { "mon,fri *-1/2-1,3 *:30:45",  "Mon,Fri *-01/2-01,03 *:30:45" },
                { "03-05 08:05:40",             "*-03-05 08:05:40" },
                { "08:05:40",                   "*-*-* 08:05:40" },
                { "05:40",                      "*-*-* 05:40:00" },
                { "Sat,Sun 12-05 08:05:40",     "Sat,Sun *-12-05 08:05:40" },
                { "Sat,Sun 08:05:40",           "Sat,Sun *-*-* 08:05:40" },
                { "2003-03-05 05:40",           "2003-03-05 05:40:00" },
                { "05:40:23.4200004/3.1700005", "*-*-* 05:40:23.420000/3.170001" },
                { "2003-02..04-05",             "2003-02..04-05 00:00:00" },
                { "2003-03-05 05:40 UTC",       "2003-03-05 05:40:00 UTC" },
                { "2003-03-05",                 "2003-03-05 00:00:00" },
                { "03-05",                      "*-03-05 00:00:00" },
                { "hourly",                     "*-*-* *:00:00" },
                { "daily",                      "*-*-* 00:00:00" },
                { "daily UTC",                  "*-*-* 00:00:00 UTC" },
                { "monthly",                    "*-*-01 00:00:00" },
                { "weekly",                     "Mon *-*-* 00:00:00" },
                { "weekly Pacific/Auckland",    "Mon *-*-* 00:00:00 Pacific/Auckland" },
                { "yearly",                     "*-01-01 00:00:00" },
                { "annually",                   "*-01-01 00:00:00" },
                { "quarterly",                  "*-01,04,07,10-01 00:00:00" },
                { "semiannually",               "*-01,07-01 00:00:00" },
                { "minutely",                   "*-*-* *:*:00" },
                { "*:2/3",                      "*-*-* *:02/3:00" },
                /* and what follows from it */
                { "*:*:*",                      "*-*-* *:*:*" },
                { "Mon..Sun",                   "*-*-* 00:00:00" },
                { "mon-fri",                    "Mon..Fri *-*-* 00:00:00" },
                { "*-02~03",                    "*-02~03 00:00:00" },
                { "Mon *-05~07/1",              "Mon *-05~07/1 00:00:00" },
                { "*-*~*",                      "*-*-* 00:00:00" },
                { "*-*-1..8/3",                 "*-*-01..07/3 00:00:00" },
                { "99-1-1",                     "1999-01-01 00:00:00" },
                { "@1395716396",                "2014-03-25 02:59:56 UTC" },
                { "12:00 CET",                  "*-*-* 12:00:00 CET" },
                { "12:00 Etc/UTC",              "*-*-* 12:00:00 Etc/UTC" },
        };
        /* clang-format on */

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *full = normalize(rows[i].expression);
                if (!str_equal(full, rows[i].full))
                        fail_msg("%s: %s", rows[i].expression, full ?: "refused");
                _cleanup_free_ char *again = normalize(full);
                assert_string_equal(again, full);
        }
}

static void test_what_is_no_expression_is_refused_with_the_reason(void **state) {
        /* clang-format off */
        static const struct { const char *expression, *problem; } rows[] = {
                { "",                   "is empty" },
                { "*/5",                "is no calendar expression" },
                { "5",                  "time" },
                { "Mon..",              "without an end" },
                { "Sat..Mon",           "ends before it begins" },
                { "Mon,Tues 10:00",     "weekday" },
                { "10:00-11:00",        "time" },
                { "24:00",              "hour" },
                { "10:60",              "minute" },
                { "10:00:61",           "second" },
                { "*-13-01",            "month" },
                { "*-02-32",            "day" },
                { "*-02~29",            "day" },
                { "1969-01-01",         "year" },
                { "2200-01-01",         "year" },
                { "10:0/0",             "steps of 0" },
                { "10:0/60",            "minute" },
                { "10:30..10",          "minute" },
                { "1,:00",              "number" },
                { "99999999999:00",     "too large" },
                { "12:00 Nowhere/City", "" },
                { "12:00 ../etc/passwd", "" },
                { "@-5",                "seconds since" },
                { "@5x",                "seconds since" },
                { "2020~01-05",         "behind the date" },
                { "every day",          "number" },
        };
        /* clang-format on */

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Calendar *c = NULL;
                const char *problem = NULL;

                if (calendar_parse(rows[i].expression, &c, &problem) != -EINVAL)
                        fail_msg("'%s' is accepted", rows[i].expression);
                if (!problem || !strstr(problem, rows[i].problem))
                        fail_msg("'%s': %s", rows[i].expression, problem ?: "no reason");
        }
}

static void test_a_list_has_a_limit(void **state) {
        char text[2000] = "";
        size_t size = 0;

        (void) state;
        for (int i = 0; i < 300; i++)
                size += (size_t) snprintf(text + size, sizeof(text) - size, "%d,", i % 24);
        (void) snprintf(text + size, sizeof(text) - size, "1:00");
        assert_null(normalize(text));
}

/* ---- times ----------------------------------------------------------------------------------------- */

/* "2026-03-29 01:30:00" in UTC */
static uint64_t stamp(const char *s) {
        struct tm tm = {};

        const char *end = strptime(s, "%Y-%m-%d %H:%M:%S", &tm);
        assert_non_null(end);
        uint64_t usec = (uint64_t) timegm(&tm) * USEC_PER_SEC;
        return *end == '.' ? usec + strtoull(end + 1, NULL, 10) : usec;
}

static void assert_next(const char *expression, const char *after, const char *wanted) {
        Calendar *c = NULL;
        uint64_t next = 0;

        assert_int_equal(calendar_parse(expression, &c, NULL), 0);
        int r = calendar_next(c, stamp(after), &next);
        calendar_free(c);
        if (!wanted) {
                assert_int_equal(r, -ENOENT);
                return;
        }
        assert_int_equal(r, 0);
        if (next != stamp(wanted))
                fail_msg("%s after %s: %llu, not %llu",
                                expression,
                                after,
                                (unsigned long long) next,
                                (unsigned long long) stamp(wanted));
}

static void test_the_next_time_is_after_the_given_one(void **state) {
        (void) state;
        assert_next("2026-06-01 12:00 UTC", "2026-06-01 11:59:59", "2026-06-01 12:00:00");
        assert_next("2026-06-01 12:00 UTC", "2026-06-01 12:00:00", NULL);
        assert_next("*:*:* UTC", "2026-06-01 12:00:00.000001", "2026-06-01 12:00:01");
        assert_next("*:*:0.5/0.25 UTC", "2026-06-01 12:00:00.500000", "2026-06-01 12:00:00.750000");
        assert_next("*:*:0.5/0.25 UTC", "2026-06-01 12:00:59.750000", "2026-06-01 12:01:00.500000");
        assert_next("*-02-29 UTC", "2026-06-01 00:00:00", "2028-02-29 00:00:00");
        assert_next("Mon *-02-29 UTC", "2026-06-01 00:00:00", "2044-02-29 00:00:00");
        assert_next("*-*~1 UTC", "2026-02-01 00:00:00", "2026-02-28 00:00:00");
        assert_next("Mon *-05~07/1 UTC", "2026-02-01 00:00:00", "2026-05-25 00:00:00");
        assert_next("*-12-31 23:59:59 UTC", "2026-12-31 23:59:59", "2027-12-31 23:59:59");
        assert_next("12:00 America/New_York", "2026-06-01 00:00:00", "2026-06-01 16:00:00");
        assert_next("12:00", "2026-06-01 00:00:00", "2026-06-01 10:00:00");
}

static void test_what_never_comes_is_found_out_in_bounded_time(void **state) {
        static const char *const never[] = { "*-02-30",
                "*-02,04,06,09,11-31",
                "*-04-31 *:*:*",
                "Tue 2026-06-01",
                "2000-*-*",
                "*-02-30 12:00 CET",
                "2200..2199-1-1" };
        uint64_t begin = clock_monotonic_usec();

        (void) state;
        for (size_t i = 0; i + 1 < ELEMENTSOF(never); i++)
                assert_next(never[i], "2026-06-01 12:00:00", NULL);
        assert_null(normalize(never[ELEMENTSOF(never) - 1]));
        assert_true(clock_monotonic_usec() - begin < 10 * USEC_PER_SEC);
}

static void test_times_that_clocks_are_put_forward_over_do_not_come(void **state) {
        (void) state;
        /* 02:00 CET is followed by 03:00 CEST, at 01:00 UTC. */
        assert_next("02:30", "2026-03-29 00:30:00", "2026-03-30 00:30:00");
        assert_next("*:30", "2026-03-29 00:30:00", "2026-03-29 01:30:00");
        assert_next("*:0/20", "2026-03-29 00:40:00", "2026-03-29 01:00:00");
        assert_next("*-03-29 02:30", "2026-03-29 00:30:00", "2027-03-29 00:30:00");
}

static void test_of_times_that_clocks_show_twice_the_first_one_counts(void **state) {
        (void) state;
        /* 03:00 CEST is followed by 02:00 CET, at 01:00 UTC. */
        assert_next("02:30", "2026-10-25 00:00:00", "2026-10-25 00:30:00");
        assert_next("02:30", "2026-10-25 00:30:00", "2026-10-26 01:30:00");
        /* Who was away then gets the second one, and never a time that is over. */
        assert_next("02:30", "2026-10-25 01:10:00", "2026-10-25 01:30:00");
        assert_next("*:0/20", "2026-10-25 01:10:00", "2026-10-25 01:20:00");
}

static void test_an_abbreviation_means_its_half_of_the_year(void **state) {
        (void) state;
        assert_next("12:00 CEST", "2026-06-01 00:00:00", "2026-06-01 10:00:00");
        assert_next("12:00 CET", "2026-06-01 00:00:00", "2026-10-25 11:00:00");
        assert_next("02:30 CET", "2026-10-25 00:00:00", "2026-10-25 01:30:00");
}

static void test_a_whole_day_that_a_zone_leaves_out_does_not_come(void **state) {
        (void) state;
        /* Samoa went from the 29th to the 31st. */
        assert_next("*-*-30 12:00 Pacific/Apia", "2011-12-01 00:00:00", "2012-01-29 22:00:00");
        assert_next("12:00 Pacific/Apia", "2011-12-29 22:00:00", "2011-12-30 22:00:00");
}

static void test_asking_in_another_zone_leaves_local_time_as_it_was(void **state) {
        struct tm tm;

        (void) state;
        assert_next("12:00 Asia/Tokyo", "2026-06-01 00:00:00", "2026-06-01 03:00:00");
        assert_string_equal(getenv("TZ"), "Europe/Berlin");
        assert_true(zone_local(0, &tm));
        assert_int_equal(tm.tm_hour, 1);
}

/* ---- compared with systemd --------------------------------------------------------------------------- */

#define SYSTEMD_ANALYZE "/usr/bin/systemd-analyze"
#define BATCH 40U
#define ITERATIONS 4

/* systemd 252 errs now and then, near changes of clocks and where steps of seconds lead out of the minute. Of another
 * seed such a case may be found. */
static uint64_t random_state = 1;

#define TEXT_SIZE 2000U

/* To a text of TEXT_SIZE. */
_printf_(2, 3) static void append(char *text, const char *format, ...) {
        size_t size = strlen(text);
        va_list ap;

        va_start(ap, format);
        int n = vsnprintf(text + size, TEXT_SIZE - size, format, ap);
        va_end(ap);
        assert_true(n >= 0 && (size_t) n < TEXT_SIZE - size);
}

static unsigned random_below(unsigned n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (unsigned) (random_state % n);
}

static void add_number(char *text, unsigned from, unsigned to) {
        append(text, "%u", from + random_below(to - from + 1));
}

/* Mostly such as make sense. */
static void add_list(char *text, unsigned from, unsigned to, bool fractions) {
        if (random_below(3) == 0) {
                append(text, "*");
                return;
        }
        for (unsigned n = 1 + random_below(random_below(3) + 1); n > 0; n--) {
                unsigned kind = random_below(8);
                add_number(text, from, to);
                if (fractions && random_below(4) == 0)
                        append(text, ".25");
                if (kind == 0 || kind == 1) {
                        append(text, "..");
                        add_number(text, (from + to) / 2, to);
                }
                if (kind == 1 || kind == 2) {
                        append(text, "/");
                        add_number(text, random_below(20) > 0, (to - from) / 2 + 1);
                }
                if (n > 1)
                        append(text, ",");
        }
}

static void make_expression(char *text) {
        static const char *const days[] = { "Mon", "tue", "Wednesday", "Thu", "Fri", "sat", "Sun" };
        static const char *const zones[] = { " UTC",
                " America/New_York",
                " Australia/Lord_Howe",
                " Asia/Kolkata",
                " Nowhere/City" };
        bool date = random_below(2), time = random_below(3) > 0;

        *text = '\0';
        if (random_below(4) == 0 || (!date && !time)) {
                for (unsigned n = 1 + random_below(3); n > 0; n--) {
                        unsigned day = random_below(7);
                        append(text, "%s", days[day]);
                        if (random_below(3) == 0) {
                                append(text, "..");
                                append(text,
                                                "%s",
                                                days[random_below(10) > 0 ? MIN(day + 2, 6U) : 0]);
                        }
                        if (n > 1)
                                append(text, ",");
                }
                if (date || time)
                        append(text, " ");
        }
        if (date) {
                if (random_below(2)) {
                        add_list(text, 2020, 2030, false);
                        append(text, "-");
                }
                add_list(text, 1, random_below(20) > 0 ? 12 : 13, false);
                bool backwards = random_below(4) == 0;
                append(text, "%s", backwards ? "~" : "-");
                /* systemd takes three from the limit of 31 for each in the list. */
                add_list(text, 1, backwards ? 22 : 31, false);
                if (time)
                        append(text, " ");
        }
        if (time) {
                add_list(text, 0, 23, false);
                append(text, ":");
                add_list(text, 0, 59, false);
                if (random_below(2)) {
                        append(text, ":");
                        add_list(text, 0, 59, true);
                }
        }
        if (random_below(4) == 0)
                append(text, "%s", zones[random_below(ELEMENTSOF(zones))]);
}

/* Not inline: gcc 12 takes the variable that is returned for one that dies. */
__attribute__((noinline)) static char *run_systemd(char *const *argv) {
        /* With all of its output read, how it ended does not matter: by 1 if it refused one. */
        posix_spawn_file_actions_t actions;
        int fds[2], status = 0;
        char *text = NULL;
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], 1), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], 2), 0);
        assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        (void) close(fds[1]);
        int r = file_read_fd(fds[0], 10000000, &text, NULL);
        assert_int_equal(r, 0);
        (void) close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return text;
}

/* What systemd-analyze says of an expression: the full form, and times in UTC, without the rest. */
static void systemd_says(const char *output, const char *expression, char *text) {
        /* What is in full already has no original form. */
        _cleanup_free_ char *head = str_printf("Original form: %s\n", expression);
        _cleanup_free_ char *full = str_printf("Normalized form: %s\n", expression);
        assert_non_null(head);
        assert_non_null(full);
        const char *p = strstr(output, head);
        p = p ? p + strlen(head) : strstr(output, full);
        *text = '\0';
        if (!p) {
                _cleanup_free_ char *failed = str_printf("next elapse for '%s'", expression);
                append(text, "%s", strstr(output, failed) ? "gave up" : "refused");
                return;
        }
        const char *end = strstr(p, "\n\n");
        for (; *p && (!end || p < end); p += strcspn(p, "\n"), p += *p == '\n') {
                int size = (int) strcspn(p, "\n");
                const char *colon = memchr(p, ':', (size_t) size);
                bool next = strstr(p, "Next elapse: ") && strstr(p, "Next elapse: ") < p + size;

                if (!colon)
                        continue;
                colon += 2;
                size -= (int) (colon - p);
                if (strstr(p, "Normalized form: ") && strstr(p, "Normalized form: ") < colon)
                        append(text, "%.*s;", size, colon);
                else if (next && strncmp(colon, "never", 5) == 0)
                        append(text, "never;");
                else if (strstr(p, "(in UTC): ") && strstr(p, "(in UTC): ") < colon)
                        append(text, "%.*s;", size, colon);
        }
}

static void we_say(const char *expression, uint64_t after, char *text) {
        Calendar *c = NULL;

        *text = '\0';
        if (calendar_parse(expression, &c, NULL) < 0) {
                append(text, "refused");
                return;
        }
        _cleanup_free_ char *full = calendar_format(c);
        assert_non_null(full);
        append(text, "%s;", full);
        for (int i = 0; i < ITERATIONS; i++) {
                uint64_t next = 0;
                struct tm tm;
                int r = calendar_next(c, after, &next);

                if (r < 0) {
                        assert_int_equal(r, -ENOENT);
                        append(text, "%s", i == 0 ? "never;" : "");
                        break;
                }
                assert_true(next > after);
                after = next;
                time_t t = (time_t) (next / USEC_PER_SEC);
                assert_non_null(gmtime_r(&t, &tm));
                assert_true(strftime(text + strlen(text), 40, "%a %Y-%m-%d %H:%M:%S UTC;", &tm) >
                                0);
        }
        calendar_free(c);
}

static unsigned compare_batch(uint64_t base_sec) {
        char expressions[BATCH][TEXT_SIZE], base[60], iterations[30];
        char *argv[BATCH + 5] = { (char *) SYSTEMD_ANALYZE, (char *) "calendar", iterations, base };
        unsigned n_accepted = 0;

        (void) snprintf(base, sizeof(base), "--base-time=@%llu", (unsigned long long) base_sec);
        (void) snprintf(iterations, sizeof(iterations), "--iterations=%d", ITERATIONS);
        for (unsigned i = 0; i < BATCH; i++) {
                make_expression(expressions[i]);
                argv[4 + i] = expressions[i];
        }
        _cleanup_free_ char *output = run_systemd(argv);
        for (unsigned i = 0; i < BATCH; i++) {
                char theirs[TEXT_SIZE], ours[TEXT_SIZE];

                systemd_says(output, expressions[i], theirs);
                we_say(expressions[i], base_sec * USEC_PER_SEC, ours);
                if (strcmp(theirs, "gave up") == 0)
                        continue; /* by an error, where clocks are changed: it needs no imitation */
                n_accepted += strcmp(ours, "refused") != 0;
                if (strcmp(theirs, ours) != 0)
                        fail_msg("TZ=%s systemd-analyze calendar %s %s '%s':\n%s\nhere:\n%s",
                                        getenv("TZ"),
                                        base,
                                        iterations,
                                        expressions[i],
                                        theirs,
                                        ours);
        }
        return n_accepted;
}

static void test_random_expressions_mean_what_they_mean_to_systemd(void **state) {
        /* Ordinary times, the end of February, and both changes of clocks. */
        static const char *const bases[] = { "2026-06-01 12:34:56",
                "2024-02-28 23:00:00",
                "2026-03-28 23:00:00",
                "2026-10-24 23:00:00" };
        static const char *const zones[] = { "Europe/Berlin", "Asia/Tokyo", "America/St_Johns" };
        unsigned n_accepted = 0, n = 0;

        (void) state;
        if (access(SYSTEMD_ANALYZE, X_OK) < 0)
                skip();
        assert_int_equal(setenv("SYSTEMD_COLORS", "0", 1), 0);
        for (size_t z = 0; z < ELEMENTSOF(zones); z++) {
                set_zone(zones[z]);
                for (size_t b = 0; b < ELEMENTSOF(bases); b++, n += BATCH)
                        n_accepted += compare_batch(stamp(bases[b]) / USEC_PER_SEC);
        }
        assert_true(n_accepted > n / 3); /* else nothing was compared */
        assert_true(n_accepted < n);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_every_form_of_the_manual_is_written_in_full),
                TEST(test_what_is_no_expression_is_refused_with_the_reason),
                TEST(test_a_list_has_a_limit),
                TEST(test_the_next_time_is_after_the_given_one),
                TEST(test_what_never_comes_is_found_out_in_bounded_time),
                TEST(test_times_that_clocks_are_put_forward_over_do_not_come),
                TEST(test_of_times_that_clocks_show_twice_the_first_one_counts),
                TEST(test_an_abbreviation_means_its_half_of_the_year),
                TEST(test_a_whole_day_that_a_zone_leaves_out_does_not_come),
                TEST(test_asking_in_another_zone_leaves_local_time_as_it_was),
                TEST(test_random_expressions_mean_what_they_mean_to_systemd),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
