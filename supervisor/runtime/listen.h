/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sockets and named pipes to listen on, made in supd's own namespaces.
 *
 * Not its duty: what is done with them, who keeps them, and when they are closed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/error.h"

/* One setsockopt(). */
typedef struct ListenOption {
        const char *key; /* for messages: "KeepAlive" */
        int family;      /* only of this one; 0: any */
        int type;        /* likewise; SOCK_… */
        int level, name;
        int value;
        const char *text; /* instead of the value; NULL: the value */
        bool optional;    /* a kernel that does not know it does without */
} ListenOption;

/* All borrowed for the call. */
typedef struct ListenRequest {
        const char *text; /* the address as people know it; of a named pipe: its path */
        const struct sockaddr *address; /* NULL: a named pipe */
        socklen_t size;
        bool any_family; /* IPv4 will do where the machine has no IPv6 */
        int type;        /* SOCK_… */
        int protocol;
        unsigned backlog;
        mode_t mode, directory_mode; /* of what has a path */
        const char *user, *group;    /* names or numbers of the host; NULL: root, the user's own */
        const ListenOption *options;
        size_t n_options;
        size_t pipe_size_bytes; /* 0: the kernel's */
} ListenRequest;

/**
 * listen_open() - make it, bind it, listen on it
 *
 * A socket that lies about from an earlier time gives way. Return: the descriptor, close-on-exec and
 * non-blocking; negative errno, and nothing is left.
 */
int listen_open(const ListenRequest *r, Error *error);

/** listen_flush() - take whatever waits, and let it go; stops after some thousand of them */
void listen_flush(int fd, int type, bool is_socket);

/** listen_port() - of an IP socket that is bound: in host order; 0: it is none */
unsigned listen_port(int fd);
