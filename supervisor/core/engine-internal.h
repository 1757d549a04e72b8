/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by the engine's own files: engine.c, engine-graph.c, engine-request.c, job.c, reaction.c, transaction.c. */

#include "core/depgraph.h"
#include "core/engine.h"

struct Engine {
        UnitFactory factory;
        void *factory_userdata; /* borrowed */
        Map *units;             /* owned; id → Unit, owned */
        Map *jobs;              /* owned; id_text → Job, owned */
        UnitSet *set;           /* owned; the last load: names, aliases, templates */
        Depgraph *graph;        /* owned; of the last load, and what was made since */
        bool graph_stale; /* a unit has gone, or memory was short: made anew at the next safe point */
        List queue;       /* jobs to be looked at */
        List held;        /* jobs that wait for fewer starts to be under way */
        List doomed;      /* jobs that end because another one failed */
        List rechecks;    /* units: Unit.recheck_link */
        unsigned n_running; /* jobs */
        unsigned n_starting, starts_max;
        uint64_t start_patience_usec;
        uint64_t deadline_usec; /* that the outside was told; USEC_INFINITY: none */
        uint32_t last_job_id;
        bool running_queue, dooming;
        bool stopping; /* engine_stop_all() was called: nothing starts any more */
        struct {
                const EngineOps *ops; /* borrowed */
                void *userdata;       /* borrowed */
        } observers[ENGINE_OBSERVERS_MAX];
        size_t n_observers;
};

/* Tell every observer that has the slot; the arguments come before its userdata. */
/* clang-format off */
#define ENGINE_TELL(e, slot, ...) \
        do { \
                for (size_t i_ = 0; i_ < (e)->n_observers; i_++) { \
                        if ((e)->observers[i_].ops->slot) \
                                (e)->observers[i_].ops->slot(__VA_ARGS__, (e)->observers[i_].userdata); \
                } \
        } while (0)
/* clang-format on */

/* ---- engine.c ---------------------------------------------------------------------------------- */

/** engine_wake() - have engine_run_queue() called soon */
void engine_wake(Engine *e);
/** engine_now() - 0 without a clock */
uint64_t engine_now(const Engine *e);
/** engine_now_realtime() - 0 without a clock */
uint64_t engine_now_realtime(const Engine *e);
/** engine_add_unit() - make the object for a spec, which is taken over on success */
int engine_add_unit(Engine *e, UnitSpec **spec, Unit **ret, Error *error);
/** unit_adopt_spec() - the unit has a new definition, taken over: at once if it is off, else at its next start */
void unit_adopt_spec(Unit *u, UnitSpec *spec);
/** unit_check_reload() - it can reload now. Return: 0, or the reason as error. */
int unit_check_reload(const Unit *u, Error *error);
static inline bool active_state_is_off(UnitActiveState s) {
        return s == UNIT_INACTIVE || s == UNIT_STATE_FAILED;
}

/* ---- engine-graph.c ---------------------------------------------------------------------------- */

/** engine_build_graph() - from all units, and make those that are only named, as far as there can be such */
int engine_build_graph(Engine *e, Error *error);
/** engine_extend_graph() - a unit was made since */
int engine_extend_graph(Engine *e, Unit *u, Error *error);

/* ---- job.c ------------------------------------------------------------------------------------- */

typedef struct JobFlags {
        bool by_hand, irreversible, ignore_order, ignore_requirements;
        JobOrigin origin;
} JobFlags;

/** job_install() - the job of a settled request: joins the one that is there, or replaces it */
int job_install(Engine *e, Unit *u, JobType type, JobFlags flags, Job **ret);
/** job_release_slot() - it counts no more as one that is starting; another one may begin */
void job_release_slot(Job *j);
/** job_finish() - take the job off its unit and tell; frees it. Jobs that can't do without it end, too. */
void job_finish(Job *j, JobResult result);
/** job_drop() - the same for a job that another one replaces: nobody else ends */
void job_drop(Job *j);
/** job_follow_unit() - the unit's state has changed: does that end the job, or begin its second half? */
void job_follow_unit(Unit *u, const UnitStatus *now, bool start_failed);

/* ---- reaction.c -------------------------------------------------------------------------------- */

/** unit_react() - the unit's state has changed, @by_job or by itself: what does that mean for others? */
void unit_react(Unit *u, UnitActiveState old, const UnitStatus *now, bool by_job);
/** unit_start_others() - those of OnFailure= or OnSuccess= */
void unit_start_others(Unit *u, DependencyType type);
/** unit_tell_triggers() - units that start it hear of its state, and of the end of its jobs */
void unit_tell_triggers(Unit *u);
/** unit_recheck() - a job of it has ended: it, or those it needs, may have to be started or stopped */
void unit_recheck(Unit *u);
/** engine_run_rechecks() - Return: true if something was looked at */
bool engine_run_rechecks(Engine *e);
/** engine_arm() - have engine_on_deadline() called at that time, or before */
void engine_arm(Engine *e, uint64_t usec);
