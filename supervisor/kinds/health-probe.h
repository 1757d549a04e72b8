/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A check without a process: supd itself connects to a port in the container's network, and may ask a web
 * server for a page. [X-Supd] HealthTcp= and HealthHttp=.
 *
 * Between calls: on_end was not called yet; health_probe_free() ends it without. Reads no more than it needs
 * to know the answer's status.
 */

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "unitfile/health-spec.h"

typedef struct HealthProbeRun HealthProbeRun;

/* @success: what the check is about. @text: why, or what was answered. May free the probe. */
typedef void (*HealthProbeEnd)(bool success, const char *text, void *userdata);

typedef struct HealthProbeRequest {
        const HealthEndpoint *endpoint; /* borrowed until the end */
        int pidfd;                      /* borrowed; of a process in the network that is meant */
        uint64_t timeout_usec;          /* USEC_INFINITY: none */
        HealthProbeEnd on_end;
        void *userdata;
} HealthProbeRequest;

/** health_probe_start() - on_end is called later, never from here */
int health_probe_start(sd_event *event,
                const HealthProbeRequest *request,
                HealthProbeRun **ret,
                Error *error);
HealthProbeRun *health_probe_free(HealthProbeRun *p);
DEFINE_CLEANUP(HealthProbeRun *, health_probe_free);

/**
 * health_http_status() - of the beginning of an answer: "HTTP/1.1 204 No Content\r\n"
 *
 * Return: 100 to 999; -EAGAIN there has to be more; -EBADMSG it is no such answer.
 */
int health_http_status(const char *answer, size_t size);
