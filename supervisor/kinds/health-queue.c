/* SPDX-License-Identifier: MIT */
#include "kinds/health-queue.h"

#include <stdlib.h>
#include <unistd.h>

#define LIMIT_MIN 4U
#define PER_PROCESSOR 2U

struct HealthQueue {
        unsigned limit, n_running;
        List waiting; /* HealthTicket.link, in order */
        bool granting;
};

int health_queue_new(unsigned limit, HealthQueue **ret) {
        HealthQueue *q = malloc(sizeof(*q));
        if (!q)
                return -ENOMEM;

        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        unsigned usual = PER_PROCESSOR * (unsigned) MAX(processors, 1L);
        *q = (HealthQueue) { .limit = limit > 0 ? limit : MAX(usual, LIMIT_MIN) };
        list_init(&q->waiting);
        *ret = q;
        return 0;
}

HealthQueue *health_queue_free(HealthQueue *q) {
        free(q);
        return NULL;
}

bool health_queue_take(HealthQueue *q, HealthTicket *t) {
        assert(!t->queue);
        t->queue = q;
        if (q->n_running < q->limit && list_is_empty(&q->waiting)) {
                q->n_running++;
                t->granted = true;
                return true;
        }
        t->granted = false;
        list_append(&q->waiting, &t->link);
        return false;
}

void health_ticket_drop(HealthTicket *t) {
        HealthQueue *q = t->queue;

        if (!q)
                return;
        t->queue = NULL;
        if (!t->granted) {
                list_remove(&t->link);
                return;
        }
        t->granted = false;
        q->n_running--;

        /* One that starts may end at once and come here again: a loop, not a recursion. */
        if (q->granting)
                return;
        q->granting = true;
        while (q->n_running < q->limit && !list_is_empty(&q->waiting)) {
                HealthTicket *next = CONTAINER_OF(q->waiting.next, HealthTicket, link);

                list_remove(&next->link);
                q->n_running++;
                next->granted = true;
                next->start(next->userdata);
        }
        q->granting = false;
}
