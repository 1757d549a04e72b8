/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Work on secrets: see org.supd.Secret in control/control.h. What is in one is in a memory file, on our
 * side and on the way.
 */

#include "client/client.h"

/* A secret to be stored; all borrowed. */
typedef struct SecretRequest {
        const char *name;
        const char *data; /* 1 to SUPD_SECRET_SIZE_MAX bytes */
        size_t size;
        char *const *labels; /* "NAME=VALUE"; may be NULL */
        bool replace;
} SecretRequest;

/** client_create_secret() - have it stored. @ret_id: owned by the caller */
int client_create_secret(Client *c, const SecretRequest *request, char **ret_id, Error *error);
int client_remove_secret(Client *c, const char *name, Error *error);
/** client_list_secrets() - an array of dicts */
int client_list_secrets(Client *c, Value *ret, Error *error);
/** client_get_secret() - a dict, without what is in it */
int client_get_secret(Client *c, const char *name, Value *ret, Error *error);
/** client_get_secret_data() - what is in it. @ret: owned by the caller, who wipes it; a NUL is behind it */
int client_get_secret_data(Client *c, const char *name, char **ret, size_t *ret_size, Error *error);
