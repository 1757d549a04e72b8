/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a registry says about how to log in: the header field WWW-Authenticate (RFC 9110, section 11.6.1)
 * and what a token server answers. Pure text.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CHALLENGE_SIZE_MAX 8192U
#define TOKEN_ANSWER_SIZE_MAX (1024U * 1024)
#define TOKEN_SIZE_MAX (64U * 1024)

typedef enum ChallengeScheme {
        CHALLENGE_NONE, /* no scheme that we know */
        CHALLENGE_BASIC,
        CHALLENGE_BEARER,
} ChallengeScheme;

typedef struct Challenge {
        ChallengeScheme scheme;
        char *realm, *service, *scope; /* owned; of CHALLENGE_BEARER; NULL: not said */
} Challenge;

/**
 * challenge_parse() - the best scheme in one field, which may list several; Bearer before Basic
 *
 * What stands behind something malformed does not count, and a Bearer challenge without realm is none.
 */
void challenge_parse(const char *field, Challenge *ret);
void challenge_done(Challenge *c);

typedef struct Token {
        char *text;             /* owned */
        uint64_t lifetime_usec; /* from when it was asked for */
} Token;

/**
 * token_parse() - {"token": …} or {"access_token": …}, with "expires_in" in seconds
 *
 * Return: 0; -EBADMSG with a message, which has nothing of the token in it.
 */
int token_parse(const char *text, size_t size, Token *ret, Error *error);
void token_done(Token *t);

/** secret_free() - free() for what nobody shall find in memory later */
char *secret_free(char *secret);
DEFINE_CLEANUP(char *, secret_free);
