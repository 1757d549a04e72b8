/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of a transfer share. */

#include <stdbool.h>

#include "image/registry/challenge.h"
#include "image/registry/transfer.h"

typedef enum TransferPhase {
        PHASE_CONTENT,
        PHASE_TOKEN,
} TransferPhase;

/* What the current answer's header said. */
typedef struct TransferHeader {
        char **challenges;   /* owned; fields WWW-Authenticate */
        char *digest;        /* owned; Docker-Content-Digest */
        char *content_range; /* owned */
} TransferHeader;

struct Transfer {
        Network *network; /* borrowed */
        int socket_fd;    /* borrowed */
        FetchRequest request;
        Record *record;                /* owned; what the request points into */
        int body_fd;                   /* owned */
        CURL *handle;                  /* owned */
        char message[CURL_ERROR_SIZE]; /* libcurl's; it wants an array */
        struct curl_slist *fields;     /* owned; of the request's header */
        TransferPhase phase;
        char *content_url;   /* owned; NULL: to be made */
        char *token_url;     /* owned */
        char *scope;         /* owned; what the token is asked for */
        char *authorization; /* owned; of this phase and host; NULL: none */
        char *form;          /* owned; what is sent to the token server; NULL: nothing */
        unsigned redirects;
        bool is_plain;        /* http */
        bool is_elsewhere;    /* redirected away from the registry: no credentials from here on */
        bool has_logged_in;   /* and was refused if asked again */
        uint64_t asked_usec;  /* when the token was asked for */
        uint64_t active_usec; /* when something came last */
        TransferHeader header;
        char *text; /* owned; a token, or what the server says of an error */
        size_t text_size;
        uint64_t received; /* of the body that goes into body_fd */
        uint64_t limit;
        int body_result; /* why the body was cut off; 0: it was not */
};

/** transfer_scope() - what reading the repository is called; owned; NULL: no memory */
char *transfer_scope(const FetchRequest *request);

/** transfer_fail() - the answer: this went wrong, in these words. Return: 0, or what the socket says. */
int transfer_fail(
                Transfer *t, int result, ErrorCode code, bool is_transient, const char *format, ...)
                _printf_(5, 6);
/** transfer_fail_status() - the answer to an HTTP status that is none of success */
int transfer_fail_status(Transfer *t, long status);
/** transfer_fail_code() - the answer to a failure of libcurl's */
int transfer_fail_code(Transfer *t, CURLcode code);

/**
 * transfer_log_in() - the registry wants to know who we are
 *
 * Return: 1: start again, with a token to be asked for or with the password; 0: it failed, answered; or
 * negative errno.
 */
int transfer_log_in(Transfer *t);
/** transfer_take_token() - the token server has answered; as transfer_log_in() */
int transfer_take_token(Transfer *t);
