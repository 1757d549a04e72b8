/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/starts-limit.h"

#define SECOND USEC_PER_SEC

static void test_what_is_lost_decides(void **state) {
        /* Shares of a second, in percent, and the limit with four processors. */
        static const struct {
                unsigned cpu, io, memory, limit;
        } rows[] = {
                { 0, 0, 0, 32 },
                { 60, 0, 0, 32 },
                { 90, 0, 0, 4 },
                { 0, 30, 0, 32 },
                { 0, 60, 0, 4 },
                { 0, 0, 20, 2 },
                { 90, 90, 20, 2 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                StartsLimit s = { .n_processors = 4 };
                Pressure p = { .cpu_usec = 100, .io_usec = 100, .memory_usec = 100 };

                assert_int_equal(starts_limit_decide(&s, 10 * SECOND, &p), 32);
                p.cpu_usec += rows[i].cpu * SECOND / 100;
                p.io_usec += rows[i].io * SECOND / 100;
                p.memory_usec += rows[i].memory * SECOND / 100;
                assert_int_equal(starts_limit_decide(&s, 11 * SECOND, &p), rows[i].limit);
                assert_int_equal(starts_limit_decide(&s, 12 * SECOND, &p), 32); /* no more lost */
        }
}

static void test_old_figures_tell_nothing(void **state) {
        StartsLimit s = { .n_processors = 2 };
        Pressure p = {};

        (void) state;
        (void) starts_limit_decide(&s, 10 * SECOND, &p);
        p.cpu_usec = 100 * SECOND;
        assert_int_equal(starts_limit_decide(&s, 110 * SECOND, &p), 16);
}

static void test_one_processor_starts_one_at_least(void **state) {
        StartsLimit s = { .n_processors = 1 };
        Pressure p = {};

        (void) state;
        (void) starts_limit_decide(&s, 10 * SECOND, &p);
        p.memory_usec = SECOND;
        assert_int_equal(starts_limit_decide(&s, 11 * SECOND, &p), 1);
}

static void test_this_machine_has_a_limit(void **state) {
        StartsLimit s;

        (void) state;
        starts_limit_init(&s);
        assert_true(s.n_processors >= 1);
        assert_true(starts_limit_get(&s, clock_monotonic_usec()) >= 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_lost_decides),
                cmocka_unit_test(test_old_figures_tell_nothing),
                cmocka_unit_test(test_one_processor_starts_one_at_least),
                cmocka_unit_test(test_this_machine_has_a_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
