/* SPDX-License-Identifier: MIT */
#include "runtime/cgroup-stats.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_figure(
                CgroupStatFormat format, const char *key, const char *text, uint64_t expected) {
        uint64_t figure = 12345;

        assert_int_equal(cgroup_stat_parse(text, format, key, &figure), 0);
        assert_true(figure == expected);
}

static void assert_no_figure(
                CgroupStatFormat format, const char *key, const char *text, int number) {
        uint64_t figure;

        assert_int_equal(cgroup_stat_parse(text, format, key, &figure), number);
}

static void test_a_number_is_the_whole_file(void **state) {
        (void) state;
        assert_figure(CGROUP_STAT_NUMBER, NULL, "0\n", 0);
        assert_figure(CGROUP_STAT_NUMBER, NULL, "123456789012\n", 123456789012);
        assert_no_figure(CGROUP_STAT_NUMBER, NULL, "\n", -EBADMSG);
        assert_no_figure(CGROUP_STAT_NUMBER, NULL, "99999999999999999999999\n", -EBADMSG);
}

static void test_no_limit_is_infinite_in_both_spellings(void **state) {
        (void) state;
        assert_figure(CGROUP_STAT_NUMBER, NULL, "max\n", UINT64_MAX);
        assert_figure(CGROUP_STAT_NUMBER,
                        NULL,
                        "9223372036854771712\n",
                        UINT64_MAX); /* 4 KiB pages */
        assert_figure(CGROUP_STAT_NUMBER,
                        NULL,
                        "9223372036854710272\n",
                        UINT64_MAX); /* 64 KiB pages */
        assert_figure(CGROUP_STAT_NUMBER, NULL, "9007199254740992\n", UINT64_C(1) << 53);
}

static void test_a_key_is_a_whole_word_at_the_start_of_a_line(void **state) {
        static const char text[] = "oom 7\noom_kill_disable 1\noom_kill 3\noom_group_kill 9\n";

        (void) state;
        assert_figure(CGROUP_STAT_KEYED, "oom_kill", text, 3);
        assert_figure(CGROUP_STAT_KEYED, "oom", text, 7);
        assert_no_figure(CGROUP_STAT_KEYED, "kill", text, -ENODATA);
        assert_no_figure(CGROUP_STAT_KEYED, "oom_kill", "oom_kill many\n", -EBADMSG);
        assert_no_figure(CGROUP_STAT_KEYED, "oom_kill", "", -ENODATA);
}

static void test_a_sum_is_over_all_disks(void **state) {
        static const char v2[] = "8:0 rbytes=10 wbytes=1 rios=5 wios=5 dbytes=0 dios=0\n"
                                 "8:16 rbytes=32 wbytes=2 rios=1 wios=0 dbytes=0 dios=0\n";
        static const char v1[] =
                        "8:0 Read 100\n8:0 Write 7\n8:0 Total 107\n8:16 Read 11\nTotal 118\n";

        (void) state;
        assert_figure(CGROUP_STAT_SUM, " rbytes=", v2, 42);
        assert_figure(CGROUP_STAT_SUM, " wbytes=", v2, 3);
        assert_figure(CGROUP_STAT_SUM, " Read ", v1, 111);
        assert_figure(CGROUP_STAT_SUM, " rbytes=", "", 0);
        assert_no_figure(CGROUP_STAT_SUM, " Read ", "8:0 Read x\n", -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_number_is_the_whole_file),
                cmocka_unit_test(test_no_limit_is_infinite_in_both_spellings),
                cmocka_unit_test(test_a_key_is_a_whole_word_at_the_start_of_a_line),
                cmocka_unit_test(test_a_sum_is_over_all_disks),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
