/* SPDX-License-Identifier: MIT */
#include "test-unitfile-fixture.h"

#include "base/clock.h"

static char *joined(char *const *words) {
        char *text = strdup("");

        STRV_FOREACH (word, words) {
                char *longer = str_printf("%s%s%s", text, *text ? "|" : "", *word);
                free(text);
                text = longer;
        }
        assert_non_null(text);
        return text;
}

static void test_commands_are_kept_as_images_have_them(void **state) {
        static const struct {
                const char *line, *expected;
        } cases[] = {
                { "HealthCmd=curl -f http://localhost/ || exit 1",
                                "CMD-SHELL|curl -f http://localhost/ || exit 1" },
                { "HealthCmd=[\"CMD\", \"a\", \"b c\"]", "CMD|a|b c" },
                { "HealthCmd=[\"a\", \"b c\"]", "CMD|a|b c" },
                { "HealthCmd=[\"a b\"]", "CMD-SHELL|a b" },
                { "HealthCmd=[\"CMD-SHELL\", \"a b\"]", "CMD-SHELL|a b" },
                { "HealthCmd=CMD a b", "CMD|a|b" },
                { "HealthCmd=CMD-SHELL a | b", "CMD-SHELL|a | b" },
                { "HealthCmd=none", "NONE" },
                { "HealthCmd=NONE", "NONE" },
                { "HealthCmd=[\"NONE\"]", "NONE" },
                { "HealthCmd=[ -f /tmp/ok ]", "CMD-SHELL|[ -f /tmp/ok ]" },
                { "HealthCmd=CMDX a", "CMD-SHELL|CMDX a" },
                { "HealthCmd=a\nHealthCmd=", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].line);
                _cleanup_free_ char *text = joined(u->container.health.test);

                fixture_assert_loaded(u);
                assert_string_equal(text, cases[i].expected);
                unit_spec_free(u);
        }
}

static void test_all_keys_have_their_place(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "HealthCmd=true\n"
                                "HealthInterval=1m30s\n"
                                "HealthTimeout=5s\n"
                                "HealthRetries=0x4\n"
                                "HealthStartPeriod=200ms\n"
                                "HealthStartupCmd=[\"a\", \"b\"]\n"
                                "HealthStartupInterval=1s\n"
                                "HealthStartupTimeout=2s\n"
                                "HealthStartupRetries=7\n"
                                "HealthStartupSuccess=2\n"
                                "HealthOnFailure=restart\n"
                                "HealthLogDestination=/var/log/health\n"
                                "HealthMaxLogCount=9\n"
                                "HealthMaxLogSize=100\n"
                                "Notify=healthy\n");
        const HealthSpec *h = &u->container.health;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(h->interval_usec, 90 * USEC_PER_SEC);
        assert_int_equal(h->timeout_usec, 5 * USEC_PER_SEC);
        assert_int_equal(h->retries, 4);
        assert_int_equal(h->start_period_usec, 200 * USEC_PER_MSEC);
        assert_int_equal(strv_length(h->startup_test), 3);
        assert_int_equal(h->startup_interval_usec, USEC_PER_SEC);
        assert_int_equal(h->startup_timeout_usec, 2 * USEC_PER_SEC);
        assert_int_equal(h->startup_retries, 7);
        assert_int_equal(h->startup_success, 2);
        assert_int_equal(h->on_failure, HEALTH_ACTION_RESTART);
        assert_int_equal(h->log_destination, HEALTH_LOG_DIRECTORY);
        assert_string_equal(h->log_directory, "/var/log/health");
        assert_int_equal(h->log_count, 9);
        assert_int_equal(h->log_size_bytes, 100);
        assert_int_equal(u->container.notify, NOTIFY_HEALTHY);
        unit_spec_free(u);
}

static void test_what_makes_no_sense_is_an_error(void **state) {
        static const struct {
                const char *line, *text;
        } cases[] = {
                { "HealthInterval=30", "'30' is neither a duration such as 1m30s nor disable" },
                { "HealthTimeout=5", "'5' is not a duration such as 1m30s" },
                { "HealthRetries=0", "'0' is not a number of at least 1" },
                { "HealthRetries=many", "'many' is not a number of at least 1" },
                { "HealthStartupSuccess=-1", "'-1' is not a number" },
                { "HealthOnFailure=reboot", "'reboot' is not none, kill, restart or stop" },
                { "HealthLogDestination=syslog", "'syslog' is not local, events_logger or" },
                { "HealthCmd=[\"CMD\"]", "is not a command, a JSON array of words, or none" },
                { "HealthCmd=[]", "is not a command, a JSON array of words, or none" },
                { "HealthCmd=none\nNotify=healthy", "Notify=healthy without a health check" },
                { "Notify=healthy", "Notify=healthy without a health check" },
                { "HealthCmd=a\n[X-Supd]\nHealthTcp=1", "can't both be the check" },
                { "[X-Supd]\nHealthHttp=/\nHealthTcp=1", "can't both be the check" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                UnitSpec *u = fixture_load_line(cases[i].line);

                fixture_assert_says(&u->diagnostics, cases[i].text);
                assert_int_equal(u->load_state, UNIT_BAD_SETTING);
                unit_spec_free(u);
        }
}

static void test_no_timer_has_two_names(void **state) {
        static const char *const lines[] = { "HealthInterval=disable", "HealthInterval=0" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                UnitSpec *u = fixture_load_line(lines[i]);

                fixture_assert_loaded(u);
                assert_int_equal(u->container.health.interval_usec, 0);
                unit_spec_free(u);
        }
}

static void test_endpoints_are_read(void **state) {
        static const struct {
                const char *key, *value;
                const char *address, *host, *path; /* address NULL: an error */
                unsigned port;
        } cases[] = {
                { "HealthHttp", "/", "127.0.0.1", "localhost:80", "/", 80 },
                { "HealthHttp",
                                "/healthz?full=1",
                                "127.0.0.1",
                                "localhost:80",
                                "/healthz?full=1",
                                80 },
                { "HealthHttp", ":8080/x", "127.0.0.1", "localhost:8080", "/x", 8080 },
                { "HealthHttp", ":8080", "127.0.0.1", "localhost:8080", "/", 8080 },
                { "HealthHttp", "http://localhost:81/a", "127.0.0.1", "localhost:81", "/a", 81 },
                { "HealthHttp", "http://10.1.2.3", "10.1.2.3", "10.1.2.3", "/", 80 },
                { "HealthHttp", "HTTP://[::1]:99/b#c", "::1", "[::1]:99", "/b", 99 },
                { "HealthHttp", "https://localhost/", NULL, NULL, NULL, 0 },
                { "HealthHttp", "http://example.org/", NULL, NULL, NULL, 0 },
                { "HealthHttp", "http://", NULL, NULL, NULL, 0 },
                { "HealthHttp", "8080", NULL, NULL, NULL, 0 },
                { "HealthHttp", ":0/", NULL, NULL, NULL, 0 },
                { "HealthHttp", ":65536/", NULL, NULL, NULL, 0 },
                { "HealthHttp", "/a b", NULL, NULL, NULL, 0 },
                { "HealthHttp", "http://[10.1.2.3]/", NULL, NULL, NULL, 0 },
                { "HealthTcp", "5432", "127.0.0.1", NULL, NULL, 5432 },
                { "HealthTcp", "localhost:1", "127.0.0.1", NULL, NULL, 1 },
                { "HealthTcp", "10.1.2.3:99", "10.1.2.3", NULL, NULL, 99 },
                { "HealthTcp", "[fd00::1]:99", "fd00::1", NULL, NULL, 99 },
                { "HealthTcp", "10.1.2.3", NULL, NULL, NULL, 0 },
                { "HealthTcp", "db:5432", NULL, NULL, NULL, 0 },
                { "HealthTcp", "0", NULL, NULL, NULL, 0 },
                { "HealthTcp", "[::1]", NULL, NULL, NULL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line =
                                str_printf("[X-Supd]\n%s=%s", cases[i].key, cases[i].value);
                UnitSpec *u = fixture_load_line(line);
                const HealthEndpoint *e = &u->service.health_endpoint;

                if (!cases[i].address) {
                        if (u->load_state != UNIT_BAD_SETTING)
                                fail_msg("%s is taken", cases[i].value);
                        unit_spec_free(u);
                        continue;
                }
                fixture_assert_loaded(u);
                assert_string_equal(e->address, cases[i].address);
                assert_int_equal(e->port, cases[i].port);
                assert_true(str_equal(e->host, cases[i].host) || (!e->host && !cases[i].host));
                assert_true(str_equal(e->path, cases[i].path) || (!e->path && !cases[i].path));
                unit_spec_free(u);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_commands_are_kept_as_images_have_them),
                cmocka_unit_test(test_all_keys_have_their_place),
                cmocka_unit_test(test_what_makes_no_sense_is_an_error),
                cmocka_unit_test(test_no_timer_has_two_names),
                cmocka_unit_test(test_endpoints_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
