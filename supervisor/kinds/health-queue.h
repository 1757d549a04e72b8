/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How many checks run at the same time, over all units. A supervisor with a thousand of them must not be
 * the load that makes them fail.
 */

#include "base/list.h"

typedef struct HealthQueue HealthQueue;

/* A check that runs or waits. Its owner keeps it and may drop it at any time. */
typedef struct HealthTicket {
        List link;          /* among those that wait */
        HealthQueue *queue; /* borrowed; NULL: neither waits nor runs */
        bool granted;
        void (*start)(void *userdata); /* its turn has come; not called from health_queue_take() */
        void *userdata;                /* borrowed */
} HealthTicket;

/** health_queue_new() - @limit: at the same time; 0: as this machine's processors have it */
int health_queue_new(unsigned limit, HealthQueue **ret);
HealthQueue *health_queue_free(HealthQueue *q);
DEFINE_CLEANUP(HealthQueue *, health_queue_free);

/** health_queue_take() - Return: true it may start now; false its start is called later */
bool health_queue_take(HealthQueue *q, HealthTicket *t);
/** health_ticket_drop() - the check has ended, or is not to be; starts those that may now */
void health_ticket_drop(HealthTicket *t);
