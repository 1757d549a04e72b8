/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/registry/http-url.h"
#include "image/registry/transfer-internal.h"

#define CLIENT_ID "supd"

char *transfer_scope(const FetchRequest *request) {
        return str_printf("repository:%s:pull", request->repository);
}

/* A word for people; the transfer goes on whether they hear it or not. */
static void tell_of_helper(const Transfer *t, const char *helper) {
        FetchAnswer answer = {
                .event = FETCH_NOTICE,
                .code = ERROR_FAILED,
                .message = str_printf(
                                "%s: the login is with docker-credential-%s, which is not run; "
                                "trying without",
                                t->request.registry,
                                helper),
        };

        if (answer.message)
                (void) fetch_answer_send(t->socket_fd, &answer);
        free(answer.message);
}

/* Return: 1 if there is one; 0 if there is none; -EBADMSG with an error; -ENOMEM. */
static int find_credential(const Transfer *t, Credential *ret, Error *error) {
        const Credential *given = &t->network->credentials.given;
        _cleanup_free_ char *helper = NULL, *name = NULL;
        int r;

        if (given->user && !t->request.is_mirror) {
                *ret = (Credential) { .user = strdup(given->user),
                        .password = strdup(given->password) };
                return ret->user && ret->password ? 1 : -ENOMEM;
        }
        name = str_printf("%s/%s", t->request.registry, t->request.repository);
        if (!name)
                return -ENOMEM;
        r = credentials_find(&t->network->credentials, name, ret, &helper, error);
        if (r == 0 && helper)
                tell_of_helper(t, helper);
        return r;
}

/* ---- basic ------------------------------------------------------------------------------------ */
static int use_password(Transfer *t, const Credential *credential) {
        _cleanup_(secret_freep) char *value = credential_basic(credential);

        if (!value)
                return -ENOMEM;
        int r = network_remember(t->network, t->request.registry, NULL, &value, USEC_INFINITY);
        return r < 0 ? r : 1;
}

/* ---- tokens ----------------------------------------------------------------------------------- */
static int add_query(char **url, const char *name, const char *value) {
        char *longer = url_add_query(*url, name, value);

        if (!longer)
                return -ENOMEM;
        free(*url);
        *url = longer;
        return 0;
}

/* OAuth2's way: an identity token instead of a password, in the body. */
static int make_form(Transfer *t, const Challenge *c, const Credential *credential) {
        _cleanup_(secret_freep) char *form = strdup("");
        int r = form ? 0 : -ENOMEM;

        if (r >= 0)
                r = add_query(&form, "grant_type", "refresh_token");
        if (r >= 0)
                r = add_query(&form, "client_id", CLIENT_ID);
        if (r >= 0)
                r = add_query(&form, "service", c->service);
        if (r >= 0)
                r = add_query(&form, "scope", t->scope);
        if (r >= 0)
                r = add_query(&form, "refresh_token", credential->identity_token);
        if (r < 0)
                return r;
        t->form = strdup(form + 1); /* without the question mark */
        return t->form ? 0 : -ENOMEM;
}

static int make_query(Transfer *t, const Challenge *c, const Credential *credential) {
        int r;

        r = add_query(&t->token_url, "service", c->service);
        if (r >= 0)
                r = add_query(&t->token_url, "scope", t->scope);
        if (r >= 0)
                r = add_query(&t->token_url, "account", credential->user);
        if (r < 0 || !credential->user)
                return r;
        t->authorization = credential_basic(credential);
        return t->authorization ? 0 : -ENOMEM;
}

static int ask_for_token(Transfer *t, const Challenge *c, const Credential *credential) {
        int r;

        if (!url_is_http(c->realm) || (!t->is_plain && !url_is_encrypted(c->realm)))
                return transfer_fail(t,
                                -EPROTO,
                                ERROR_ACCESS_DENIED,
                                false,
                                "the login that it asks for is not at an https URL");
        t->scope = c->scope ? strdup(c->scope) : transfer_scope(&t->request);
        t->token_url = strdup(c->realm);
        r = t->scope && t->token_url ? 0 : -ENOMEM;
        if (r >= 0)
                r = credential->identity_token ? make_form(t, c, credential)
                                               : make_query(t, c, credential);
        if (r < 0)
                return r;
        t->phase = PHASE_TOKEN;
        t->redirects = 0;
        t->asked_usec = clock_monotonic_usec();
        return 1;
}

/* The best that the server offers; several fields count as one. */
static int best_challenge(const Transfer *t, Challenge *ret) {
        _cleanup_free_ char *joined = strv_join(t->header.challenges, ", ");

        *ret = (Challenge) {};
        if (joined)
                challenge_parse(joined, ret);
        return joined || !t->header.challenges ? 0 : -ENOMEM;
}

int transfer_log_in(Transfer *t) {
        _cleanup_(credential_done) Credential credential = {};
        _cleanup_(challenge_done) Challenge challenge = {};
        _cleanup_(error_done) Error error = {};
        int r;

        if (t->has_logged_in || t->is_elsewhere)
                return transfer_fail_status(t, 401);
        t->has_logged_in = true;
        t->authorization = secret_free(t->authorization);
        r = best_challenge(t, &challenge);
        if (r < 0)
                return r;
        r = find_credential(t, &credential, &error);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : transfer_fail(t,
                                                      r,
                                                      error.code,
                                                      false,
                                                      "%s",
                                                      error_text(&error, r));
        if (challenge.scheme == CHALLENGE_BEARER)
                return ask_for_token(t, &challenge, &credential);
        if (challenge.scheme == CHALLENGE_BASIC && credential.user)
                return use_password(t, &credential);
        return transfer_fail_status(t, 401);
}

int transfer_take_token(Transfer *t) {
        _cleanup_(secret_freep) char *value = NULL;
        _cleanup_(error_done) Error error = {};
        _cleanup_(token_done) Token token = {};
        int r;

        r = token_parse(t->text ?: "", t->text_size, &token, &error);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : transfer_fail(t,
                                                      r,
                                                      error.code,
                                                      false,
                                                      "%s",
                                                      error_text(&error, r));
        value = str_printf("Bearer %s", token.text);
        if (!value)
                return -ENOMEM;
        /* By the scope that we use: the one that it names may be wider, and is asked for by nobody else. */
        _cleanup_free_ char *scope = transfer_scope(&t->request);
        r = scope ? network_remember(t->network,
                                    t->request.registry,
                                    scope,
                                    &value,
                                    usec_add(t->asked_usec, token.lifetime_usec))
                  : -ENOMEM;
        if (r < 0)
                return r;
        t->phase = PHASE_CONTENT;
        t->form = secret_free(t->form);
        t->authorization = secret_free(t->authorization);
        t->redirects = 0;
        return 1;
}
