/* SPDX-License-Identifier: MIT */
#include "image/registry/login.h"

#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "base/text.h"
#include "image/registry/challenge.h"

/* A token that ends while its request is on the way is of no use. */
#define EXPIRY_MARGIN_USEC (10 * USEC_PER_SEC)

static void login_done(Login *l) {
        free(l->registry);
        free(l->scope);
        l->value = secret_free(l->value);
}

void network_done(Network *n) {
        for (size_t i = 0; i < n->n_logins; i++)
                login_done(&n->logins[i]);
        free(n->logins);
        (void) strv_free(n->plain_hosts); /* always NULL */
        credentials_done(&n->credentials);
        certificates_done(&n->certificates);
        *n = (Network) {};
}

bool network_is_insecure(const Network *n, const char *host) {
        if (n->verify != TLS_VERIFY_SETTINGS)
                return n->verify == TLS_VERIFY_NO;
        return strv_contains(n->insecure, host);
}

static Login *find(const Network *n, const char *registry, const char *scope) {
        for (size_t i = 0; i < n->n_logins; i++) {
                Login *l = &n->logins[i];
                if (str_equal(l->registry, registry) && (!l->scope || str_equal(l->scope, scope)))
                        return l;
        }
        return NULL;
}

const char *network_login(const Network *n, const char *registry, const char *scope) {
        const Login *l = find(n, registry, scope);

        return l && clock_monotonic_usec() < usec_sub(l->expires_usec, EXPIRY_MARGIN_USEC)
                               ? l->value
                               : NULL;
}

int network_remember(Network *n,
                const char *registry,
                const char *scope,
                char **value,
                uint64_t expires_usec) {
        Login *l = find(n, registry, scope);

        if (!l) {
                Login *grown = realloc(n->logins, (n->n_logins + 1) * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                n->logins = grown;
                l = &n->logins[n->n_logins];
                *l = (Login) { .registry = strdup(registry),
                        .scope = scope ? strdup(scope) : NULL };
                if (!l->registry || (scope && !l->scope)) {
                        login_done(l);
                        return -ENOMEM;
                }
                n->n_logins++;
        }
        (void) secret_free(l->value); /* always NULL */
        l->value = TAKE_PTR(*value);
        l->expires_usec = expires_usec;
        return 0;
}
