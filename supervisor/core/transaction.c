/* SPDX-License-Identifier: MIT */
#include "core/transaction.h"

#include <stdlib.h>

#include "base/diag.h"
#include "core/transaction-internal.h"

int transaction_new(Depgraph *graph, JobMode mode, Transaction **ret) {
        Transaction *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->graph = graph;
        t->mode = mode;
        t->round = depgraph_next_round(graph);
        *ret = t;
        return 0;
}

Transaction *transaction_free(Transaction *t) {
        if (!t)
                return NULL;
        error_done(&t->reason);
        free(t->jobs);
        free(t->links);
        free(t->work);
        free(t);
        return NULL;
}

/* Room for one more. */
int transaction_reserve(void *array, size_t n, size_t *n_allocated, size_t size) {
        void **pointer = array;

        if (n < *n_allocated)
                return 0;
        size_t more = *n_allocated ? *n_allocated * 2 : 16;
        void *grown = reallocarray(*pointer, more, size);
        if (!grown)
                return -ENOMEM;
        *pointer = grown;
        *n_allocated = more;
        return 0;
}

int transaction_push_work(Transaction *t, uint32_t job, JobType type) {
        int r = transaction_reserve(&t->work, t->n_work, &t->n_work_allocated, sizeof(*t->work));
        if (r >= 0)
                t->work[t->n_work++] = (Work) { .job = job, .type = type };
        return r;
}

JobType transaction_job_type(const TransactionJob *j) {
        int merged = -1;

        for (JobType t = 0; t < _JOB_TYPE_MAX; t++) {
                if (j->types & (1U << t))
                        merged = merged < 0 ? (int) t : job_types_merge((JobType) merged, t);
        }
        return (JobType) merged;
}

bool transaction_job_is_live(const TransactionJob *j) {
        return !j->deleted && !j->redundant;
}

static UnitActiveState state_of(const DepNode *node) {
        return node->unit ? unit_active_state(node->unit) : UNIT_INACTIVE;
}

static bool is_off(UnitActiveState s) {
        return s == UNIT_INACTIVE || s == UNIT_STATE_FAILED;
}

TransactionJob *transaction_live_job(const Transaction *t, const DepNode *node) {
        if (node->transaction != t->round)
                return NULL;
        if (node->up != TRANSACTION_NONE && transaction_job_is_live(&t->jobs[node->up]))
                return &t->jobs[node->up];
        if (node->down != TRANSACTION_NONE && transaction_job_is_live(&t->jobs[node->down]))
                return &t->jobs[node->down];
        return NULL;
}

/* ---- pulling in -------------------------------------------------------------------------------- */

void transaction_enter_node(const Transaction *t, DepNode *node) {
        if (node->transaction == t->round)
                return;
        node->transaction = t->round;
        node->up = node->down = TRANSACTION_NONE;
        node->visit = 0;
}

static uint32_t *node_slot(const Transaction *t, DepNode *node, JobType type) {
        transaction_enter_node(t, node);
        return type == JOB_STOP ? &node->down : &node->up;
}

/* A job for the node, made or joined; new types are queued for their dependencies. */
static int add_job(Transaction *t, DepNode *node, JobType type, uint32_t *ret) {
        uint32_t *slot = node_slot(t, node, type);

        if (*slot == TRANSACTION_NONE) {
                int r = transaction_reserve(
                                &t->jobs, t->n_jobs, &t->n_jobs_allocated, sizeof(*t->jobs));
                if (r < 0)
                        return r;
                t->jobs[t->n_jobs] = (TransactionJob) {
                        .node = node,
                        .in = TRANSACTION_NONE,
                        .out = TRANSACTION_NONE,
                        .via = TRANSACTION_NONE,
                };
                *slot = (uint32_t) t->n_jobs++;
        }
        *ret = *slot;
        if (t->jobs[*slot].types & (1U << type))
                return 0;
        t->jobs[*slot].types |= 1U << type;
        return transaction_push_work(t, *slot, type);
}

int transaction_request(Transaction *t, Unit *u, JobType type) {
        uint32_t job;

        int r = add_job(t, u->node, type, &job);
        if (r < 0)
                return r;
        t->jobs[job].request = t->jobs[job].strict = true;
        return 0;
}

static int
add_link(Transaction *t, uint32_t subject, uint32_t object, DependencyType why, bool matters) {
        int r = transaction_reserve(
                        &t->links, t->n_links, &t->n_links_allocated, sizeof(*t->links));
        if (r < 0)
                return r;
        t->links[t->n_links] = (TransactionLink) {
                .subject = subject,
                .object = object,
                .why = why,
                .matters = matters,
                .next_in = t->jobs[object].in,
                .next_out = t->jobs[subject].out,
        };
        t->jobs[object].in = t->jobs[subject].out = (uint32_t) t->n_links++;
        return 0;
}

/* With all that can't be done without it. */
int transaction_leave_out(Transaction *t, uint32_t index) {
        size_t bottom = t->n_work;
        int r = transaction_push_work(t, index, 0);

        while (r >= 0 && t->n_work > bottom) {
                TransactionJob *j = &t->jobs[t->work[--t->n_work].job];

                if (j->deleted)
                        continue;
                j->deleted = true;
                for (uint32_t i = j->in; i != TRANSACTION_NONE && r >= 0; i = t->links[i].next_in) {
                        if (t->links[i].matters)
                                r = transaction_push_work(t, t->links[i].subject, 0);
                }
        }
        return r;
}

/* clang-format off */
static const char *const phrases[_DEPENDENCY_TYPE_MAX] = {
        [DEPENDENCY_WANTS]                = "wants",
        [DEPENDENCY_REQUIRES]             = "requires",
        [DEPENDENCY_BINDS_TO]             = "is bound to",
        [DEPENDENCY_UPHOLDS]              = "upholds",
        [DEPENDENCY_CONFLICTS]            = "conflicts with",
        [DEPENDENCY_PROPAGATES_STOP_TO]   = "propagates its stop to",
        [DEPENDENCY_PROPAGATES_RELOAD_TO] = "propagates its reload to",
        [DEPENDENCY_REQUIRED_BY]          = "is required by",
        [DEPENDENCY_REQUISITE_OF]         = "is a requisite of",
        [DEPENDENCY_BOUND_BY]             = "binds",
        [DEPENDENCY_CONSISTS_OF]          = "consists of",
        [DEPENDENCY_CONFLICTED_BY]        = "is in conflict with",
};
/* clang-format on */

const char *transaction_phrase(DependencyType why) {
        return phrases[why] ?: dependency_type_to_string(why);
}

static int node_can_start(const DepNode *node, Error *error) {
        if (!node->unit)
                return error_set_plain(error,
                                -ENOENT,
                                ERROR_NO_SUCH_UNIT,
                                "Unit %s not found.",
                                node->name);
        return unit_can_start(node->unit, error);
}

/* One that can't start takes along who requires it; who only wants it goes on alone. */
static int refuse(Transaction *t,
                uint32_t subject,
                const DepNode *node,
                DependencyType why,
                bool matters,
                int problem,
                Error *reason) {
        const char *name = t->jobs[subject].node->name;

        if (problem == -ENOMEM)
                return problem;
        if (!matters) {
                diag_debug("%s %s %s, which is left out: %s",
                                name,
                                transaction_phrase(why),
                                node->name,
                                error_text(reason, problem));
                return 0;
        }
        (void) error_prefix(reason, problem, "%s %s %s", name, transaction_phrase(why), node->name);
        if (!t->reason.message) {
                error_move(&t->reason, reason);
                t->reason.number = problem;
        }
        return transaction_leave_out(t, subject);
}

static bool may_reload(const DepNode *node) {
        UnitActiveState state = state_of(node);

        return !is_off(state) && state != UNIT_DEACTIVATING;
}

static int pull_in(Transaction *t,
                uint32_t subject,
                DepNode *node,
                JobType type,
                DependencyType why,
                bool matters) {
        uint32_t object;

        if (type == JOB_START) {
                _cleanup_(error_done) Error reason = {};
                int problem = node_can_start(node, &reason);
                if (problem < 0)
                        return refuse(t, subject, node, why, matters, problem, &reason);
        } else if (!node->unit)
                return 0; /* nothing to stop */
        /* A restart is passed on to those that run; the others are not started by it. */
        if (type == JOB_TRY_RESTART) {
                UnitActiveState state = state_of(node);
                if (is_off(state) || state == UNIT_DEACTIVATING)
                        return 0;
                type = JOB_RESTART;
        }
        if (type == JOB_TRY_RELOAD && (!may_reload(node) || !unit_can_reload(node->unit)))
                return 0;
        int r = add_job(t, node, type, &object);
        if (r < 0)
                return r;
        if (t->jobs[object].deleted)
                return matters ? transaction_leave_out(t, subject) : 0;
        return add_link(t, subject, object, why, matters);
}

/* The table of UNITS.md 4.1, as far as it is about jobs that come with a job. */
/* clang-format off */
enum {
        OF_START = 1U << 0, /* of a job that starts */
        OF_STOP = 1U << 1,
        OF_RELOAD = 1U << 2,
};

static const struct {
        unsigned of;
        DependencyType why;
        JobType type;
        bool matters;
} pulls[] = {
        { OF_START,  DEPENDENCY_REQUIRES,             JOB_START,      true  },
        { OF_START,  DEPENDENCY_BINDS_TO,             JOB_START,      true  },
        { OF_START,  DEPENDENCY_WANTS,                JOB_START,      false },
        { OF_START,  DEPENDENCY_UPHOLDS,              JOB_START,      false },
        { OF_START,  DEPENDENCY_CONFLICTS,            JOB_STOP,       true  },
        { OF_START,  DEPENDENCY_CONFLICTED_BY,        JOB_STOP,       false },
        { OF_STOP,   DEPENDENCY_REQUIRED_BY,          JOB_STOP,       true  },
        { OF_STOP,   DEPENDENCY_REQUISITE_OF,         JOB_STOP,       true  },
        { OF_STOP,   DEPENDENCY_BOUND_BY,             JOB_STOP,       true  },
        { OF_STOP,   DEPENDENCY_CONSISTS_OF,          JOB_STOP,       true  },
        { OF_STOP,   DEPENDENCY_PROPAGATES_STOP_TO,   JOB_STOP,       true  },
        { OF_RELOAD, DEPENDENCY_PROPAGATES_RELOAD_TO, JOB_TRY_RELOAD, false },
};
/* clang-format on */

static unsigned what_it_does(JobType type) {
        switch (type) {
        case JOB_START:
                return OF_START;
        case JOB_STOP:
                return OF_STOP;
        case JOB_RESTART:
                return OF_START | OF_STOP;
        default:
                return OF_RELOAD;
        }
}

static int pull_in_all(Transaction *t, uint32_t job, JobType type) {
        const DepNode *node = t->jobs[job].node;

        for (size_t i = 0; i < ELEMENTSOF(pulls); i++) {
                JobType pulled = pulls[i].type;

                if (!(pulls[i].of & what_it_does(type)))
                        continue;
                if (pulls[i].of == OF_STOP && type != JOB_STOP)
                        pulled = JOB_TRY_RESTART;
                DEP_FOREACH(other, node, pulls[i].why) {
                        if (t->jobs[job].deleted)
                                return 0;
                        int r = pull_in(t, job, other, pulled, pulls[i].why, pulls[i].matters);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int pull_in_work(Transaction *t) {
        while (t->n_work > 0) {
                Work w = t->work[--t->n_work];
                UnitActiveState state = state_of(t->jobs[w.job].node);
                bool nothing = w.type == JOB_TRY_RESTART &&
                               (is_off(state) || state == UNIT_DEACTIVATING);

                if (nothing || t->jobs[w.job].deleted || t->mode == JOB_MODE_IGNORE_DEPENDENCIES ||
                                t->mode == JOB_MODE_IGNORE_REQUIREMENTS)
                        continue;
                int r = pull_in_all(t, w.job, w.type == JOB_TRY_RESTART ? JOB_RESTART : w.type);
                if (r < 0)
                        return r;
        }
        return 0;
}

int transaction_stop_others(Transaction *t) {
        int r = pull_in_work(t);

        for (size_t i = 0; i < depgraph_size(t->graph) && r >= 0; i++) {
                DepNode *node = depgraph_at(t->graph, i);
                const Unit *u = node->unit;
                uint32_t job;

                transaction_enter_node(t, node);
                if (!u || unit_newest_spec(u)->unit.ignore_on_isolate ||
                                node->up != TRANSACTION_NONE || node->down != TRANSACTION_NONE ||
                                (is_off(unit_active_state(u)) && !u->job))
                        continue;
                r = add_job(t, node, JOB_STOP, &job);
                if (r >= 0)
                        t->jobs[job].request = true;
        }
        return r;
}

/* ---- what matters, and what is reached at all ---------------------------------------------------- */

static int walk(Transaction *t, bool only_matters) {
        int r = 0;

        for (size_t i = 0; i < t->n_jobs; i++) {
                TransactionJob *j = &t->jobs[i];
                bool root = !j->deleted && j->request && (!only_matters || j->strict);

                *(only_matters ? &j->matters : &j->reached) = root;
                if (root && r >= 0)
                        r = transaction_push_work(t, (uint32_t) i, 0);
        }
        while (r >= 0 && t->n_work > 0) {
                const TransactionJob *j = &t->jobs[t->work[--t->n_work].job];

                for (uint32_t i = j->out; i != TRANSACTION_NONE && r >= 0;
                                i = t->links[i].next_out) {
                        TransactionJob *o = &t->jobs[t->links[i].object];
                        bool *mark = only_matters ? &o->matters : &o->reached;

                        if (o->deleted || *mark || (only_matters && !t->links[i].matters))
                                continue;
                        *mark = true;
                        if (only_matters || o->via == TRANSACTION_NONE)
                                o->via = i;
                        r = transaction_push_work(t, t->links[i].object, 0);
                }
        }
        return r;
}

int transaction_mark_matters(Transaction *t) {
        return walk(t, /* only_matters= */ true);
}

int transaction_collect_garbage(Transaction *t) {
        int r = walk(t, /* only_matters= */ false);

        for (size_t i = 0; i < t->n_jobs && r >= 0; i++) {
                if (!t->jobs[i].reached)
                        t->jobs[i].deleted = true;
        }
        return r;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static bool is_redundant(const TransactionJob *j) {
        const Unit *u = j->node->unit;
        UnitActiveState state = unit_active_state(u);

        if (j->request || (u->job && job_types_contradict(u->job->type, transaction_job_type(j))))
                return false;
        if (transaction_job_type(j) == JOB_STOP)
                return is_off(state);
        return transaction_job_type(j) == JOB_START &&
               (state == UNIT_ACTIVE || state == UNIT_RELOADING);
}

static void drop_redundant(Transaction *t) {
        for (size_t i = 0; i < t->n_jobs; i++) {
                if (!t->jobs[i].deleted)
                        t->jobs[i].redundant = is_redundant(&t->jobs[i]);
        }
}

static int check_requirements(Transaction *t, Error *error) {
        for (size_t i = 0; i < t->n_jobs; i++) {
                if (!t->jobs[i].strict || !t->jobs[i].deleted)
                        continue;
                int r = t->reason.number;
                error_move(error, &t->reason);
                return r;
        }
        return 0;
}

static int check_destruction(const Transaction *t, Error *error) {
        for (size_t i = 0; i < t->n_jobs; i++) {
                const TransactionJob *j = &t->jobs[i];
                const Job *have = j->node->unit->job;

                if (!transaction_job_is_live(j) || !have ||
                                !job_types_contradict(have->type, transaction_job_type(j)) ||
                                (t->mode != JOB_MODE_FAIL && !have->irreversible))
                        continue;
                return error_set_plain(error,
                                -EEXIST,
                                ERROR_JOB_CONFLICT,
                                "%s: a %s job is under way; %s",
                                j->node->name,
                                job_type_to_string(have->type),
                                have->irreversible ? "it can't be replaced"
                                                   : "wait for it, or use mode replace");
        }
        return 0;
}

int transaction_settle(Transaction *t, Error *error) {
        int r = pull_in_work(t);

        if (r >= 0)
                r = check_requirements(t, error);
        if (r >= 0)
                r = transaction_resolve_contradictions(t, error);
        if (r >= 0)
                r = transaction_collect_garbage(t);
        if (r < 0)
                return r;
        drop_redundant(t);
        if (t->mode != JOB_MODE_IGNORE_DEPENDENCIES)
                r = transaction_break_cycles(t, error);
        return r < 0 ? r : check_destruction(t, error);
}

static const TransactionLink *find_reason(const Transaction *t, const TransactionJob *j) {
        const TransactionLink *live = NULL, *any = NULL; /* the first: they are in reverse */

        for (uint32_t i = j->in; i != TRANSACTION_NONE && !j->request; i = t->links[i].next_in) {
                any = &t->links[i];
                if (transaction_job_is_live(&t->jobs[t->links[i].subject]))
                        live = any;
        }
        return live ?: any;
}

bool transaction_next(const Transaction *t,
                size_t *position,
                Unit **ret_unit,
                JobType *ret_type,
                const Unit **ret_subject,
                DependencyType *ret_why) {
        for (; *position < t->n_jobs; ++*position) {
                const TransactionJob *j = &t->jobs[*position];

                if (!transaction_job_is_live(j))
                        continue;
                *ret_unit = j->node->unit;
                *ret_type = transaction_job_type(j);
                const TransactionLink *reason = find_reason(t, j);
                *ret_subject = reason ? t->jobs[reason->subject].node->unit : NULL;
                if (reason)
                        *ret_why = reason->why;
                ++*position;
                return true;
        }
        return false;
}

bool transaction_has(const Transaction *t, const Unit *u) {
        return transaction_live_job(t, u->node);
}
