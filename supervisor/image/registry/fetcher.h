/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The process that has the network, and nothing else: it reads what login and TLS need, then gives up its
 * privileges, its user where it can, and all files but those that resolving names takes. It never sees the
 * store. It ends with its parent, or when the other end of its socket is closed.
 */

#include <sys/types.h>

#include "image/registry/login.h"

typedef struct FetcherSpec {
        CertificateSpec certificates;       /* its bundle is chosen here */
        const char *auth_file, *creds_file; /* borrowed; NULL: none */
        char *const *insecure;              /* borrowed; HOST[:PORT] */
        char *const *proxies;               /* borrowed; "http_proxy=URL" */
        TlsVerify verify;
        uint64_t connect_timeout_usec, stall_timeout_usec;
} FetcherSpec;

typedef struct FetcherProcess {
        pid_t pid;     /* 0: none */
        int socket_fd; /* owned; for requests, see image/registry/fetch.h */
} FetcherProcess;
#define FETCHER_NONE ((FetcherProcess) { .socket_fd = -EBADF })

/** fetcher_start() - what it can't read it says here. Return: 0 or negative errno. */
int fetcher_start(const FetcherSpec *spec, FetcherProcess *ret, Error *error);
/** fetcher_done() - ends it, and waits */
void fetcher_done(FetcherProcess *f);
