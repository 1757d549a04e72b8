/* SPDX-License-Identifier: MIT */
#include "core/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "core/engine-internal.h"

#define NONE UINT32_MAX

/* What is to be done with one unit; starts and stops apart until contradictions are resolved. */
typedef struct TransactionJob {
        DepNode *node;  /* borrowed */
        unsigned types; /* bits of all that was asked for */
        bool request;   /* nobody in here pulled it in */
        bool strict;    /* of a request: it must be done */
        bool deleted, redundant;
        bool matters, reached;
        uint32_t in, out; /* links: who pulled it in, what it pulled in */
        uint32_t via;     /* the link that leads to it from the request */
} TransactionJob;

typedef struct TransactionLink {
        uint32_t subject, object;
        DependencyType why; /* what the object is to the subject */
        bool matters;
        uint32_t next_in, next_out;
} TransactionLink;

typedef struct Work {
        uint32_t job;
        JobType type;
} Work;

struct Transaction {
        Depgraph *graph; /* borrowed */
        JobMode mode;
        uint64_t round;
        TransactionJob *jobs;   /* owned */
        TransactionLink *links; /* owned */
        Work *work; /* owned; what still has to pull in its dependencies; stack of walks after that */
        size_t n_jobs, n_jobs_allocated, n_links, n_links_allocated, n_work, n_work_allocated;
        Error reason; /* why a requirement can't be met */
};

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
static int reserve(void *array, size_t n, size_t *n_allocated, size_t size) {
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

static int push_work(Transaction *t, uint32_t job, JobType type) {
        int r = reserve(&t->work, t->n_work, &t->n_work_allocated, sizeof(*t->work));
        if (r >= 0)
                t->work[t->n_work++] = (Work) { .job = job, .type = type };
        return r;
}

/* ---- types of jobs ----------------------------------------------------------------------------- */

const DependencyType ordering_types[ORDERING_TYPES_N] = {
        DEPENDENCY_AFTER,
        DEPENDENCY_BEFORE,
        DEPENDENCY_CONFLICTS,
        DEPENDENCY_CONFLICTED_BY,
};

/* A restart is a stop until that is done; the engine makes it a start then. */
static bool stops_first(JobType t) {
        return t == JOB_STOP || t == JOB_RESTART || t == JOB_TRY_RESTART;
}

bool job_waits(JobType type, DependencyType relation, JobType other) {
        switch (relation) {
        case DEPENDENCY_AFTER:
                return !stops_first(type);
        case DEPENDENCY_BEFORE:
                return stops_first(other);
        default: /* a conflict: not both at once, ordered or not */
                return type == JOB_START && other == JOB_STOP;
        }
}

bool job_types_contradict(JobType a, JobType b) {
        return (a == JOB_STOP) != (b == JOB_STOP);
}

static bool only_reloads(JobType t) {
        return t == JOB_RELOAD || t == JOB_TRY_RELOAD;
}

int job_types_merge(JobType a, JobType b) {
        if (a == b)
                return (int) a;
        if (a == JOB_STOP || b == JOB_STOP)
                return -EEXIST;
        /* Who starts anew has read all anew: nothing is left to reload. */
        if (stops_first(a) && only_reloads(b))
                return (int) a;
        if (stops_first(b) && only_reloads(a))
                return (int) b;
        if (stops_first(a) || stops_first(b))
                return JOB_RESTART;
        return only_reloads(a) && only_reloads(b) ? JOB_RELOAD : JOB_RELOAD_OR_START;
}

static JobType job_type(const TransactionJob *j) {
        int merged = -1;

        for (JobType t = 0; t < _JOB_TYPE_MAX; t++) {
                if (j->types & (1U << t))
                        merged = merged < 0 ? (int) t : job_types_merge((JobType) merged, t);
        }
        return (JobType) merged;
}

static bool is_live(const TransactionJob *j) {
        return !j->deleted && !j->redundant;
}

static UnitActiveState state_of(const DepNode *node) {
        return node->unit ? unit_active_state(node->unit) : UNIT_INACTIVE;
}

static bool is_off(UnitActiveState s) {
        return s == UNIT_INACTIVE || s == UNIT_STATE_FAILED;
}

/* ---- pulling in -------------------------------------------------------------------------------- */

static void node_enter(const Transaction *t, DepNode *node) {
        if (node->transaction == t->round)
                return;
        node->transaction = t->round;
        node->up = node->down = NONE;
        node->visit = 0;
}

static uint32_t *node_slot(const Transaction *t, DepNode *node, JobType type) {
        node_enter(t, node);
        return type == JOB_STOP ? &node->down : &node->up;
}

/* A job for the node, made or joined; new types are queued for their dependencies. */
static int add_job(Transaction *t, DepNode *node, JobType type, uint32_t *ret) {
        uint32_t *slot = node_slot(t, node, type);

        if (*slot == NONE) {
                int r = reserve(&t->jobs, t->n_jobs, &t->n_jobs_allocated, sizeof(*t->jobs));
                if (r < 0)
                        return r;
                t->jobs[t->n_jobs] = (TransactionJob) {
                        .node = node,
                        .in = NONE,
                        .out = NONE,
                        .via = NONE,
                };
                *slot = (uint32_t) t->n_jobs++;
        }
        *ret = *slot;
        if (t->jobs[*slot].types & (1U << type))
                return 0;
        t->jobs[*slot].types |= 1U << type;
        return push_work(t, *slot, type);
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
        int r = reserve(&t->links, t->n_links, &t->n_links_allocated, sizeof(*t->links));
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
static int delete_job(Transaction *t, uint32_t index) {
        size_t bottom = t->n_work;
        int r = push_work(t, index, 0);

        while (r >= 0 && t->n_work > bottom) {
                TransactionJob *j = &t->jobs[t->work[--t->n_work].job];

                if (j->deleted)
                        continue;
                j->deleted = true;
                for (uint32_t i = j->in; i != NONE && r >= 0; i = t->links[i].next_in) {
                        if (t->links[i].matters)
                                r = push_work(t, t->links[i].subject, 0);
                }
        }
        return r;
}

/* clang-format off */
static const char *const phrases[] = {
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
        [DEPENDENCY_TRIGGERED_BY]         = NULL,
};
/* clang-format on */

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
                                phrases[why],
                                node->name,
                                error_text(reason, problem));
                return 0;
        }
        (void) error_prefix(reason, problem, "%s %s %s", name, phrases[why], node->name);
        if (!t->reason.message) {
                error_move(&t->reason, reason);
                t->reason.number = problem;
        }
        return delete_job(t, subject);
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
                return matters ? delete_job(t, subject) : 0;
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

                node_enter(t, node);
                if (!u || unit_newest_spec(u)->unit.ignore_on_isolate || node->up != NONE ||
                                node->down != NONE || (is_off(unit_active_state(u)) && !u->job))
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
                        r = push_work(t, (uint32_t) i, 0);
        }
        while (r >= 0 && t->n_work > 0) {
                const TransactionJob *j = &t->jobs[t->work[--t->n_work].job];

                for (uint32_t i = j->out; i != NONE && r >= 0; i = t->links[i].next_out) {
                        TransactionJob *o = &t->jobs[t->links[i].object];
                        bool *mark = only_matters ? &o->matters : &o->reached;

                        if (o->deleted || *mark || (only_matters && !t->links[i].matters))
                                continue;
                        *mark = true;
                        if (only_matters || o->via == NONE)
                                o->via = i;
                        r = push_work(t, t->links[i].object, 0);
                }
        }
        return r;
}

/* What only things that were left out have pulled in is left out, too. */
static int collect_garbage(Transaction *t) {
        int r = walk(t, /* only_matters= */ false);

        for (size_t i = 0; i < t->n_jobs && r >= 0; i++) {
                if (!t->jobs[i].reached)
                        t->jobs[i].deleted = true;
        }
        return r;
}

/* ---- contradictions ------------------------------------------------------------------------------ */

/* "web.service requires db.service, db.service conflicts with cache.service"; owned; NULL: out of memory */
static char *explain(const Transaction *t, uint32_t job) {
        char *text = NULL;
        uint32_t left = (uint32_t) t->n_jobs;

        for (uint32_t at = job; left > 0 && !t->jobs[at].request && t->jobs[at].via != NONE;
                        left--) {
                const TransactionLink *l = &t->links[t->jobs[at].via];
                char *longer = str_printf("%s %s %s%s%s",
                                t->jobs[l->subject].node->name,
                                phrases[l->why],
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
        for (uint32_t i = stop->in; i != NONE; i = t->links[i].next_in) {
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
                        job_type_to_string(job_type(&t->jobs[loser])));
        return delete_job(t, loser);
}

static bool is_contradictory(const Transaction *t, const DepNode *node) {
        return node->up != NONE && node->down != NONE && !t->jobs[node->up].deleted &&
               !t->jobs[node->down].deleted;
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

static int resolve_contradictions(Transaction *t, Error *error) {
        int r = walk(t, /* only_matters= */ true);

        if (r >= 0)
                r = check_contradictions(t, error);
        for (size_t i = 0; i < t->n_jobs && r >= 0; i++) {
                if (is_contradictory(t, t->jobs[i].node))
                        r = resolve_contradiction(t, t->jobs[i].node);
        }
        return r;
}

/* ---- ordering cycles ----------------------------------------------------------------------------- */

static TransactionJob *live_job(const Transaction *t, const DepNode *node) {
        if (node->transaction != t->round)
                return NULL;
        if (node->up != NONE && is_live(&t->jobs[node->up]))
                return &t->jobs[node->up];
        if (node->down != NONE && is_live(&t->jobs[node->down]))
                return &t->jobs[node->down];
        return NULL;
}

/* The job there will be for the node: this transaction's, or the one that is there. */
static JobType coming_job(const Transaction *t, const DepNode *node) {
        const TransactionJob *j = live_job(t, node);

        if (j)
                return job_type(j);
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
        int r = reserve(&w->visits, w->n, &w->n_allocated, sizeof(*w->visits));
        if (r < 0)
                return r;
        node_enter(t, node);
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
                node_enter(t, other);
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
                const TransactionJob *j = live_job(t, w->visits[i - 1].node);

                if (!j || j->matters)
                        continue;
                diag_warning("Ordering cycle: %s; leaving out %s/%s to break it",
                                cycle,
                                j->node->name,
                                job_type_to_string(job_type(j)));
                return delete_job(t, (uint32_t) (j - t->jobs));
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
                if (is_live(&t->jobs[i]) && t->jobs[i].node->visit == VISIT_NEW)
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

static int break_cycles(Transaction *t, Error *error) {
        int r = break_one_cycle(t, error);

        while (r > 0) {
                r = collect_garbage(t);
                if (r >= 0)
                        r = break_one_cycle(t, error);
        }
        return r;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static bool is_redundant(const TransactionJob *j) {
        const Unit *u = j->node->unit;
        UnitActiveState state = unit_active_state(u);

        if (j->request || (u->job && job_types_contradict(u->job->type, job_type(j))))
                return false;
        if (job_type(j) == JOB_STOP)
                return is_off(state);
        return job_type(j) == JOB_START && (state == UNIT_ACTIVE || state == UNIT_RELOADING);
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

                if (!is_live(j) || !have || !job_types_contradict(have->type, job_type(j)) ||
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
                r = resolve_contradictions(t, error);
        if (r >= 0)
                r = collect_garbage(t);
        if (r < 0)
                return r;
        drop_redundant(t);
        if (t->mode != JOB_MODE_IGNORE_DEPENDENCIES)
                r = break_cycles(t, error);
        return r < 0 ? r : check_destruction(t, error);
}

static const TransactionLink *find_reason(const Transaction *t, const TransactionJob *j) {
        const TransactionLink *live = NULL, *any = NULL; /* the first: they are in reverse */

        for (uint32_t i = j->in; i != NONE && !j->request; i = t->links[i].next_in) {
                any = &t->links[i];
                if (is_live(&t->jobs[t->links[i].subject]))
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

                if (!is_live(j))
                        continue;
                *ret_unit = j->node->unit;
                *ret_type = job_type(j);
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
        return live_job(t, u->node);
}
