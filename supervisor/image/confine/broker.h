/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a confined process needs and can't do, since it takes CAP_SYS_ADMIN. The process that keeps the
 * capability reads nothing from outside; it serves two sockets and waits for the confined ones to end.
 *
 * Marks: overlayfs's opaque mark is a trusted.* attribute. Every process that unpacks may have directories
 * marked whose descriptors it passes. Requests: everything else, in words that the server checks; only the
 * one child may ask, and those that it starts close the socket.
 */

#include "base/error.h"

#define BROKER_REQUEST_MAX 4096U

typedef struct BrokerSockets {
        int mark_fd, request_fd; /* borrowed */
} BrokerSockets;

typedef int (*BrokerBody)(const BrokerSockets *sockets, void *userdata);

/** BrokerServe - answer one request, text of up to BROKER_REQUEST_MAX. Return: what broker_ask() returns. */
typedef int (*BrokerServe)(const char *request, void *userdata);

/**
 * broker_run() - run @body in a child process, serving its requests and those of its children
 *
 * The child ends with what @body returns, as exit status; it dies with its parent.
 *
 * Return: the exit status; 128 and the signal that killed it; negative errno.
 */
int broker_run(BrokerBody body, BrokerServe serve, void *userdata, Error *error);

/** broker_make_opaque() - in the child; an UnpackOpaque whose userdata points to the fd for marks */
int broker_make_opaque(int dir_fd, void *userdata);

/** broker_is_opaque() - the other way round. Return: 1, 0 or negative errno. */
int broker_is_opaque(int dir_fd, void *userdata);

/** broker_ask() - in the child; -EPIPE if nobody is there to answer, -E2BIG for a long @request */
int broker_ask(int request_fd, const char *request);
