/* SPDX-License-Identifier: MIT */
#include "base/id-map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/strv.h"

static IdMap map_of(const char *const *ranges) {
        IdMap m = {};

        for (; *ranges; ranges++) {
                IdRange range;
                assert_int_equal(id_range_parse(*ranges, &range), 0);
                assert_int_equal(id_map_add(&m, range), 0);
        }
        return m;
}

#define MAP(...) map_of((const char *const[]) { __VA_ARGS__, NULL })

static void test_ranges_have_two_or_three_numbers(void **state) {
        static const struct {
                const char *text;
                IdRange range;
        } good[] = {
                { "0:100000:65536", { 0, 100000, 65536 } },
                { "5:6", { 5, 6, 1 } },
                { "0:0:4294967295", { 0, 0, UINT32_MAX } },
        };
        static const char *const bad[] = {
                "",
                "0",
                "0:",
                ":1",
                "0:1:",
                "0:1:2:3",
                "a:1:2",
                "0:-1:2",
                "0:1:2 ",
                " 0:1:2",
                "0:4294967296:1",
                "0:1:0x10",
                "+0:1:2",
                "@0:1:2",
                "0-1-2",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                IdRange r;
                assert_int_equal(id_range_parse(good[i].text, &r), 0);
                assert_memory_equal(&r, &good[i].range, sizeof(r));
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                IdRange r;
                if (id_range_parse(bad[i], &r) != -EINVAL)
                        fail_msg("'%s' was taken", bad[i]);
        }
}

static void test_maps_that_the_kernel_would_refuse_are_found(void **state) {
        static const struct {
                const char *ranges[4];
                const char *problem;
        } cases[] = {
                { { "0:100000:65536" }, NULL },
                { { "0:100000:1000", "1000:1000:1", "1001:101001:10" }, NULL },
                { { "0:0:4294967295" }, NULL },
                { { "1:100000:10" }, "the container's root, id 0, is not mapped" },
                { { "0:1:0" }, "a range is empty" },
                { { "0:4294967000:1000" }, "a range leads beyond the highest id, 4294967294" },
                { { "0:1:1", "4294967295:5:1" },
                                "a range leads beyond the highest id, 4294967294" },
                { { "0:100:10", "9:200:10" }, "an id of the container is mapped twice" },
                { { "0:100:10", "10:109:10" }, "an id of the host is mapped twice" },
                { { "0:100:10", "10:110:10" }, NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                IdMap m = map_of(cases[i].ranges);
                const char *problem = id_map_problem(&m);
                if (!cases[i].problem)
                        assert_null(problem);
                else
                        assert_string_equal(problem ? problem : "none", cases[i].problem);
                id_map_done(&m);
        }
}

static void test_a_map_that_does_not_fit_a_page_is_refused(void **state) {
        IdMap m = {};

        (void) state;
        for (uint32_t i = 0; i < ID_MAP_RANGES_MAX; i++)
                assert_int_equal(id_map_add(&m, (IdRange) { i, i + 1000000000, 1 }), 0);
        assert_int_equal(id_map_add(&m, (IdRange) { 5000, 5000, 1 }), -E2BIG);
        assert_string_equal(id_map_problem(&m), "there are too many ranges");
        id_map_done(&m);
}

static void test_ids_are_found_in_their_range(void **state) {
        IdMap m = MAP("0:100000:1000", "1000:1000:1", "2000:5:10");

        (void) state;
        assert_int_equal(id_map_outside(&m, 0), 100000);
        assert_int_equal(id_map_outside(&m, 999), 100999);
        assert_int_equal(id_map_outside(&m, 1000), 1000);
        assert_int_equal(id_map_outside(&m, 1001), ID_INVALID);
        assert_int_equal(id_map_outside(&m, 2009), 14);
        assert_int_equal(id_map_outside(&m, 2010), ID_INVALID);
        assert_int_equal(id_map_outside(&m, UINT32_MAX), ID_INVALID);
        id_map_done(&m);
}

static void test_identity_is_told_from_a_shift(void **state) {
        IdMap identity = MAP("0:0:4294967295"), parts = MAP("0:0:10", "20:20:5"),
              shifted = MAP("0:0:10", "20:21:5");

        (void) state;
        assert_true(id_map_is_identity(&identity));
        assert_true(id_map_is_identity(&parts));
        assert_false(id_map_is_identity(&shifted));
        id_map_done(&identity);
        id_map_done(&parts);
        id_map_done(&shifted);
}

static void test_a_range_fills_what_is_not_mapped_yet(void **state) {
        static const struct {
                const char *given[4];
                uint32_t outside, size;
                const char *text;
        } cases[] = {
                { { NULL }, 100000, 65536, "0 100000 65536\n" },
                { { "0:1000:1" }, 100000, 10, "0 1000 1\n1 100001 9\n" },
                { { "4:7:2" }, 100, 10, "4 7 2\n0 100 4\n6 106 4\n" },
                { { "9:7:5" }, 100, 10, "9 7 5\n0 100 9\n" },
                { { "6:1:2", "4:3:2" }, 100, 10, "6 1 2\n4 3 2\n0 100 4\n8 108 2\n" },
                { { "20:7:5" }, 100, 10, "20 7 5\n0 100 10\n" },
                { { "0:7:10" }, 100, 10, "0 7 10\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                IdMap m = map_of(cases[i].given);
                assert_int_equal(id_map_fill(&m, cases[i].outside, cases[i].size), 0);
                _cleanup_free_ char *text = id_map_format(&m);
                assert_string_equal(text, cases[i].text);
                id_map_done(&m);
        }
}

static void test_the_kernels_text_is_read_back(void **state) {
        static const char *const bad[] = { "0 1", "0 1 2", "a 1 2\n", "0 1 2 3\n", "\n" };
        IdRange ranges[ID_MAP_RANGES_MAX];
        size_t n = 7;

        (void) state;
        assert_int_equal(id_map_parse("         0     100000      65536\n"
                                      "     70000          5          1\n",
                                         ranges,
                                         &n),
                        0);
        assert_int_equal(n, 2);
        assert_int_equal(ranges[0].outside, 100000);
        assert_int_equal(ranges[1].inside, 70000);
        assert_int_equal(id_map_parse("", ranges, &n), 0);
        assert_int_equal(n, 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(id_map_parse(bad[i], ranges, &n), -EBADMSG);
}

static void test_words_are_as_people_write_them(void **state) {
        IdMap m = MAP("0:100000:1000", "1000:1000");
        _cleanup_strv_ char **words = NULL;

        (void) state;
        assert_int_equal(id_map_words(&m, &words), 0);
        assert_string_equal(words[0], "0:100000:1000");
        assert_string_equal(words[1], "1000:1000:1");
        assert_null(words[2]);
        id_map_done(&m);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges_have_two_or_three_numbers),
                cmocka_unit_test(test_maps_that_the_kernel_would_refuse_are_found),
                cmocka_unit_test(test_a_map_that_does_not_fit_a_page_is_refused),
                cmocka_unit_test(test_ids_are_found_in_their_range),
                cmocka_unit_test(test_identity_is_told_from_a_shift),
                cmocka_unit_test(test_a_range_fills_what_is_not_mapped_yet),
                cmocka_unit_test(test_the_kernels_text_is_read_back),
                cmocka_unit_test(test_words_are_as_people_write_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
