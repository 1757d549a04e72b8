/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "core/notification.h"

/* What sd_notify(3) sends, and what else may come. The text has to outlive the result. */

static char buffer[NOTIFICATION_TEXT_MAX + 1];

static Notification parse(const char *text) {
        Notification n;

        assert_true(strlen(text) < sizeof(buffer));
        memcpy(buffer, text, strlen(text) + 1);
        assert_int_equal(notification_parse(buffer, strlen(text), &n), 0);
        return n;
}

static void test_each_line_is_one_thing(void **state) {
        Notification n = parse("READY=1\nSTATUS=two words\nERRNO=7\nWATCHDOG=1\nWATCHDOG_USEC=5\n"
                               "EXTEND_TIMEOUT_USEC=6\nFDSTORE=1\nFDNAME=a b\nFDPOLL=0\nBARRIER=1");

        (void) state;
        assert_true(n.ready && n.ping && n.store && n.no_poll && n.barrier);
        assert_false(n.reloading || n.stopping || n.trigger || n.remove);
        assert_string_equal(n.status, "two words");
        assert_string_equal(n.fd_name, "a b");
        assert_int_equal(n.error, 7);
        assert_int_equal(n.watchdog_usec, 5);
        assert_int_equal(n.extend_usec, 6);

        n = parse("RELOADING=1\nSTOPPING=1\nWATCHDOG=trigger\nFDSTOREREMOVE=1\nSTATUS=\n");
        assert_true(n.reloading && n.stopping && n.trigger && n.remove);
        assert_string_equal(n.status, "");
        assert_false(n.ready || n.ping || n.store);
}

static void test_what_is_not_said_is_not_there(void **state) {
        static const char *const texts[] = {
                "",
                "\n\n",
                "READY",
                "READY=0",
                "READY=11",
                " READY=1",
                "ready=1",
                "MAINPID=1",
                "X=Y",
                "WATCHDOG=2",
                "ERRNO=-1",
                "ERRNO=x",
                "ERRNO=99999999999",
                "WATCHDOG_USEC=-1",
                "WATCHDOG_USEC=",
                "EXTEND_TIMEOUT_USEC=1s",
                "EXTEND_TIMEOUT_USEC=18446744073709551615",
                "FDNAME=",
                "FDNAME=a:b",
                "FDNAME=\t",
                "FDPOLL=1",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                Notification n = parse(texts[i]);

                assert_false(n.ready || n.reloading || n.stopping || n.ping || n.trigger ||
                                n.store || n.remove || n.no_poll || n.barrier);
                assert_null(n.status);
                assert_null(n.fd_name);
                assert_int_equal(n.error, -1);
                assert_int_equal(n.watchdog_usec, UINT64_MAX);
                assert_int_equal(n.extend_usec, UINT64_MAX);
        }
}

static void test_a_zero_within_is_no_text(void **state) {
        char middle[] = "READY=1\0STATUS=x", two[] = "READY=1\0";
        Notification n;

        (void) state;
        assert_int_equal(notification_parse(middle, sizeof(middle) - 1, &n), -EINVAL);
        assert_int_equal(notification_parse(two, sizeof(two), &n), -EINVAL);
}

/* Of clients that send sizeof("READY=1"). */
static void test_one_zero_at_the_end_does_no_harm(void **state) {
        char text[] = "STATUS=x\nREADY=1", nothing[] = "";
        Notification n;

        (void) state;
        assert_int_equal(notification_parse(text, sizeof(text), &n), 0);
        assert_true(n.ready);
        assert_string_equal(n.status, "x");
        assert_int_equal(notification_parse(nothing, sizeof(nothing), &n), 0);
        assert_false(n.ready);
}

static void test_a_status_in_another_encoding_is_not_said_and_the_rest_is(void **state) {
        Notification n = parse("STATUS=\377\376\nREADY=1");

        (void) state;
        assert_null(n.status);
        assert_true(n.ready);
}

static void test_names_of_descriptors_are_systemds(void **state) {
        char longest[257];

        (void) state;
        memset(longest, 'x', 255);
        longest[255] = '\0';
        assert_true(notification_fd_name_is_valid(longest));
        longest[255] = 'x';
        longest[256] = '\0';
        assert_false(notification_fd_name_is_valid(longest));
        assert_false(notification_fd_name_is_valid("\303\244"));
        assert_true(notification_fd_name_is_valid("~ !"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_line_is_one_thing),
                cmocka_unit_test(test_what_is_not_said_is_not_there),
                cmocka_unit_test(test_a_zero_within_is_no_text),
                cmocka_unit_test(test_one_zero_at_the_end_does_no_harm),
                cmocka_unit_test(test_a_status_in_another_encoding_is_not_said_and_the_rest_is),
                cmocka_unit_test(test_names_of_descriptors_are_systemds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
