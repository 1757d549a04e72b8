/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/macro.h"
#include "ctl/time-words.h"

/* Sun 2026-11-22 02:18:42 UTC */
#define NOW (UINT64_C(1795313922) * USEC_PER_SEC)
#define MIDNIGHT (UINT64_C(1795305600) * USEC_PER_SEC)

static const struct {
        const char *text;
        uint64_t usec;
} good[] = {
        { "now", NOW },
        { "today", MIDNIGHT },
        { "yesterday", MIDNIGHT - USEC_PER_DAY },
        { "tomorrow", MIDNIGHT + USEC_PER_DAY },
        { "-1h", NOW - USEC_PER_HOUR },
        { "+5min", NOW + 5 * USEC_PER_MINUTE },
        { "-90", NOW - 90 * USEC_PER_SEC },
        { "10 min ago", NOW - 10 * USEC_PER_MINUTE },
        { "10min ago", NOW - 10 * USEC_PER_MINUTE },
        { "1h 30min ago", NOW - 90 * USEC_PER_MINUTE },
        { "2 hours left", NOW + 2 * USEC_PER_HOUR },
        { "@1795313922", NOW },
        { "@1795313922.5", NOW + USEC_PER_SEC / 2 },
        { "2026-11-22", MIDNIGHT },
        { "2026-11-22 02:18", NOW - 42 * USEC_PER_SEC },
        { "2026-11-22 02:18:42", NOW },
        { "2026-11-22T02:18:42", NOW },
        { "2026-11-22T02:18:42Z", NOW },
        { "2026-11-22 02:18:42.25", NOW + USEC_PER_SEC / 4 },
        { "2026-11-22 02:18:42 UTC", NOW },
        { "Sun 2026-11-22 02:18:42 UTC", NOW },
        { "02:18", NOW - 42 * USEC_PER_SEC },
        { "02:18:42", NOW },
};

static const char *const bad[] = {
        "",
        "never",
        "10 minutes",
        "yesterday ago",
        "2026-13-01",
        "2026-02-31",
        "2026-11-22 25:00",
        "@",
        "@12x",
        "-",
        "1x ago",
        "2026-11-22 02:18 nonsense",
        "--1h",
        "12",
        "2026-11-22 02:18.5",
        "ago",
        "Z",
};

static void test_everyday_forms_are_understood(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                uint64_t usec = 0;

                if (time_parse(good[i].text, NOW, &usec) != 0 || usec != good[i].usec)
                        fail_msg("'%s' gave %llu, not %llu",
                                        good[i].text,
                                        (unsigned long long) usec,
                                        (unsigned long long) good[i].usec);
        }
}

static void test_what_is_no_time_is_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                uint64_t usec = 42;

                if (time_parse(bad[i], NOW, &usec) >= 0)
                        fail_msg("'%s' was taken for a time", bad[i]);
                assert_int_equal(usec, 42);
        }
}

static void test_times_before_the_epoch_are_out_of_range(void **state) {
        uint64_t usec;

        (void) state;
        assert_int_equal(time_parse("100y ago", NOW, &usec), -ERANGE);
        assert_int_equal(time_parse("1901-01-01", NOW, &usec), -ERANGE);
        assert_int_equal(time_parse("@99999999999999999999", NOW, &usec), -ERANGE);
}

static void test_without_a_zone_time_is_local(void **state) {
        uint64_t usec;

        (void) state;
        assert_int_equal(setenv("TZ", "XST-2", 1), 0);
        tzset();
        assert_int_equal(time_parse("2026-11-22 04:18:42", NOW, &usec), 0);
        assert_true(usec == NOW);
        assert_int_equal(time_parse("2026-11-22 02:18:42 UTC", NOW, &usec), 0);
        assert_true(usec == NOW);
        assert_int_equal(time_parse("today", NOW, &usec), 0);
        assert_true(usec == MIDNIGHT - 2 * USEC_PER_HOUR);
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        tzset();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everyday_forms_are_understood),
                cmocka_unit_test(test_what_is_no_time_is_refused),
                cmocka_unit_test(test_times_before_the_epoch_are_out_of_range),
                cmocka_unit_test(test_without_a_zone_time_is_local),
        };

        if (setenv("TZ", "UTC", 1) < 0)
                return 1;
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
