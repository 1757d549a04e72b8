/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What this process may use of the network and how, and what it has learned: how to log in where. Tokens
 * are kept for as long as they last, for a registry and a scope each.
 */

#include "image/registry/certificate.h"
#include "image/registry/credential.h"

typedef enum TlsVerify {
        TLS_VERIFY_SETTINGS, /* everything but the insecure registries */
        TLS_VERIFY_YES,
        TLS_VERIFY_NO,
} TlsVerify;

typedef struct Login {
        char *registry; /* owned */
        char *scope;    /* owned; NULL: any */
        char *value;    /* owned; of the header field Authorization */
        uint64_t expires_usec;
} Login;

typedef struct Network {
        Credentials credentials;
        Certificates certificates;
        char *const *insecure; /* borrowed; HOST[:PORT] */
        TlsVerify verify;
        uint64_t connect_timeout_usec, stall_timeout_usec;
        Login *logins; /* owned */
        size_t n_logins;
        char **plain_hosts; /* owned; insecure ones that turned out to speak plain http */
} Network;

void network_done(Network *n);

/** network_is_insecure() - its certificate is not verified, and http is good enough */
bool network_is_insecure(const Network *n, const char *host);

/** network_login() - the header field's value, borrowed until the next call; NULL: none is known */
const char *network_login(const Network *n, const char *registry, const char *scope);

/** network_remember() - takes over *value and empties it; replaces what was known. Return: 0 or -ENOMEM. */
int network_remember(Network *n,
                const char *registry,
                const char *scope,
                char **value,
                uint64_t expires_usec);
