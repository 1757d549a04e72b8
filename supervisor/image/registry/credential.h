/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who we are to a registry: files in the format of containers-auth.json(5), which Docker's config.json is
 * as well, and a pair of user and password given for one run.
 *
 * Helper programs that such files name are not run: this process may not start any, and they would get to
 * see what an image's name makes of their input. Messages never show anything that is secret.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define AUTH_FILE_SIZE_MAX (1024U * 1024)

typedef struct Credential {
        char *user, *password; /* owned; NULL: none */
        char *identity_token;  /* owned; what a token server takes instead of a password; NULL */
} Credential;

void credential_done(Credential *c);

/** credential_parse() - "USER[:PASSWORD]", with or without a newline behind it; -EINVAL */
int credential_parse(const char *text, Credential *ret, Error *error);

/** credential_basic() - "Basic …", the value of a header field; owned, secret_free(); NULL: no memory */
char *credential_basic(const Credential *c);

/**
 * credential_find() - in the text of an auth file, by the longest key that is REGISTRY/REPOSITORY or begins it
 * @what: the file's name, for messages
 * @ret_helper: owned; the helper program that has it instead; NULL: none
 *
 * Return: 1 and @ret; 0 if there is none; -EBADMSG if the file is malformed; -ENOMEM.
 */
int credential_find(const char *text,
                const char *what,
                const char *name,
                Credential *ret,
                char **ret_helper,
                Error *error);

/* All that a run has. */
typedef struct AuthFile {
        char *path; /* owned */
        char *text; /* owned */
} AuthFile;

typedef struct Credentials {
        AuthFile *files; /* owned; in the order in which they are asked */
        size_t n_files;
        Credential given; /* for the registry itself, not for mirrors of it */
} Credentials;

/**
 * credentials_load() - read the files, with all privileges; nothing is parsed but what was given
 * @auth_file:  the only one to be used; NULL: those that podman and docker use, where they exist
 * @creds_file: "USER:PASSWORD" in it; NULL: none
 */
int credentials_load(const char *auth_file, const char *creds_file, Credentials *ret, Error *error);
void credentials_done(Credentials *c);

/** credentials_find() - the first file's that has one; as credential_find() */
int credentials_find(const Credentials *c,
                const char *name,
                Credential *ret,
                char **ret_helper,
                Error *error);
