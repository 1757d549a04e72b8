/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "image/registry/challenge.h"
#include "image/registry/credential.h"
#include "image/registry/http-url.h"
#include "image/registry/login.h"

/* "user:pass:word", "other:x" */
#define AUTH "dXNlcjpwYXNzOndvcmQ="
#define OTHER_AUTH "b3RoZXI6eA=="

/* ---- challenges ------------------------------------------------------------------------------- */
static void expect_challenge(const char *field,
                ChallengeScheme scheme,
                const char *realm,
                const char *service,
                const char *scope) {
        _cleanup_(challenge_done) Challenge c = {};

        challenge_parse(field, &c);
        if (c.scheme != scheme)
                fail_msg("%s: scheme %d", field, c.scheme);
        assert_true(str_equal(c.realm, realm));
        assert_true(str_equal(c.service, service));
        assert_true(str_equal(c.scope, scope));
}

static void test_a_challenge_is_read_as_servers_write_it(void **state) {
        (void) state;
        expect_challenge("Bearer realm=\"https://auth.example/token\",service=\"registry\","
                         "scope=\"repository:a/b:pull\"",
                        CHALLENGE_BEARER,
                        "https://auth.example/token",
                        "registry",
                        "repository:a/b:pull");
        expect_challenge("bearer REALM=https://x , error = \"y, z\" ,service= s",
                        CHALLENGE_BEARER,
                        "https://x",
                        "s",
                        NULL);
        expect_challenge("Basic realm=\"a \\\"quoted\\\" one\"",
                        CHALLENGE_BASIC,
                        "a \"quoted\" one",
                        NULL,
                        NULL);
        expect_challenge("Basic", CHALLENGE_BASIC, NULL, NULL, NULL);
}

static void test_of_several_challenges_the_token_is_taken(void **state) {
        (void) state;
        expect_challenge("Basic realm=\"x\", Bearer realm=\"https://t\", Negotiate",
                        CHALLENGE_BEARER,
                        "https://t",
                        NULL,
                        NULL);
        expect_challenge("Bearer realm=\"https://t\", Basic realm=\"x\"",
                        CHALLENGE_BEARER,
                        "https://t",
                        NULL,
                        NULL);
}

static void test_what_is_no_challenge_has_no_scheme(void **state) {
        static const char *const fields[] = {
                "",
                ",,,",
                "Negotiate abc==",
                "Bearer",
                "Bearer service=\"x\"",
                "Bearer realm=\"https://never-ends",
                "Bearer realm=",
                "\"Basic\"",
                "=",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                _cleanup_(challenge_done) Challenge c = {};
                challenge_parse(fields[i], &c);
                if (c.scheme != CHALLENGE_NONE && c.realm)
                        fail_msg("%s: realm %s", fields[i], c.realm);
        }
}

/* ---- tokens ----------------------------------------------------------------------------------- */
static void expect_token(const char *text, const char *token, uint64_t seconds) {
        _cleanup_(token_done) Token t = {};

        assert_int_equal(token_parse(text, strlen(text), &t, NULL), 0);
        assert_string_equal(t.text, token);
        assert_int_equal(t.lifetime_usec, seconds * USEC_PER_SEC);
}

static void test_a_token_is_found_under_either_name(void **state) {
        (void) state;
        expect_token("{\"token\":\"a\",\"access_token\":\"b\",\"expires_in\":300}", "a", 300);
        expect_token("{\"access_token\":\"b\"}", "b", 60);
        expect_token("{\"token\":\"a\",\"expires_in\":1}", "a", 60);
        expect_token("{\"token\":\"a\",\"expires_in\":99999999999}", "a", (uint64_t) 24 * 60 * 60);
}

static void test_a_bad_token_is_refused_and_not_repeated(void **state) {
        static const char *const texts[] = {
                "{}",
                "{\"token\":\"\"}",
                "{\"token\":5}",
                "{\"token\":\"s3cret\\r\\nHost: x\"}",
                "{\"token\":\"s3cret\"",
                "[\"s3cret\"]",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(error_done) Error error = {};
                Token t = {};
                assert_int_equal(token_parse(texts[i], strlen(texts[i]), &t, &error), -EBADMSG);
                assert_null(t.text);
                assert_null(strstr(error.message, "s3cret"));
        }
}

/* ---- credentials ------------------------------------------------------------------------------ */
static void expect_user(const char *text, const char *name, const char *user) {
        _cleanup_(credential_done) Credential c = {};
        _cleanup_free_ char *helper = NULL;

        int r = credential_find(text, "auth.json", name, &c, &helper, NULL);
        if (r != (user ? 1 : 0) || !str_equal(c.user, user))
                fail_msg("%s: %d, user %s", name, r, c.user);
}

static void test_the_longest_key_that_fits_is_taken(void **state) {
        static const char text[] = "{\"auths\":{"
                                   "\"quay.io\":{\"auth\":\"" AUTH "\"},"
                                   "\"quay.io/team/app\":{\"auth\":\"" OTHER_AUTH "\"},"
                                   "\"https://index.docker.io/v1/\":{\"auth\":\"" OTHER_AUTH "\"},"
                                   "\"localhost:5000\":{\"auth\":\"" AUTH "\"}}}";

        (void) state;
        expect_user(text, "quay.io/x", "user");
        expect_user(text, "quay.io/team/app", "other");
        expect_user(text, "quay.io/team/app/part", "other");
        expect_user(text, "quay.io/team/application", "user");
        expect_user(text, "docker.io/library/alpine", "other");
        expect_user(text, "localhost:5000/x", "user");
        expect_user(text, "localhost:500/x", NULL);
        expect_user(text, "quay.io.evil.example/x", NULL);
        expect_user(text, "evil.example/quay.io/x", NULL);
}

static void test_a_password_may_have_colons_and_an_identity_token_replaces_it(void **state) {
        static const char text[] = "{\"auths\":{\"a\":{\"auth\":\"" AUTH "\"},"
                                   "\"b\":{\"auth\":\"\",\"identitytoken\":\"id\"}}}";
        _cleanup_(credential_done) Credential c = {}, d = {};
        _cleanup_free_ char *helper = NULL, *basic = NULL;

        (void) state;
        assert_int_equal(credential_find(text, "f", "a/x", &c, &helper, NULL), 1);
        assert_string_equal(c.password, "pass:word");
        basic = credential_basic(&c);
        assert_string_equal(basic, "Basic " AUTH);
        assert_int_equal(credential_find(text, "f", "b/x", &d, &helper, NULL), 1);
        assert_string_equal(d.identity_token, "id");
        assert_null(d.user);
}

static void test_a_helper_is_named_and_not_run(void **state) {
        static const char text[] = "{\"auths\":{\"a\":{}},\"credHelpers\":{\"b\":\"thing\"},"
                                   "\"credsStore\":\"desktop\"}";
        _cleanup_(credential_done) Credential c = {};
        _cleanup_free_ char *helper = NULL;

        (void) state;
        assert_int_equal(credential_find(text, "f", "b/x", &c, &helper, NULL), 0);
        assert_string_equal(helper, "thing");
        assert_int_equal(credential_find(text, "f", "a/x", &c, &helper, NULL), 0);
        assert_string_equal(helper, "desktop");
}

static void test_a_malformed_auth_file_is_named_and_not_repeated(void **state) {
        static const char *const texts[] = { "", "{\"auths\":{\"s3cret\"", "s3cret", "[]" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(error_done) Error error = {};
                _cleanup_free_ char *helper = NULL;
                Credential c = {};
                assert_int_equal(credential_find(texts[i], "F", "a/x", &c, &helper, &error),
                                -EBADMSG);
                assert_non_null(strstr(error.message, "'F'"));
                assert_null(strstr(error.message, "s3cret"));
        }
}

static void test_what_decodes_to_no_user_is_none(void **state) {
        (void) state;
        expect_user("{\"auths\":{\"a\":{\"auth\":\"!!!!\"}}}", "a/x", NULL);
        expect_user("{\"auths\":{\"a\":{\"auth\":\"dXN\"}}}", "a/x", NULL);
        expect_user("{\"auths\":{\"a\":{\"auth\":\"OnBhc3M=\"}}}", "a/x", NULL); /* ":pass" */
        expect_user("{\"auths\":{\"a\":{\"auth\":\"dQp1OnA=\"}}}",
                        "a/x",
                        "u"); /* cut at the line */
        expect_user("{\"auths\":[]}", "a/x", NULL);
}

static void test_given_credentials_are_a_line(void **state) {
        _cleanup_(credential_done) Credential c = {}, d = {};

        (void) state;
        assert_int_equal(credential_parse("user:pass\n", &c, NULL), 0);
        assert_string_equal(c.user, "user");
        assert_string_equal(c.password, "pass");
        assert_int_equal(credential_parse("user", &d, NULL), 0);
        assert_string_equal(d.password, "");
        assert_int_equal(credential_parse("", &d, NULL), -EINVAL);
        assert_int_equal(credential_parse(":x", &d, NULL), -EINVAL);
        assert_int_equal(credential_parse("a\tb:x", &d, NULL), -EINVAL);
}

/* ---- URLs ------------------------------------------------------------------------------------- */
static void test_only_http_without_user_is_a_url_to_follow(void **state) {
        (void) state;
        assert_true(url_is_http("https://example.com/x"));
        assert_true(url_is_http("http://127.0.0.1:5000/"));
        assert_true(url_is_http("https://[::1]:5000/v2/"));
        assert_false(url_is_http("file:///etc/passwd"));
        assert_false(url_is_http("ftp://example.com/"));
        assert_false(url_is_http("gopher://example.com/"));
        assert_false(url_is_http("https://user:pass@example.com/"));
        assert_false(url_is_http("/v2/"));
        assert_false(url_is_http(""));
        assert_true(url_is_encrypted("HTTPS://example.com/"));
        assert_false(url_is_encrypted("http://example.com/"));
}

static void test_an_origin_is_scheme_host_and_port(void **state) {
        (void) state;
        assert_true(url_same_origin("https://a.example/x", "https://A.example:443/y?z"));
        assert_true(url_same_origin("http://a:80/", "http://a/"));
        assert_false(url_same_origin("https://a.example/", "http://a.example/"));
        assert_false(url_same_origin("https://a.example/", "https://b.example/"));
        assert_false(url_same_origin("https://a.example/", "https://a.example:444/"));
        assert_false(url_same_origin("https://a.example/", "https://a.example.evil/"));
        assert_false(url_same_origin("nothing", "nothing"));
}

static void test_a_url_is_shown_without_what_is_secret(void **state) {
        _cleanup_free_ char *shown = url_for_people("https://u:p@a:1/x?signature=s3cret#f");
        _cleanup_free_ char *added =
                        url_add_query("https://a/t?x=1", "scope", "repository:a/b:pull");
        _cleanup_free_ char *first = url_add_query("https://a/t", "s", "a b&c=\"");
        _cleanup_free_ char *host = url_host("https://a.example:5000/x");

        (void) state;
        assert_string_equal(shown, "https://a:1/x");
        assert_string_equal(added, "https://a/t?x=1&scope=repository%3Aa%2Fb%3Apull");
        assert_string_equal(first, "https://a/t?s=a%20b%26c%3D%22");
        assert_string_equal(host, "a.example:5000");
}

/* ---- what is remembered ----------------------------------------------------------------------- */
static void remember(Network *n, const char *scope, const char *text, uint64_t expires_usec) {
        char *value = strdup(text);

        assert_int_equal(network_remember(n, "r", scope, &value, expires_usec), 0);
        assert_null(value);
}

static void test_a_token_is_used_for_its_scope_until_it_ends(void **state) {
        _cleanup_(network_done) Network n = {};
        uint64_t now_usec = clock_monotonic_usec();

        (void) state;
        remember(&n, "one", "old", now_usec + USEC_PER_HOUR);
        remember(&n, "one", "a", now_usec + USEC_PER_HOUR);
        remember(&n, "two", "b", now_usec + USEC_PER_SEC);
        assert_string_equal(network_login(&n, "r", "one"), "a");
        assert_null(network_login(&n, "r", "two"));
        assert_null(network_login(&n, "r", "three"));
        assert_null(network_login(&n, "other", "one"));
        assert_int_equal(n.n_logins, 2);
}

static void test_a_password_is_used_for_every_scope_of_its_registry(void **state) {
        _cleanup_(network_done) Network n = {};

        (void) state;
        remember(&n, NULL, "p", USEC_INFINITY);
        assert_string_equal(network_login(&n, "r", "one"), "p");
        assert_null(network_login(&n, "other", "one"));
}

static void test_verification_is_what_was_asked_for(void **state) {
        char host[] = "a:5000";
        char *insecure[] = { host, NULL };
        Network n = { .insecure = insecure };

        (void) state;
        assert_true(network_is_insecure(&n, "a:5000"));
        assert_false(network_is_insecure(&n, "a"));
        n.verify = TLS_VERIFY_YES;
        assert_false(network_is_insecure(&n, "a:5000"));
        n.verify = TLS_VERIFY_NO;
        assert_true(network_is_insecure(&n, "b"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_challenge_is_read_as_servers_write_it),
                cmocka_unit_test(test_of_several_challenges_the_token_is_taken),
                cmocka_unit_test(test_what_is_no_challenge_has_no_scheme),
                cmocka_unit_test(test_a_token_is_found_under_either_name),
                cmocka_unit_test(test_a_bad_token_is_refused_and_not_repeated),
                cmocka_unit_test(test_the_longest_key_that_fits_is_taken),
                cmocka_unit_test(test_a_password_may_have_colons_and_an_identity_token_replaces_it),
                cmocka_unit_test(test_a_helper_is_named_and_not_run),
                cmocka_unit_test(test_a_malformed_auth_file_is_named_and_not_repeated),
                cmocka_unit_test(test_what_decodes_to_no_user_is_none),
                cmocka_unit_test(test_given_credentials_are_a_line),
                cmocka_unit_test(test_only_http_without_user_is_a_url_to_follow),
                cmocka_unit_test(test_an_origin_is_scheme_host_and_port),
                cmocka_unit_test(test_a_url_is_shown_without_what_is_secret),
                cmocka_unit_test(test_a_token_is_used_for_its_scope_until_it_ends),
                cmocka_unit_test(test_a_password_is_used_for_every_scope_of_its_registry),
                cmocka_unit_test(test_verification_is_what_was_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
