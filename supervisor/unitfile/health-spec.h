/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Health checks as a unit asks for them: UNITS.md 3.1 and 4.6. Immutable once loaded.
 */

#include <stdint.h>

#include "base/macro.h"

typedef enum HealthAction { /* HealthOnFailure= */
        HEALTH_ACTION_NONE,
        HEALTH_ACTION_KILL,
        HEALTH_ACTION_RESTART,
        HEALTH_ACTION_STOP,
        _HEALTH_ACTION_MAX,
        _HEALTH_ACTION_INVALID = -EINVAL,
} HealthAction;

const char *health_action_to_string(HealthAction a);

typedef enum HealthLogDestination { /* HealthLogDestination= */
        HEALTH_LOG_LOCAL,
        HEALTH_LOG_EVENTS,
        HEALTH_LOG_DIRECTORY,
} HealthLogDestination;

typedef enum NotifyMode { /* Notify=: when a container counts as started */
        NOTIFY_EXECUTES,  /* its payload executes */
        NOTIFY_PAYLOAD,   /* its payload says READY=1: sd_notify(3) */
        NOTIFY_HEALTHY,   /* the first health check that succeeds */
        _NOTIFY_MODE_MAX,
        _NOTIFY_MODE_INVALID = -EINVAL,
} NotifyMode;

#define HEALTH_UNSET UINT64_MAX
#define HEALTH_LOG_COUNT_DEFAULT 5U
#define HEALTH_LOG_SIZE_DEFAULT 500U

/* A command is written as images do: "CMD" and its words, "CMD-SHELL" and one string, or "NONE". */
typedef struct HealthSpec {
        char **test; /* owned; HealthCmd=; NULL: the image's */
        /* HEALTH_UNSET: the image's, else the default. An interval of 0: no timer. */
        uint64_t interval_usec, timeout_usec, start_period_usec;
        unsigned retries;    /* 0: unset */
        char **startup_test; /* owned; HealthStartupCmd=; NULL: none */
        uint64_t startup_interval_usec, startup_timeout_usec;
        unsigned startup_retries; /* 0: never restart */
        unsigned startup_success; /* 0: one is enough */
        HealthAction on_failure;
        HealthLogDestination log_destination;
        char *log_directory;     /* owned; of HEALTH_LOG_DIRECTORY */
        unsigned log_count;      /* results that are kept; 0: as many as there is room for */
        uint64_t log_size_bytes; /* of each result's output; 0: likewise */
} HealthSpec;

void health_spec_init(HealthSpec *h);
void health_spec_done(HealthSpec *h);

/* [X-Supd] HealthHttp= and HealthTcp=: a probe that supd makes itself. */
typedef struct HealthEndpoint {
        char *address; /* owned; numeric, IPv4 or IPv6; NULL: there is no such probe */
        char *host;    /* owned; for the header Host; NULL: of a TCP probe */
        char *path;    /* owned; of the request; NULL: a TCP probe, which only connects */
        uint16_t port;
} HealthEndpoint;

void health_endpoint_done(HealthEndpoint *e);

/**
 * health_endpoint_parse_http() - "http://ADDRESS[:PORT][/PATH]" or "[:PORT]/PATH"
 * health_endpoint_parse_tcp()  - "PORT" or "ADDRESS:PORT"
 *
 * An address is numeric (IPv6 in brackets) or "localhost", which is 127.0.0.1 and what is left out.
 * Return: 0; -EINVAL with *ret_problem: what it is or is not; -ENOMEM.
 */
int health_endpoint_parse_http(const char *s, HealthEndpoint *ret, const char **ret_problem);
int health_endpoint_parse_tcp(const char *s, HealthEndpoint *ret, const char **ret_problem);
