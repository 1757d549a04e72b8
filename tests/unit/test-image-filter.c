/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "image/filter.h"

#define NOW (UINT64_C(1700000000) * USEC_PER_SEC)

static void assert_time(const char *text, uint64_t seconds) {
        uint64_t usec = 0;

        if (time_parse_rfc3339(text, &usec) < 0)
                fail_msg("'%s' is refused", text);
        assert_int_equal(usec, seconds * USEC_PER_SEC);
}

static void test_times_are_read_with_zone_and_without(void **state) {
        uint64_t usec;

        (void) state;
        assert_time("1970-01-01T00:00:00Z", 0);
        assert_time("2023-11-14T22:13:20Z", 1700000000);
        assert_time("2023-11-14T23:13:20+01:00", 1700000000);
        assert_time("2023-11-14T17:43:20-04:30", 1700000000);
        assert_time("2023-11-14 22:13:20", 1700000000);
        assert_time("2023-11-14", 1699920000);
        assert_time("2024-02-29T00:00", 1709164800);
        /* Go's zero time, which images without a date have. */
        assert_time("0001-01-01T00:00:00Z", 0);
        assert_int_equal(time_parse_rfc3339("2023-11-14T22:13:20.123456789Z", &usec), 0);
        assert_int_equal(usec, NOW + 123456);
}

static void test_what_is_no_time_is_refused(void **state) {
        static const char *const bad[] = { "",
                "now",
                "24h",
                "2023-13-01",
                "2023-00-01",
                "2023-01-32",
                "2023-1-1",
                "2023-11-14T",
                "2023-11-14T25:00:00Z",
                "2023-11-14T22:60:00Z",
                "2023-11-14T22:13:20X",
                "2023-11-14T22:13:20+0100",
                "2023-11-14T22:13:20Zx" };
        uint64_t usec;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (time_parse_rfc3339(bad[i], &usec) != -EINVAL)
                        fail_msg("'%s' is taken", bad[i]);
}

static void test_spans_add_their_units(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } good[] = {
                { "90", 90 * USEC_PER_SEC },
                { "10m", 10 * USEC_PER_MINUTE },
                { "10min", 10 * USEC_PER_MINUTE },
                { "1h30m", 90 * USEC_PER_MINUTE },
                { "500ms", 500 * USEC_PER_MSEC },
                { "7d", 7 * USEC_PER_DAY },
                { "2w1d", 15 * USEC_PER_DAY },
                { "0", 0 },
        };
        static const char *const bad[] = { "", "h", "1x", "-1h", "1h 2m", "90 1h", "1.5h", "5 " };
        uint64_t usec;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(time_parse_span(good[i].text, &usec), 0);
                assert_int_equal(usec, good[i].usec);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (time_parse_span(bad[i], &usec) >= 0)
                        fail_msg("'%s' is taken", bad[i]);
        assert_int_equal(time_parse_span("99999999999999999999", &usec), -ERANGE);
        assert_int_equal(time_parse_span("9999999999999999w", &usec), -ERANGE);
}

static bool fits(const char *const *conditions, const char *created, char **labels) {
        _cleanup_(image_filter_done) ImageFilter f = IMAGE_FILTER_ANY;
        const ImageConfig c = { .created = (char *) created, .labels = labels };

        for (; *conditions; conditions++)
                assert_int_equal(image_filter_add(&f, *conditions, NOW, NULL), 0);
        return image_filter_fits(&f, &c);
}
#define FITS(created, labels, ...) fits((const char *[]) { __VA_ARGS__, NULL }, created, labels)

static void test_a_filter_compares_ages_and_labels(void **state) {
        char *labels[] = { (char *) "a=b", (char *) "empty=", (char *) "long=a=b", NULL };
        const char *old = "2020-01-01T00:00:00Z", *new = "2023-11-14T22:13:19Z";

        (void) state;
        assert_true(fits((const char *[]) { NULL }, new, NULL));
        assert_true(FITS(old, NULL, "until=1h"));
        assert_false(FITS(new, NULL, "until=1h"));
        assert_true(FITS(new, NULL, "until=0"));
        assert_false(FITS(new, NULL, "until=0", "until=1h"));
        /* What does not say when it was made is old. */
        assert_true(FITS(NULL, NULL, "until=1000w"));
        assert_true(FITS("garbage", NULL, "until=1000w"));
        assert_true(FITS(old, labels, "label=a", "label=a=b", "label=empty", "label=long=a=b"));
        assert_false(FITS(old, labels, "label=a", "label=c"));
        assert_false(FITS(old, labels, "label=a=c"));
        assert_false(FITS(old, labels, "label=b"));
        assert_false(FITS(old, labels, "label!=a"));
        assert_true(FITS(old, labels, "label!=a=c"));
        assert_true(FITS(old, NULL, "label!=a"));
}

static void test_a_bad_filter_says_what_is_wanted(void **state) {
        static const struct {
                const char *text, *reason;
        } bad[] = {
                { "until=soon", "24h" },
                { "until", "until=" },
                { "label=", "label=" },
                { "dangling=true", "dangling=true" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(image_filter_done) ImageFilter f = IMAGE_FILTER_ANY;
                _cleanup_(error_done) Error error = {};
                assert_int_equal(image_filter_add(&f, bad[i].text, NOW, &error), -EINVAL);
                assert_non_null(strstr(error_text(&error, 0), bad[i].reason));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_times_are_read_with_zone_and_without),
                cmocka_unit_test(test_what_is_no_time_is_refused),
                cmocka_unit_test(test_spans_add_their_units),
                cmocka_unit_test(test_a_filter_compares_ages_and_labels),
                cmocka_unit_test(test_a_bad_filter_says_what_is_wanted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
