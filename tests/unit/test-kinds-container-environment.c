/* SPDX-License-Identifier: MIT */
#include "kinds/container-environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"

#define OWN_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static char *const own[] = {
        (char *) "PATH=/opt/bin",
        (char *) "http_proxy=http://p:3128",
        (char *) "NO_PROXY=localhost",
        (char *) "Http_Proxy=x",
        (char *) "http_proxy_too=x",
        (char *) "NOTIFY_SOCKET=/run/systemd/notify",
        (char *) "LISTEN_FDS=2",
        (char *) "WATCHDOG_USEC=1",
        (char *) "LANG=C",
        NULL,
};

static void test_a_payload_gets_of_supds_environment_what_was_asked_for(void **state) {
        static const struct {
                bool host, proxy;
                const char *expected;
        } cases[] = {
                { false, false, OWN_PATH "|TERM=xterm" },
                { false,
                                true,
                                "http_proxy=http://p:3128|NO_PROXY=localhost|" OWN_PATH
                                "|TERM=xterm" },
                { true,
                                false,
                                "PATH=/opt/bin|http_proxy=http://p:3128|NO_PROXY=localhost|"
                                "Http_Proxy=x|http_proxy_too=x|LANG=C|TERM=xterm" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ProcessSpec process = {
                        .host_environment = cases[i].host,
                        .http_proxy = cases[i].proxy,
                };
                _cleanup_strv_ char **environment = NULL;

                assert_int_equal(container_environment_inherit(&process, own, &environment), 0);
                _cleanup_free_ char *joined = strv_join(environment, "|");
                assert_string_equal(joined, cases[i].expected);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_payload_gets_of_supds_environment_what_was_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
