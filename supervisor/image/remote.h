/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The store's side of image/registry/fetch.h: requests that are asked of one endpoint after another, and again after
 * a while where that may help, until there is an answer. Several at a time; nothing blocks but
 * remote_turn(), which waits for whatever comes next.
 */

#include "image/registry/endpoint.h"
#include "image/registry/fetch.h"

typedef struct RetryPolicy {
        unsigned retries;
        uint64_t delay_usec; /* USEC_INFINITY: from 2 s on, doubling */
} RetryPolicy;

/* What becomes of a body. Each returns 0 or a negative errno with an error, which ends the exchange. */
typedef struct ExchangeOps {
        /* Before each attempt. @from_zero: the server can't begin where it should. */
        int (*begin)(void *userdata,
                        bool from_zero,
                        uint64_t *ret_offset,
                        uint64_t *ret_limit,
                        Error *error);
        /* The body comes, from @offset on, which is 0 or what was asked for. */
        int (*start)(void *userdata, uint64_t offset, Error *error);
        int (*data)(void *userdata, const char *data, size_t size, Error *error);
        /* All of it came, as far as the server says: 0; EXCHANGE_AGAIN: this was nothing, try elsewhere or
         * once more; EXCHANGE_SHORT: some is missing. */
        int (*end)(void *userdata, const FetchAnswer *answer, Error *error);
} ExchangeOps;
#define EXCHANGE_AGAIN 1
#define EXCHANGE_SHORT 2

typedef enum ExchangeState {
        EXCHANGE_IDLE,
        EXCHANGE_DUE, /* to be asked at due_usec */
        EXCHANGE_RUNNING,
        EXCHANGE_DONE, /* successfully */
        EXCHANGE_FAILED,
} ExchangeState;

typedef struct Exchange {
        FetchKind kind;
        const char *what; /* borrowed; tag or digest */
        const ExchangeOps *ops;
        void *userdata;
        /* Not the user's to write. */
        ExchangeState state;
        int result; /* of EXCHANGE_FAILED, with the error */
        Error error;
        bool is_transient; /* EXCHANGE_FAILED because the registry is away */
        uint64_t id;       /* of the attempt */
        uint64_t due_usec;
        uint64_t received; /* bytes of this attempt */
        size_t endpoint;   /* index */
        unsigned attempts; /* at the last endpoint, without progress */
        int body_fd;       /* owned; -EBADF: none, or its end has been read */
        bool has_started, from_zero;
        FetchAnswer answer; /* id 0: has not come */
} Exchange;
#define EXCHANGE_NONE ((Exchange) { .body_fd = -EBADF })

typedef struct Remote {
        int socket_fd;        /* borrowed */
        Endpoints *endpoints; /* borrowed */
        RetryPolicy policy;
        void (*notice)(const char *text);
        uint64_t last_id;
        Exchange **exchanges; /* owned; borrowed items, those that are due or running */
        size_t n_exchanges;
        char *buffer; /* owned */
} Remote;

/** remote_begin() - from now on remote_turn() sees to it; @x lives until it is over, or remote_drop() */
int remote_begin(Remote *r, Exchange *x);
/** remote_drop() - whatever its state; frees what it owns */
void remote_drop(Remote *r, Exchange *x);

/**
 * remote_turn() - wait until something comes and deal with it
 * @other_fd:   returns also when this is readable; -EBADF: none
 * @until_usec: and at this time; USEC_INFINITY: never
 *
 * Return: 0; negative errno if the process that fetches is lost.
 */
int remote_turn(Remote *r, int other_fd, uint64_t until_usec, Error *error);
void remote_done(Remote *r);
