/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/diag.h"
#include "base/text.h"
#include "core/transaction-internal.h"

/* The job there will be for the node: this transaction's, or the one that is there. */
static JobType coming_job(const Transaction *t, const DepNode *node) {
        const TransactionJob *j = transaction_live_job(t, node);

        if (j)
                return transaction_job_type(j);
        return node->unit && node->unit->job && !node->unit->job->ignore_order
                               ? node->unit->job->type
                               : _JOB_TYPE_INVALID;
}

/* Where a walk along the order has come to. */
typedef struct Visit {
        DepNode *node;
        uint32_t kind, position;
} Visit;

typedef struct Walk {
        Visit *visits; /* owned */
        size_t n, n_allocated;
} Walk;

enum {
        VISIT_NEW,
        VISIT_OPEN,
        VISIT_DONE
};

static int walk_enter(const Transaction *t, Walk *w, DepNode *node) {
        int r = transaction_reserve(&w->visits, w->n, &w->n_allocated, sizeof(*w->visits));
        if (r < 0)
                return r;
        transaction_enter_node(t, node);
        node->visit = VISIT_OPEN;
        w->visits[w->n++] = (Visit) { .node = node };
        return 0;
}

/* The next one that the job on top of the walk waits for; NULL: no more */
static DepNode *next_awaited(const Transaction *t, Visit *v) {
        JobType type = coming_job(t, v->node);

        for (; v->kind < ORDERING_TYPES_N; v->kind++, v->position = 0) {
                DependencyType relation = ordering_types[v->kind];

                while (v->position < dep_count(v->node, relation)) {
                        DepNode *other = v->node->lists[relation]->nodes[v->position++];
                        JobType coming = coming_job(t, other);

                        if (coming >= 0 && job_waits(type, relation, coming))
                                return other;
                }
        }
        return NULL;
}

/* Depth first. Return: 1 with the cycle on top of the walk, from *ret_from on; 0: there is none; -ENOMEM. */
static int walk_order(const Transaction *t, Walk *w, DepNode *root, size_t *ret_from) {
        int r = walk_enter(t, w, root);

        while (r >= 0 && w->n > 0) {
                DepNode *other = next_awaited(t, &w->visits[w->n - 1]);

                if (!other) {
                        w->visits[--w->n].node->visit = VISIT_DONE;
                        continue;
                }
                transaction_enter_node(t, other);
                if (other->visit == VISIT_NEW)
                        r = walk_enter(t, w, other);
                else if (other->visit == VISIT_OPEN) {
                        for (*ret_from = w->n; w->visits[--*ret_from].node != other;)
                                ;
                        return 1;
                }
        }
        return r;
}

static char *describe_cycle(const Transaction *t, const Walk *w, size_t from) {
        char *text = NULL;

        for (size_t i = from; i <= w->n; i++) {
                const DepNode *node = w->visits[i < w->n ? i : from].node;
                char *longer = str_printf("%s%s%s/%s",
                                text ?: "",
                                text ? " after " : "",
                                node->name,
                                job_type_to_string(coming_job(t, node)));
                free(text);
                if (!longer)
                        return NULL;
                text = longer;
        }
        return text;
}

static int break_cycle(Transaction *t, const Walk *w, size_t from, Error *error) {
        _cleanup_free_ char *cycle = describe_cycle(t, w, from);

        if (!cycle)
                return -ENOMEM;
        for (size_t i = w->n; i > from; i--) {
                const TransactionJob *j = transaction_live_job(t, w->visits[i - 1].node);

                if (!j || j->matters)
                        continue;
                diag_warning("Ordering cycle: %s; leaving out %s/%s to break it",
                                cycle,
                                j->node->name,
                                job_type_to_string(transaction_job_type(j)));
                return transaction_leave_out(t, (uint32_t) (j - t->jobs));
        }
        return error_set_plain(error,
                        -EDEADLK,
                        ERROR_ORDER_CYCLE,
                        "Ordering cycle: %s; none of them can be left out",
                        cycle);
}

/* Return: 1 if a cycle was broken; 0: there is none; negative errno. */
static int break_one_cycle(Transaction *t, Error *error) {
        Walk w = {};
        size_t from = 0;
        int r = 0;

        for (size_t i = 0; i < t->n_jobs && r == 0; i++) {
                if (transaction_job_is_live(&t->jobs[i]) && t->jobs[i].node->visit == VISIT_NEW)
                        r = walk_order(t, &w, t->jobs[i].node, &from);
        }
        if (r > 0) {
                r = break_cycle(t, &w, from, error);
                if (r >= 0)
                        r = 1;
        }
        /* What was left is as good as new; what was done leads to no cycle, now as before. */
        for (size_t i = 0; i < w.n; i++)
                w.visits[i].node->visit = VISIT_NEW;
        free(w.visits);
        return r;
}

int transaction_break_cycles(Transaction *t, Error *error) {
        int r = break_one_cycle(t, error);

        while (r > 0) {
                r = transaction_collect_garbage(t);
                if (r >= 0)
                        r = break_one_cycle(t, error);
        }
        return r;
}
