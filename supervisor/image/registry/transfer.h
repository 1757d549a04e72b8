/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One request to a registry until it has its answer: logging in where the registry wants it, following
 * redirections, plain http where that is allowed. What comes first is tried without credentials, unless it
 * is known by then that they are needed.
 *
 * Credentials go to the registry that they are for and to the token server that it names, and nowhere else:
 * a redirection to another host, port or scheme is followed without them, one from https to http is not
 * followed at all.
 */

#include <curl/curl.h>

#include "base/record.h"
#include "image/registry/fetch.h"
#include "image/registry/login.h"

typedef struct Transfer Transfer;

/** transfer_new() - @request points into *record, which it takes over and empties, as it does *body_fd */
int transfer_new(Network *network,
                int socket_fd,
                const FetchRequest *request,
                Record **record,
                int *body_fd,
                Transfer **ret);
Transfer *transfer_free(Transfer *t);
DEFINE_CLEANUP(Transfer *, transfer_free);

/** transfer_start() - the next request of it; its handle is to be given to curl_multi_add_handle() */
int transfer_start(Transfer *t);
CURL *transfer_handle(const Transfer *t);
/** transfer_of() - whose handle it is */
Transfer *transfer_of(CURL *handle);

/** transfer_stalls_at() - when it is to be given up, unless something comes before */
uint64_t transfer_stalls_at(const Transfer *t);
/** transfer_stalled() - it was, and is answered. Return: 0 or negative errno. */
int transfer_stalled(Transfer *t);

/**
 * transfer_ended() - libcurl is done with what transfer_start() began
 *
 * Return: 1: start again; 0: it is over and the answer was sent; negative errno if it could not be sent.
 */
int transfer_ended(Transfer *t, CURLcode code);
