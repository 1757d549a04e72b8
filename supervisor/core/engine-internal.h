/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by engine.c and job.c only. */

#include "core/engine.h"

struct Engine {
        UnitFactory factory;
        void *factory_userdata; /* borrowed */
        Map *units;             /* owned; id → Unit, owned */
        Map *jobs;              /* owned; id_text → Job, owned */
        UnitSet *set;           /* owned; the last load: names, aliases, templates */
        List queue;             /* jobs that wait */
        uint32_t last_job_id;
        bool running_queue;
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

/** engine_wake() - have engine_run_queue() called soon */
void engine_wake(Engine *e);
/** job_finish() - take the job off its unit and tell; frees it */
void job_finish(Job *j, JobResult result);
/** job_follow_unit() - the unit's state has changed: does that end the job, or begin its second half? */
void job_follow_unit(Unit *u, bool start_failed);
