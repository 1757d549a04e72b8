/* SPDX-License-Identifier: MIT */

/* Where images come from, and what the two processes that bring them say to each other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/registry/endpoint.h"
#include "image/registry/fetch.h"
#include "image/network-options.h"
#include "image/settings.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* ---- endpoints -------------------------------------------------------------------------------- */
static void test_mirrors_come_before_the_registry_that_they_are_for(void **state) {
        const char *mirrors[] = { "docker.io mirror.example/cache",
                "docker.io.evil x",
                "docker.io localhost:5000",
                "quay.io other",
                NULL };
        _cleanup_(reference_done) Reference r = {};
        _cleanup_(endpoints_done) Endpoints e = {};

        (void) state;
        assert_int_equal(reference_parse("alpine", &r, NULL), 0);
        assert_int_equal(endpoints_make(&r, (char *const *) mirrors, &e, NULL), 0);
        assert_int_equal(e.n_items, 3);
        assert_string_equal(e.items[0].registry, "mirror.example");
        assert_string_equal(e.items[0].repository, "cache/library/alpine");
        assert_true(e.items[0].is_mirror);
        assert_string_equal(e.items[1].registry, "localhost:5000");
        assert_string_equal(e.items[2].registry, "docker.io");
        assert_string_equal(e.items[2].repository, "library/alpine");
        assert_false(e.items[2].is_mirror);
}

static void test_a_mirror_that_makes_no_name_is_refused(void **state) {
        static const char *const bad[] = { "docker.io UPPER.example/Path", "docker.io plainword" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                const char *mirrors[] = { bad[i], NULL };
                _cleanup_(reference_done) Reference r = {};
                _cleanup_(endpoints_done) Endpoints e = {};
                assert_int_equal(reference_parse("alpine", &r, NULL), 0);
                assert_int_equal(endpoints_make(&r, (char *const *) mirrors, &e, NULL), -EINVAL);
        }
}

static void test_a_short_name_says_no_registry(void **state) {
        (void) state;
        assert_true(name_is_short("alpine"));
        assert_true(name_is_short("alpine:3.20"));
        assert_true(name_is_short("team/app"));
        assert_true(name_is_short("alpine@" DIGEST));
        assert_false(name_is_short("docker.io/alpine"));
        assert_false(name_is_short("localhost/x"));
        assert_false(name_is_short("host:5000/x"));
}

static void test_a_short_name_is_looked_for_in_order(void **state) {
        const char *search[] = { "quay.io", "docker.io", NULL };
        _cleanup_strv_ char **short_name = NULL, **full = NULL, **none = NULL;

        (void) state;
        assert_int_equal(name_candidates("a:1", (char *const *) search, &short_name), 0);
        assert_int_equal(strv_length(short_name), 2);
        assert_string_equal(short_name[0], "quay.io/a:1");
        assert_string_equal(short_name[1], "docker.io/a:1");
        assert_int_equal(name_candidates("x.example/a", (char *const *) search, &full), 0);
        assert_int_equal(strv_length(full), 1);
        assert_int_equal(name_candidates("a", NULL, &none), 0);
        assert_string_equal(none[0], "a");
}

/* ---- settings and options --------------------------------------------------------------------- */
static void test_settings_are_read_key_by_key(void **state) {
        static const char text[] =
                        "ADDITIONAL_STORE=/a\nADDITIONAL_STORE=/b\nSTORAGE_DRIVER=overlay\n"
                        "SEARCH_REGISTRY=quay.io\nMIRROR=docker.io m.example/x\n"
                        "INSECURE_REGISTRY=h:5000\nCERT_DIR=/c\nAUTH_FILE=/d\n"
                        "PARALLEL_DOWNLOADS=5\nPROXY=http_proxy=http://p\nFUTURE=1\n";
        _cleanup_(settings_done) Settings s = {};

        (void) state;
        assert_int_equal(settings_parse(text, "f", &s, NULL), 0);
        assert_int_equal(strv_length(s.additional_stores), 2);
        assert_string_equal(s.additional_stores[1], "/b");
        assert_string_equal(s.driver, "overlay");
        assert_string_equal(s.mirrors[0], "docker.io m.example/x");
        assert_string_equal(s.insecure[0], "h:5000");
        assert_string_equal(s.auth_file, "/d");
        assert_string_equal(s.proxies[0], "http_proxy=http://p");
        assert_int_equal(s.parallel, 5);
}

static void test_a_bad_setting_is_named(void **state) {
        static const struct {
                const char *text, *reason;
        } bad[] = {
                { "nonsense\n", "KEY=value" },
                { "PARALLEL_DOWNLOADS=0\n", "PARALLEL_DOWNLOADS" },
                { "PARALLEL_DOWNLOADS=17\n", "from 1 to 16" },
                { "ADDITIONAL_STORE=relative\n", "ADDITIONAL_STORE" },
                { "MIRROR=docker.io\n", "MIRROR" },
                { "INSECURE_REGISTRY=http://x\n", "INSECURE_REGISTRY" },
                { "PROXY=ftp_proxy=s3cret\n", "PROXY" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(settings_done) Settings s = {};
                _cleanup_(error_done) Error error = {};
                assert_true(settings_parse(bad[i].text, "FILE", &s, &error) < 0);
                if (!strstr(error.message, bad[i].reason) || !strstr(error.message, "FILE") ||
                                strstr(error.message, "s3cret"))
                        fail_msg("%s: %s", bad[i].text, error.message);
        }
}

static void test_durations_are_gos_or_seconds(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } good[] = {
                { "0", 0 },
                { "5", 5 * USEC_PER_SEC },
                { "500ms", 500 * USEC_PER_MSEC },
                { "1m30s", 90 * USEC_PER_SEC },
                { "2min", 120 * USEC_PER_SEC },
                { "1h", USEC_PER_HOUR },
        };
        static const char *const bad[] = {
                "", "s", "-1s", "1x", "1.5s", "25h", "1s ", "99999999999999h"
        };
        uint64_t usec;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(duration_parse(good[i].text, &usec), 0);
                assert_int_equal(usec, good[i].usec);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (duration_parse(bad[i], &usec) != -EINVAL)
                        fail_msg("'%s' is taken", bad[i]);
}

static void test_a_policy_is_one_of_four_words(void **state) {
        PullPolicy policy;

        (void) state;
        assert_int_equal(pull_policy_parse(NULL, &policy, NULL), 0);
        assert_int_equal(policy, PULL_MISSING);
        assert_int_equal(pull_policy_parse("newer", &policy, NULL), 0);
        assert_int_equal(policy, PULL_NEWER);
        assert_int_equal(pull_policy_parse("Always", &policy, NULL), -EINVAL);
}

/* ---- the protocol ----------------------------------------------------------------------------- */
static void make_pair(int *a, int *b) {
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        *a = pair[0];
        *b = pair[1];
}

static void test_a_request_arrives_as_it_was_sent(void **state) {
        _cleanup_close_ int a = -EBADF, b = -EBADF, body = open("/dev/null", O_WRONLY | O_CLOEXEC);
        _cleanup_close_ int got_body = -EBADF;
        _cleanup_(record_freep) Record *text = NULL;
        FetchRequest sent = { .id = 7,
                .kind = FETCH_BLOB,
                .registry = "localhost:5000",
                .repository = "a/b",
                .what = DIGEST,
                .offset = 1,
                .limit = UINT64_MAX,
                .is_mirror = true },
                     got;

        (void) state;
        make_pair(&a, &b);
        assert_int_equal(fetch_request_send(a, &sent, body), 0);
        assert_int_equal(fetch_request_receive(b, &got, &text, &got_body), 1);
        assert_int_equal(got.id, 7);
        assert_int_equal(got.kind, FETCH_BLOB);
        assert_string_equal(got.registry, "localhost:5000");
        assert_string_equal(got.repository, "a/b");
        assert_string_equal(got.what, DIGEST);
        assert_int_equal(got.offset, 1);
        assert_true(got.limit == UINT64_MAX);
        assert_true(got.is_mirror);
        assert_true(got_body >= 0);
        a = close_fd(a);
        assert_int_equal(fetch_request_receive(b, &got, &text, &got_body), 0);
}

static void test_an_answer_arrives_and_is_fit_for_a_terminal(void **state) {
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        _cleanup_(fetch_answer_done) FetchAnswer got = {};
        char message[] = "one\x1b[31mtwo\nthree", digest[] = DIGEST;
        FetchAnswer sent = { .id = 3,
                .event = FETCH_DONE,
                .result = -ENOENT,
                .code = ERROR_BAD_NAME,
                .message = message,
                .is_transient = true,
                .retry_after_usec = 5,
                .digest = digest };

        (void) state;
        make_pair(&a, &b);
        assert_int_equal(fetch_answer_receive(b, /* wait= */ false, &got), -EAGAIN);
        assert_int_equal(fetch_answer_send(a, &sent), 0);
        assert_int_equal(fetch_answer_receive(b, /* wait= */ false, &got), 1);
        assert_int_equal(got.result, -ENOENT);
        assert_int_equal(got.code, ERROR_BAD_NAME);
        assert_true(got.is_transient);
        assert_int_equal(got.retry_after_usec, 5);
        assert_string_equal(got.digest, DIGEST);
        assert_null(strchr(got.message, '\x1b'));
        assert_null(strchr(got.message, '\n'));
}

static void test_nonsense_is_no_message(void **state) {
        static const char *const bad[] = {
                "nonsense",
                "ID=1\n",
                "ID=1\nEVENT=done\nRESULT=1\nTRANSIENT=no\nRETRY_AFTER_USEC=0\nOFFSET=0\n",
                "ID=1\nEVENT=never\nRESULT=0\nTRANSIENT=no\nRETRY_AFTER_USEC=0\nOFFSET=0\n",
                "ID=-1\nEVENT=done\nRESULT=0\nTRANSIENT=no\nRETRY_AFTER_USEC=0\nOFFSET=0\n",
        };
        _cleanup_close_ int a = -EBADF, b = -EBADF;

        (void) state;
        make_pair(&a, &b);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                FetchAnswer got = {};
                FetchRequest request;
                Record *text = NULL;
                int fd = -EBADF;
                for (int k = 0; k < 2; k++)
                        assert_true(send(a, bad[i], strlen(bad[i]), 0) > 0);
                assert_int_equal(fetch_answer_receive(b, /* wait= */ false, &got), -EBADMSG);
                /* It has no descriptor with it, for one. */
                assert_int_equal(fetch_request_receive(b, &request, &text, &fd), -EBADMSG);
                assert_null(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mirrors_come_before_the_registry_that_they_are_for),
                cmocka_unit_test(test_a_mirror_that_makes_no_name_is_refused),
                cmocka_unit_test(test_a_short_name_says_no_registry),
                cmocka_unit_test(test_a_short_name_is_looked_for_in_order),
                cmocka_unit_test(test_settings_are_read_key_by_key),
                cmocka_unit_test(test_a_bad_setting_is_named),
                cmocka_unit_test(test_durations_are_gos_or_seconds),
                cmocka_unit_test(test_a_policy_is_one_of_four_words),
                cmocka_unit_test(test_a_request_arrives_as_it_was_sent),
                cmocka_unit_test(test_an_answer_arrives_and_is_fit_for_a_terminal),
                cmocka_unit_test(test_nonsense_is_no_message),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
