/* SPDX-License-Identifier: MIT */
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>

#include "test-unitfile-fixture.h"

#define BAD UINT64_C(0xbad00bad) /* expected of what must be refused */

typedef struct NumberCase {
        const char *text;
        uint64_t expected;
} NumberCase;

typedef int (*NumberParser)(const char *s, uint64_t *ret);

static void check_numbers(const NumberCase *cases, NumberParser parse) {
        for (; cases->text; cases++) {
                uint64_t n = 4711;

                int r = parse(cases->text, &n);
                if (cases->expected == BAD) {
                        if (r >= 0)
                                fail_msg("'%s' was taken for %ju", cases->text, (uintmax_t) n);
                        assert_int_equal(n, 4711);
                } else if (r < 0 || n != cases->expected)
                        fail_msg("'%s' gave %i, %ju", cases->text, r, (uintmax_t) n);
        }
}

static void test_span_is_a_sum_of_numbers_with_units(void **state) {
        static const NumberCase cases[] = {
                { "5", 5000000 },
                { "0", 0 },
                { "100ms", 100000 },
                { "5min 20s", 320000000 },
                { "5min20s", 320000000 },
                { "1.5s", 1500000 },
                { ".5s", 500000 },
                { "2 h", UINT64_C(7200000000) },
                { "1m", 60000000 },
                { "1M", UINT64_C(2629800000000) },
                { "1y", UINT64_C(31557600000000) },
                { "1d 2hours", UINT64_C(93600000000) },
                { "3us", 3 },
                { "1week", UINT64_C(604800000000) },
                { "infinity", UINT64_MAX },
                { "  7  ", 7000000 },
                { "", BAD },
                { "-5", BAD },
                { "5x", BAD },
                { "s", BAD },
                { "5 min x", BAD },
                { "1e3", BAD },
                { "99999999999999999999", BAD },
                { "999999999y", BAD },
                { ".", BAD },
                { "5s-3s", BAD },
                {},
        };

        (void) state;
        check_numbers(cases, value_parse_span);
}

static void test_size_is_upper_case_and_base_1024(void **state) {
        static const NumberCase cases[] = {
                { "1024", 1024 },
                { "1K", 1024 },
                { "1.5G", UINT64_C(1610612736) },
                { "1G 512M", UINT64_C(1610612736) },
                { "12B", 12 },
                { "1K12B", 1036 },
                { "15E", UINT64_C(15) << 60 },
                { "1k", BAD },
                { "12Q", BAD },
                { "512M 1G", BAD },
                { "1M 1M", BAD },
                { "16E", BAD },
                { "", BAD },
                { "-1", BAD },
                { "infinity", BAD },
                {},
        };

        (void) state;
        check_numbers(cases, value_parse_size);
}

static void test_docker_size_is_any_case_with_optional_b(void **state) {
        static const NumberCase cases[] = {
                { "64m", UINT64_C(67108864) },
                { "64M", UINT64_C(67108864) },
                { "64MB", UINT64_C(67108864) },
                { "64MiB", UINT64_C(67108864) },
                { "1.5 GiB", UINT64_C(1610612736) },
                { "100", 100 },
                { "100b", 100 },
                { "1tb", UINT64_C(1) << 40 },
                { "0", 0 },
                { "12Q", BAD },
                { "m", BAD },
                { "1  m", BAD },
                { "1mx", BAD },
                { "100bb", BAD },
                { "-1m", BAD },
                { "", BAD },
                { "99999999p", BAD },
                {},
        };

        (void) state;
        check_numbers(cases, value_parse_docker_size);
}

static void test_percent_has_two_decimals_and_no_bound(void **state) {
        static const NumberCase cases[] = {
                { "50%", 5000 },
                { "12.5%", 1250 },
                { "0.01%", 1 },
                { "250%", 25000 },
                { "5‰", 50 },
                { "7‱", 7 },
                { "50", BAD },
                { "%", BAD },
                { "0.001%", BAD },
                { "-5%", BAD },
                { "5%%", BAD },
                { "0.5‱", BAD },
                {},
        };

        (void) state;
        check_numbers(cases, value_parse_percent);
}

static void test_booleans_are_the_words_of_systemd(void **state) {
        static const char *const yes[] = { "1", "yes", "Y", "TRUE", "t", "on", NULL };
        static const char *const no[] = { "0", "no", "n", "False", "f", "OFF", NULL };
        static const char *const bad[] = { "", "2", "ja", "yes ", "enabled", NULL };
        bool b;

        (void) state;
        for (int i = 0; yes[i]; i++) {
                b = false;
                assert_int_equal(value_parse_bool(yes[i], &b), 0);
                assert_true(b);
                assert_int_equal(value_parse_bool(no[i], &b), 0);
                assert_false(b);
        }
        for (int i = 0; bad[i]; i++)
                assert_int_equal(value_parse_bool(bad[i], &b), -EINVAL);
}

static void test_memory_is_a_size_a_share_or_infinity(void **state) {
        Quantity q;

        (void) state;
        assert_int_equal(value_parse_memory("1G", &q), 0);
        assert_true(!q.relative && q.value == UINT64_C(1) << 30);
        assert_int_equal(value_parse_memory("12.5%", &q), 0);
        assert_true(q.relative && q.value == 1250);
        assert_int_equal(value_parse_memory("infinity", &q), 0);
        assert_true(!q.relative && q.value == UINT64_MAX);
        assert_int_equal(value_parse_memory("101%", &q), -ERANGE);
        assert_int_equal(value_parse_memory("12Q", &q), -EINVAL);
}

static void test_tasks_are_a_number_a_share_or_infinity(void **state) {
        Quantity q;

        (void) state;
        assert_int_equal(value_parse_tasks("512", &q), 0);
        assert_true(!q.relative && q.value == 512);
        assert_int_equal(value_parse_tasks("15%", &q), 0);
        assert_true(q.relative && q.value == 1500);
        assert_int_equal(value_parse_tasks("infinity", &q), 0);
        assert_true(q.value == UINT64_MAX);
        assert_int_equal(value_parse_tasks("0", &q), -ERANGE);
        assert_int_equal(value_parse_tasks("1K", &q), -EINVAL);
}

static void test_signals_have_names_numbers_and_offsets(void **state) {
        static const struct {
                const char *text;
                int expected;
        } cases[] = {
                { "TERM", SIGTERM },
                { "SIGTERM", SIGTERM },
                { "sigterm", SIGTERM },
                { "15", 15 },
                { "RTMIN", 34 },
                { "RTMIN+3", 37 },
                { "SIGRTMIN+3", 37 },
                { "RTMAX-1", 63 },
                { "POLL", SIGIO },
                { "64", 64 },
                { "CLD", SIGCHLD },
                { "SYS", SIGSYS },
                { "0", -ERANGE },
                { "65", -ERANGE },
                { "RTMIN+31", -ERANGE },
                { "", -EINVAL },
                { "NONE", -EINVAL },
                { "RTMIN-1", -EINVAL },
                { "RTMAX+1", -EINVAL },
                { "SIG", -EINVAL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int signal = 0, r = value_parse_signal(cases[i].text, &signal);
                if ((r < 0 ? r : signal) != cases[i].expected)
                        fail_msg("'%s' gave %i, signal %i", cases[i].text, r, signal);
        }
}

static void test_every_signal_is_read_back_from_its_name(void **state) {
        (void) state;
        for (int i = 1; i <= 64; i++) {
                int signal = 0;

                assert_int_equal(value_parse_signal(signal_to_string(i), &signal), 0);
                assert_int_equal(signal, i);
        }
        assert_null(signal_to_string(0));
        assert_null(signal_to_string(65));
        assert_string_equal(signal_to_string(37), "RTMIN+3");
}

static void test_cpu_sets_come_out_sorted_and_joined(void **state) {
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "0-3,8", "0-3,8" },
                { "8 0 1 2 3", "0-3,8" },
                { "5", "5" },
                { "1,1,1", "1" },
                { "0-1, 2-3", "0-3" },
                { "3-1", NULL },
                { "", NULL },
                { "a", NULL },
                { "1-", NULL },
                { "-1", NULL },
                { "8192", NULL },
                { "1.5", NULL },
                { "0--2", NULL },
                { "1;2", NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *set = NULL;
                int r = value_parse_cpu_set(cases[i].text, &set);

                if (cases[i].expected) {
                        assert_int_equal(r, 0);
                        assert_string_equal(set, cases[i].expected);
                } else
                        assert_true(r == -EINVAL || r == -ERANGE);
                free(set);
        }
}

static void test_exit_sets_take_numbers_signals_and_names(void **state) {
        ExitSet s = {};

        (void) state;
        assert_true(exit_set_is_empty(&s));
        assert_int_equal(value_parse_exit_set("143", &s), 0);
        assert_int_equal(value_parse_exit_set("SIGKILL", &s), 0);
        assert_int_equal(value_parse_exit_set("TEMPFAIL", &s), 0);
        assert_int_equal(value_parse_exit_set("0", &s), 0);
        assert_int_equal(value_parse_exit_set("RTMIN+1", &s), 0);
        assert_false(exit_set_is_empty(&s));
        assert_true(exit_set_has_status(&s, 143) && exit_set_has_status(&s, 75));
        assert_true(exit_set_has_status(&s, 0) && !exit_set_has_status(&s, 1));
        assert_true(exit_set_has_signal(&s, SIGKILL) && exit_set_has_signal(&s, 35));
        assert_false(exit_set_has_signal(&s, SIGTERM));
        assert_int_equal(value_parse_exit_set("256", &s), -ERANGE);
        assert_int_equal(value_parse_exit_set("EXIT_FAILURE", &s), -EINVAL);
        assert_int_equal(value_parse_exit_set("99999999999999999999", &s), -ERANGE);
        assert_false(exit_set_has_status(&s, -1) || exit_set_has_status(&s, 256));
        assert_false(exit_set_has_signal(&s, 0) || exit_set_has_signal(&s, 65));
}

static void test_exit_statuses_have_the_names_of_the_reference(void **state) {
        (void) state;
        assert_string_equal(exit_status_to_string(7), "NOTRUNNING");
        assert_string_equal(exit_status_to_string(203), "EXEC");
        assert_string_equal(exit_status_to_string(255), "EXCEPTION");
        assert_null(exit_status_to_string(99));
        assert_null(exit_status_to_string(-1));
        assert_null(exit_status_to_string(256));
}

static void test_capabilities_are_known_with_and_without_prefix(void **state) {
        unsigned c = 0;

        (void) state;
        assert_int_equal(value_parse_capability("NET_ADMIN", &c), 0);
        assert_int_equal(c, CAP_NET_ADMIN);
        assert_int_equal(value_parse_capability("cap_net_admin", &c), 0);
        assert_int_equal(c, CAP_NET_ADMIN);
        assert_int_equal(value_parse_capability("CHECKPOINT_RESTORE", &c), 0);
        assert_int_equal(c, CAP_LAST_CAP);
        assert_int_equal(value_parse_capability("NET", &c), -EINVAL);
        for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
                assert_non_null(capability_to_string(i));
        assert_null(capability_to_string(CAP_LAST_CAP + 1));
}

static void test_rlimits_have_lower_case_names(void **state) {
        int resource = -1;

        (void) state;
        assert_int_equal(value_parse_rlimit("nofile", &resource), 0);
        assert_int_equal(resource, RLIMIT_NOFILE);
        assert_int_equal(value_parse_rlimit("RLIMIT_CORE", &resource), 0);
        assert_int_equal(resource, RLIMIT_CORE);
        assert_int_equal(value_parse_rlimit("files", &resource), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_span_is_a_sum_of_numbers_with_units),
                cmocka_unit_test(test_size_is_upper_case_and_base_1024),
                cmocka_unit_test(test_docker_size_is_any_case_with_optional_b),
                cmocka_unit_test(test_percent_has_two_decimals_and_no_bound),
                cmocka_unit_test(test_booleans_are_the_words_of_systemd),
                cmocka_unit_test(test_memory_is_a_size_a_share_or_infinity),
                cmocka_unit_test(test_tasks_are_a_number_a_share_or_infinity),
                cmocka_unit_test(test_signals_have_names_numbers_and_offsets),
                cmocka_unit_test(test_every_signal_is_read_back_from_its_name),
                cmocka_unit_test(test_cpu_sets_come_out_sorted_and_joined),
                cmocka_unit_test(test_exit_sets_take_numbers_signals_and_names),
                cmocka_unit_test(test_exit_statuses_have_the_names_of_the_reference),
                cmocka_unit_test(test_capabilities_are_known_with_and_without_prefix),
                cmocka_unit_test(test_rlimits_have_lower_case_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
