/* SPDX-License-Identifier: MIT */

/*
 * Any bytes as a challenge, an auth file, a token server's answer and a URL: nothing crashes, nothing that
 * is taken could break out of a header field, and no message repeats what may be secret.
 */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "image/registry/challenge.h"
#include "image/registry/credential.h"
#include "image/registry/http-url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
        if (condition)
                return;
        (void) fprintf(stderr, "fuzz-image-login: %s\n", what);
        abort();
}

static bool is_one_line(const char *s) {
        return !s || !strpbrk(s, "\r\n");
}

static void check_challenge(const char *text) {
        Challenge c = {};

        challenge_parse(text, &c);
        require(c.scheme != CHALLENGE_BEARER || c.realm, "a token without a place to get it");
        challenge_done(&c);
}

static void check_token(const char *text, size_t size) {
        Error error = {};
        Token t = {};

        int r = token_parse(text, size, &t, &error);
        require(r >= 0 || error.message, "a token refused without a reason");
        require(r < 0 || (t.text && is_one_line(t.text) && t.lifetime_usec > 0), "a bad token");
        token_done(&t);
        error_done(&error);
}

static void check_auth_file(const char *text) {
        Credential c = {};
        Error error = {};
        char *helper = NULL;

        int r = credential_find(text, "file", "registry.example/team/app", &c, &helper, &error);
        require(r >= 0 || str_equal(error.message, "'file' is no valid JSON object"), "a message");
        require(r <= 0 || c.user || c.identity_token, "found, and nothing there");
        require(is_one_line(c.user) && is_one_line(c.password) && is_one_line(c.identity_token),
                        "two lines");
        char *basic = c.user ? credential_basic(&c) : NULL;
        require(is_one_line(basic), "a field of two lines");
        free(basic);
        credential_done(&c);
        error_done(&error);
        free(helper);
}

static void check_given(const char *text) {
        Credential c = {};

        if (credential_parse(text, &c, NULL) >= 0)
                require(c.user && c.password && is_one_line(c.user), "half a credential");
        credential_done(&c);
}

static void check_url(const char *text) {
        char *host = url_host(text), *shown = url_for_people(text);
        char *longer = url_add_query(text, "a", text);

        require(!url_is_http(text) || host, "a URL without a host");
        require(!url_is_http(text) || url_same_origin(text, text), "it is not where it is");
        require(shown && !strpbrk(shown, "?#"), "shown with its query");
        free(host);
        free(shown);
        free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = malloc(size + 1);

        require(text != NULL, "out of memory");
        memcpy(text, data, size);
        text[size] = '\0';
        check_challenge(text);
        check_token(text, size);
        check_auth_file(text);
        check_given(text);
        check_url(text);
        free(text);
        return 0;
}
