/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the process that has the store and the one that has the network say to each other: records over a
 * socket that keeps messages apart. A request comes with the write end of a pipe, which the body goes into
 * and which is closed at its end; FETCH_STARTED is sent before its first byte, FETCH_DONE after its last.
 *
 * Neither trusts the other: digests and sizes are checked on this side of the pipe, and credentials stay on
 * that one. To give up on a transfer the read end is closed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/record.h"

#define FETCH_MESSAGE_SIZE_MAX (32U * 1024)

typedef enum FetchKind {
        FETCH_MANIFEST,
        FETCH_DIGEST, /* of a manifest, by a request that has no body; it may be missing in the answer */
        FETCH_BLOB,
        _FETCH_KIND_MAX,
        _FETCH_KIND_INVALID = -EINVAL,
} FetchKind;

typedef struct FetchRequest {
        uint64_t id;
        FetchKind kind;
        const char *registry, *repository; /* borrowed, as all of these */
        const char *what;                  /* tag or digest */
        uint64_t offset;                   /* of the first byte wanted */
        uint64_t limit;                    /* how many bytes there may be from there on */
        bool is_mirror;                    /* credentials of the registry proper are not for it */
} FetchRequest;

typedef enum FetchEvent {
        FETCH_STARTED,
        FETCH_DONE,
        FETCH_NOTICE, /* a word for people, of no transfer */
        _FETCH_EVENT_MAX,
        _FETCH_EVENT_INVALID = -EINVAL,
} FetchEvent;

typedef struct FetchAnswer {
        uint64_t id;
        FetchEvent event;
        int result;                /* of FETCH_DONE: 0 or negative errno */
        ErrorCode code;            /* the error's */
        char *message;             /* owned; the error's, or the notice */
        bool is_transient;         /* the same request may succeed later, or elsewhere */
        uint64_t retry_after_usec; /* when the server says: not before; USEC_INFINITY: it does not say */
        uint64_t offset; /* of FETCH_STARTED: where the body begins, 0 or what was asked for */
        char *digest; /* owned; what the server calls the digest of a manifest; NULL: nothing valid */
} FetchAnswer;

void fetch_answer_done(FetchAnswer *a);

/* ---- the side that asks ---- */
/** fetch_request_send() - @body_fd stays the caller's */
int fetch_request_send(int socket_fd, const FetchRequest *request, int body_fd);
/** fetch_answer_receive() - Return: 1; 0 at the end; -EAGAIN; -EBADMSG for what is no answer */
int fetch_answer_receive(int socket_fd, bool wait, FetchAnswer *ret);

/* ---- the side that fetches ---- */
/**
 * fetch_request_receive() - @ret_text is what @ret points into; owned, as is *ret_body_fd
 *
 * Return: 1; 0 at the end; -EAGAIN; -EBADMSG.
 */
int fetch_request_receive(int socket_fd, FetchRequest *ret, Record **ret_text, int *ret_body_fd);
int fetch_answer_send(int socket_fd, const FetchAnswer *answer);
