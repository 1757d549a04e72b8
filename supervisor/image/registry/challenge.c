/* SPDX-License-Identifier: MIT */
#include "image/registry/challenge.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "image/oci/json.h"

/* The specification's default where the server does not say; more than a day is no use to anybody. */
#define TOKEN_LIFETIME_DEFAULT 60
#define TOKEN_LIFETIME_MAX (24 * 60 * 60)

/* ---- WWW-Authenticate ------------------------------------------------------------------------- */
static const char *skip_blanks(const char *p) {
        return p + strspn(p, " \t");
}

/* RFC 9110's token; 0 if there is none at @p. */
static size_t token_length(const char *p) {
        return strspn(p,
                        "!#$%&'*+-.^_`|~0123456789"
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* A quoted string at @p into *ret, unescaped. Return: what follows; NULL: it does not end, or no memory. */
static const char *take_quoted(const char *p, char **ret) {
        char *text = malloc(strlen(p) + 1), *out = text;

        for (p++; text && *p && *p != '"'; p++) {
                if (*p == '\\' && p[1] != '\0')
                        p++;
                *out++ = *p;
        }
        if (!text || *p != '"') {
                free(text);
                return NULL;
        }
        *out = '\0';
        *ret = text;
        return p + 1;
}

/* Without quotes it should be a token, which no URL is; servers are forgiven that. */
static const char *take_value(const char *p, char **ret) {
        size_t n = strcspn(p, " \t,\"");

        if (*p == '"')
                return take_quoted(p, ret);
        *ret = n > 0 ? strndup(p, n) : NULL;
        return *ret ? p + n : NULL;
}

static bool name_is(const char *p, size_t n, const char *name) {
        return n == strlen(name) && strncasecmp(p, name, n) == 0;
}

/* One NAME=VALUE. Return: what follows; @p itself if none is there; NULL: malformed. */
static const char *take_parameter(const char *p, Challenge *c) {
        const char *name = p;
        size_t n = token_length(p);
        _cleanup_free_ char *value = NULL;

        p = skip_blanks(p + n);
        if (n == 0 || *p != '=')
                return name;
        p = take_value(skip_blanks(p + 1), &value);
        if (!p)
                return NULL;

        char **member = name_is(name, n, "realm")     ? &c->realm
                        : name_is(name, n, "service") ? &c->service
                        : name_is(name, n, "scope")   ? &c->scope
                                                      : NULL;
        /* Said twice, the first counts. */
        if (member && !*member)
                *member = TAKE_PTR(value);
        return p;
}

/* The parameters of one scheme, up to the next scheme or the end. */
static const char *take_parameters(const char *p, Challenge *c) {
        for (;;) {
                const char *start = p = p + strspn(p, " \t,");
                p = take_parameter(p, c);
                if (!p || p == start)
                        return p;
        }
}

static const char *take_challenge(const char *p, Challenge *c) {
        const char *name = p = p + strspn(p, " \t,");
        size_t n = token_length(p);

        if (n == 0)
                return NULL;
        p = take_parameters(p + n, c);
        if (name_is(name, n, "Basic"))
                c->scheme = CHALLENGE_BASIC;
        else if (name_is(name, n, "Bearer") && c->realm)
                c->scheme = CHALLENGE_BEARER;
        return p;
}

void challenge_parse(const char *field, Challenge *ret) {
        Challenge best = {};

        if (strlen(field) > CHALLENGE_SIZE_MAX)
                field = NULL;
        while (field) {
                Challenge c = {};
                field = take_challenge(field, &c);
                if (c.scheme > best.scheme) {
                        challenge_done(&best);
                        best = c;
                } else
                        challenge_done(&c);
        }
        *ret = best;
}

void challenge_done(Challenge *c) {
        free(c->realm);
        free(c->service);
        free(c->scope);
        *c = (Challenge) {};
}

/* ---- tokens ----------------------------------------------------------------------------------- */
/* It goes into a header line: nothing but visible characters. */
static bool token_is_valid(const char *s) {
        size_t n = s ? strlen(s) : 0;

        if (n == 0 || n > TOKEN_SIZE_MAX)
                return false;
        for (; *s; s++)
                if (*s <= ' ' || *s > '~')
                        return false;
        return true;
}

int token_parse(const char *text, size_t size, Token *ret, Error *error) {
        _cleanup_json_ json_t *j = NULL;
        const char *token = NULL;

        /* Without the parser's message, which quotes what it stumbled over. */
        if (json_parse(text, size, "token", &j, NULL) >= 0)
                token = json_text(j, "token") ?: json_text(j, "access_token");
        if (!token_is_valid(token))
                return error_set_plain(error,
                                -EBADMSG,
                                ERROR_FAILED,
                                "the token server's answer has no valid token");
        json_int_t seconds = json_integer_value(json_object_get(j, "expires_in"));
        if (seconds < TOKEN_LIFETIME_DEFAULT)
                seconds = TOKEN_LIFETIME_DEFAULT;
        *ret = (Token) {
                .text = strdup(token),
                .lifetime_usec = (uint64_t) MIN(seconds, TOKEN_LIFETIME_MAX) * USEC_PER_SEC,
        };
        return ret->text ? 0 : -ENOMEM;
}

void token_done(Token *t) {
        t->text = secret_free(t->text);
}

char *secret_free(char *secret) {
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
        return NULL;
}
