/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whom to trust and who we are in TLS: the system's authorities, and for each registry what lies in the
 * directory that is named HOST[:PORT], as Docker and podman have it: *.crt further authorities, *.cert with
 * *.key a certificate of our own.
 *
 * All of it is read into memory by a process that still may; nothing is parsed here.
 */

#include <stddef.h>

#include "base/error.h"

typedef struct CertificateHost {
        char *host;              /* owned; as the directory is named */
        char *authorities;       /* owned; the system's and its own; NULL: the system's alone */
        char *certificate, *key; /* owned; NULL: none */
} CertificateHost;

typedef struct Certificates {
        char *authorities;      /* owned; the system's; "" where there are none */
        CertificateHost *hosts; /* owned */
        size_t n_hosts;
} Certificates;

typedef struct CertificateSpec {
        const char *bundle;   /* borrowed; file with the system's authorities; NULL: none */
        const char *dir;      /* borrowed; what lies in it is for @registry; NULL: none */
        const char *registry; /* borrowed; HOST[:PORT] */
        char *const *dirs;    /* borrowed; HOST[:PORT]/ below each; NULL: the usual ones */
} CertificateSpec;

/** certificates_load() - a directory that is not there has nothing; what is there has to be readable */
int certificates_load(const CertificateSpec *spec, Certificates *ret, Error *error);
void certificates_done(Certificates *c);

/** certificates_find() - of a host, with its port where the name says one; NULL: nothing of its own */
const CertificateHost *certificates_find(const Certificates *c, const char *host);
