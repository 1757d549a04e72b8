/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "core/transaction-internal.h"

/* "web.service requires db.service, db.service conflicts with cache.service"; owned; NULL: out of memory */
static char *explain(const Transaction *t, uint32_t job) {
        char *text = NULL;
        uint32_t left = (uint32_t) t->n_jobs;

        for (uint32_t at = job;
                        left > 0 && !t->jobs[at].request && t->jobs[at].via != TRANSACTION_NONE;
                        left--) {
                const TransactionLink *l = &t->links[t->jobs[at].via];
                char *longer = str_printf("%s %s %s%s%s",
                                t->jobs[l->subject].node->name,
                                transaction_phrase(l->why),
                                t->jobs[at].node->name,
                                text ? ", " : "",
                                text ?: "");
                free(text);
                if (!longer)
                        return NULL;
                text = longer;
                at = l->subject;
        }
        return text ?: strdup("it was asked for");
}

static int fail_contradiction(const Transaction *t, const DepNode *node, Error *error) {
        _cleanup_free_ char *start = explain(t, node->up), *stop = explain(t, node->down);

        if (!start || !stop)
                return -ENOMEM;
        return error_set_plain(error,
                        -EDEADLK,
                        ERROR_JOBS_CONTRADICT,
                        "%s would have to be started (%s) and stopped (%s) at once",
                        node->name,
                        start,
                        stop);
}

static bool is_conflicted(const Transaction *t, const TransactionJob *stop) {
        for (uint32_t i = stop->in; i != TRANSACTION_NONE; i = t->links[i].next_in) {
                DependencyType why = t->links[i].why;
                if (why == DEPENDENCY_CONFLICTS || why == DEPENDENCY_CONFLICTED_BY)
                        return true;
        }
        return false;
}

/* systemd's choice: what matters stays; else rather start than stop, unless it is about a conflict. */
static int resolve_contradiction(Transaction *t, const DepNode *node) {
        const TransactionJob *up = &t->jobs[node->up], *down = &t->jobs[node->down];
        uint32_t loser;

        if (up->matters || down->matters)
                loser = up->matters ? node->down : node->up;
        else
                loser = is_conflicted(t, down) ? node->up : node->down;
        diag_debug("%s: leaving out its %s, which contradicts another job",
                        node->name,
                        job_type_to_string(transaction_job_type(&t->jobs[loser])));
        return transaction_leave_out(t, loser);
}

static bool is_contradictory(const Transaction *t, const DepNode *node) {
        return node->up != TRANSACTION_NONE && node->down != TRANSACTION_NONE &&
               !t->jobs[node->up].deleted && !t->jobs[node->down].deleted;
}

/* A stop is passed on, and contradicts much; where it comes from a conflict is what to tell of. */
static int check_contradictions(const Transaction *t, Error *error) {
        const DepNode *worst = NULL;

        for (size_t i = 0; i < t->n_jobs; i++) {
                const DepNode *node = t->jobs[i].node;

                if (!is_contradictory(t, node) || !t->jobs[node->up].matters ||
                                !t->jobs[node->down].matters)
                        continue;
                if (!worst || is_conflicted(t, &t->jobs[node->down]))
                        worst = node;
        }
        return worst ? fail_contradiction(t, worst, error) : 0;
}

int transaction_resolve_contradictions(Transaction *t, Error *error) {
        int r = transaction_mark_matters(t);

        if (r >= 0)
                r = check_contradictions(t, error);
        for (size_t i = 0; i < t->n_jobs && r >= 0; i++) {
                if (is_contradictory(t, t->jobs[i].node))
                        r = resolve_contradiction(t, t->jobs[i].node);
        }
        return r;
}
