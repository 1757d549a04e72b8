/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How to talk to a registry, as the options say: credentials, certificates, retries. Secrets are passed on
 * in a descriptor, never on a command line, where all can read them.
 */

#include "ctl/options.h"

typedef struct RegistryLogin {
        const char *option; /* static; what the descriptor is given as; NULL: there is none */
        int fd;             /* owned; to be the data of the call; -EBADF: none */
} RegistryLogin;

#define REGISTRY_LOGIN_NONE ((RegistryLogin) { .fd = -EBADF })

/**
 * registry_login_open() - the file of --auth-file or $REGISTRY_AUTH_FILE, or what --creds says; asks for a
 * password that is missing
 *
 * Return: 0; -EINTR; another negative errno. @ret is to be registry_login_done() after success.
 */
int registry_login_open(const ImageOptions *o, RegistryLogin *ret, Error *error);
void registry_login_done(RegistryLogin *l);

/** registry_login_words() - append what supd-image is to be told. Return: 0; negative errno. */
int registry_login_words(
                const RegistryLogin *l, const ImageOptions *o, char ***words, Error *error);
