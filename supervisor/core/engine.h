/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The engine: units by name, jobs by number, and who wants to hear of changes. It orders and runs jobs
 * through UnitKindOps and knows nothing of containers.
 *
 * A job is a request in progress: one per unit. A request brings along the jobs of units it depends on
 * (transaction.h). A contrary request replaces a job (the old one ends as "canceled"), the same one joins it. Jobs run
 * from a queue, never from within the call that made them, so that a caller has the job's number before it ends; a job
 * waits there while those are under way that it is ordered after.
 *
 * Pure: no system call. The clock and the wake-up of the queue come from EngineOps.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/map.h"
#include "core/check.h"
#include "core/depgraph.h"
#include "core/health.h"
#include "core/history.h"
#include "core/lifecycle.h"
#include "unitfile/unit-spec.h"

typedef struct Engine Engine;
typedef struct Unit Unit;
typedef struct Job Job;

/* ---- units ------------------------------------------------------------------------------------- */

/* The parts of a start, in order; the last one, ready, ends when the unit becomes active. */
typedef enum StartPhase {
        START_PHASE_IMAGE,   /* what it runs is fetched and unpacked */
        START_PHASE_NETWORK, /* its namespaces are made */
        START_PHASE_MOUNT,   /* its root and all that is mounted below */
        START_PHASE_EXEC,    /* the payload executes */
        _START_PHASE_MAX,
        _START_PHASE_INVALID = -EINVAL,
} StartPhase;

const char *start_phase_to_string(StartPhase p);

/* What is so now, for whoever shows it. Strings are borrowed until the unit changes. */
typedef struct UnitStatus {
        UnitActiveState active;
        const char *sub;     /* "running" */
        const char *result;  /* "success"; NULL: kind has none */
        bool reload_failed;  /* the last one since the start */
        const char *freezer; /* "running", "freezing", "frozen", "thawing"; NULL: none */
        bool sleeps;         /* frozen for lack of connections: the next one wakes it */
        pid_t main_pid;      /* 0: none */
        pid_t last_main_pid; /* the same; once it has ended, that of the last; 0: none since the start */
        pid_t init_pid;      /* PID 1 of the container, as the host sees it; 0: none */
        bool user_namespace; /* it runs in one that is not the host's */
        pid_t control_pid;   /* of a command on the host, ExecStartPre=…; 0: none runs */
        ExitInfo exit;       /* of the last main process */
        DualTime main_started, main_ended;
        DualTime state_entered, inactive_exit, active_enter, active_exit, inactive_enter;
        uint64_t start_phase_ends
                        [_START_PHASE_MAX]; /* monotonic, of the last start; 0: not known */
        unsigned n_restarts;
        uint64_t next_restart_monotonic_usec; /* auto-restart: when; USEC_INFINITY else */
        const char *status_text; /* why it failed, what it waits for or says; NULL: nothing to say */
        unsigned n_kept_fds;     /* descriptors that it has had kept for its next run */
        int status_errno;        /* as it says; 0: nothing */
        const char *cgroup_path;   /* NULL: none exists now */
        const char *invocation_id; /* 32 hex digits; NULL: never started */
        const char *container_id;  /* 64 hex digits; NULL: none */
        const char *container_name, *log_driver, *log_directory, *rootfs;
        const char *pod;          /* id of the pod that it is in; NULL: none */
        const char *pod_name;     /* of a pod; NULL: it is none */
        char *const *pod_members; /* of a pod: ids of those that run in it */
        const char *image_name, *image_id, *image_digest; /* NULL: none, or not known yet */
        const struct Timer *timer;                        /* core/timer.h; NULL: it is none */
        char *const *image_labels, *const *image_ports, *const *image_health_test;
        HealthReport health;
} UnitStatus;

/* Figures that cost system calls; UINT64_MAX: not known, or no limit. Limits are those in force; of a unit
 * that does not run, those that will be. */
typedef struct UnitUsage {
        uint64_t memory_current_bytes, memory_peak_bytes;
        uint64_t memory_max_bytes, memory_high_bytes, memory_swap_max_bytes;
        uint64_t memory_min_bytes, memory_low_bytes, memory_zswap_max_bytes;
        uint64_t tasks_current, tasks_max;
        uint64_t cpu_usage_usec;
        uint64_t io_read_bytes, io_write_bytes;
} UnitUsage;

typedef enum KillWhom {
        KILL_MAIN,
        KILL_ALL, /* every process of the cgroup */
} KillWhom;

/* Called once when a freeze or thaw has come to an end; @r is 0 or a negative errno. */
typedef void (*UnitFreezeDone)(int r, const Error *error, void *userdata);

/*
 * A kind of unit. start and stop begin what unit_notify() later tells the end of. Nothing blocks.
 */
typedef struct UnitKindOps {
        const char *name; /* "container" */
        /* 0: begun or going on; -EALREADY: is so already; -EAGAIN, of start alone: it is on its way down,
         * ask again when it is off; else the Error says why not. */
        int (*start)(Unit *u, bool by_hand, Error *error);
        int (*stop)(Unit *u, Error *error);
        /* Begin a reload: its end is that the unit is not reloading any more, its result is told by status.
         * NULL with the next one: no unit of the kind can. */
        int (*reload)(Unit *u, Error *error);
        /* 0; -EOPNOTSUPP: there is nothing that would make it reload; else it can't now, and the Error says why. */
        int (*can_reload)(const Unit *u, Error *error);
        int (*kill)(Unit *u, KillWhom whom, int signal, Error *error);
        int (*freeze)(Unit *u, bool freeze, UnitFreezeDone done, void *userdata, Error *error);
        void (*reset_failed)(Unit *u);
        void (*status)(const Unit *u, UnitStatus *ret);
        /* Processes for the tree (malloc'ed, may be NULL) and figures; either out pointer may be NULL. */
        int (*usage)(Unit *u, UnitUsage *ret_usage, pid_t **ret_pids, size_t *ret_n_pids);
        Unit *(*free)(Unit *u);
        /* Of @triggered, which this unit starts, the state may have changed, or a job has ended. NULL: of no
         * interest. Called in the middle of things: look and set a timer, act later. */
        void (*triggered_changed)(Unit *u, Unit *triggered);
} UnitKindOps;

/* First member of each kind's own struct; CONTAINER_OF() leads back. */
struct Unit {
        const UnitKindOps *ops; /* borrowed */
        Engine *engine;         /* borrowed */
        char *id;               /* owned by the engine; "web.service", the same for life */
        UnitSpec *spec;         /* owned; what the unit runs by */
        UnitSpec *next_spec;    /* owned; a newer definition, taken at the next start; NULL: none */
        uint64_t reread_realtime_usec;  /* its files alone, since all were; 0: never */
        Job *job;                       /* owned by the engine; NULL: none */
        bool gone;                      /* its file has vanished: unloaded once it is inactive */
        UnitCheck condition, assertion; /* of the last start that came so far */

        /* The engine's own: */
        DepNode *node;               /* borrowed from the graph; its dependencies */
        UnitActiveState last_active; /* as last told by unit_notify() */
        unsigned last_restarts;
        List recheck_link; /* in Engine.rechecks while it may have to be started or stopped for others */
        unsigned n_starts; /* for the sake of others' states, since: */
        uint64_t starts_begin_usec;
        bool uphold_waits; /* there were too many of them; once more after a while */
        History history;   /* what has happened to it */
};

/** unit_id() - "web.service"; borrowed */
const char *unit_id(const Unit *u);
UnitActiveState unit_active_state(const Unit *u);
/* What a unit that is not off runs by, compared with its files as they were read last. */
typedef enum UnitDefinition {
        UNIT_DEFINITION_CURRENT,
        UNIT_DEFINITION_CHANGED, /* taken at its next start; limits hold at once */
        UNIT_DEFINITION_GONE,    /* there is no file of it any more: unloaded once it is off */
        _UNIT_DEFINITION_MAX,
        _UNIT_DEFINITION_INVALID = -EINVAL,
} UnitDefinition;

const char *unit_definition_to_string(UnitDefinition d); /* "current", "changed", "gone" */
UnitDefinition unit_definition(const Unit *u);
/** unit_can_start() - the newest definition is loaded and startable. Return: 0, or the reason as error. */
int unit_can_start(const Unit *u, Error *error);

/** unit_may_start() - test conditions and assertions, log what is not met
 *
 * For a kind's automatic restart; of jobs the engine asks it. Return: true; false if it is to stay off. */
bool unit_may_start(Unit *u);

/** unit_can_reload() - it has something that makes it reload, even if not now */
bool unit_can_reload(const Unit *u);

/** unit_notify() - a kind tells that its state may have changed: jobs end, listeners hear
 * @start_failed: an attempt to start has just failed, even if a restart follows */
void unit_notify(Unit *u, bool start_failed);

/** unit_put_history() - what has happened to the unit, the state of now with it, into its record */
void unit_put_history(Unit *u, RecordWriter *w);
/** unit_get_history() - as a former supd has put it. Return: 0 or -ENOMEM. */
int unit_get_history(Unit *u, const Record *record);

/** unit_newest_spec() - what holds for requests: the definition that waits, unless it is broken */
const UnitSpec *unit_newest_spec(const Unit *u);
/** unit_take_next_spec() - run by the newer definition from now on; kinds call it before a start.
 * Pointers into the old one are dead then. A broken one is left waiting: an automatic restart is by the
 * last good one. Return: true if one was taken. */
bool unit_take_next_spec(Unit *u);

/* ---- jobs -------------------------------------------------------------------------------------- */

typedef enum JobType {
        JOB_START,
        JOB_STOP,
        JOB_RESTART,     /* stop, if it runs, then start */
        JOB_TRY_RESTART, /* restart if it runs, else nothing */
        JOB_RELOAD,
        JOB_TRY_RELOAD,      /* reload if it runs and can, else nothing */
        JOB_RELOAD_OR_START, /* reload if it runs, else start */
        _JOB_TYPE_MAX,
        _JOB_TYPE_INVALID = -EINVAL,
} JobType;

typedef enum JobResult { /* names as in systemd's JobRemoved signal */
        JOB_DONE,
        JOB_CANCELED,
        JOB_TIMEOUT,
        JOB_FAILED,
        JOB_DEPENDENCY,
        JOB_SKIPPED,
        JOB_ASSERT,
        _JOB_RESULT_MAX,
        _JOB_RESULT_INVALID = -EINVAL,
} JobResult;

const char *job_type_to_string(JobType t);
const char *job_result_to_string(JobResult r);

struct Job {
        uint32_t id;
        JobType type;
        Unit *unit;       /* borrowed */
        bool by_hand;     /* a person asked: the start limit does not hold */
        bool running;     /* begun; else waiting in the queue */
        bool stopping;    /* running, and waits for the unit to be off to start it then */
        bool then_reload; /* running: once more, what it does may have begun before it was asked for */
        bool irreversible, ignore_order, ignore_requirements; /* by its mode */
        bool holds_slot;        /* counts for engine_set_starts_max() */
        uint64_t slot_usec;     /* until then; USEC_INFINITY: to its end */
        uint64_t deadline_usec; /* it ends as "timeout" then; USEC_INFINITY: never */
        List queue_link; /* in Engine.queue, .held or .doomed, or in waiters of the job it waits for */
        List waiters;    /* jobs that wait for this one */
        char id_text[12]; /* the map's key */
        char *reason;     /* owned; why it failed; NULL: nothing to say */
};

typedef struct JobRequest {
        Unit *unit; /* borrowed */
        JobType type;
        JobMode mode;
        bool by_hand;     /* a person asked; RefuseManualStart= and its like hold */
        JobOrigin origin; /* who asks, for the unit's history */
} JobRequest;

/**
 * engine_request() - ask for something, and for what comes with it
 * @ret: borrowed; lives until the observer's job_removed
 *
 * Return: 0; -EBADMSG, -ENOENT, -EINVAL, -ERFKILL where the unit, or one it requires, can't; -ESHUTDOWN after
 * engine_stop_all(); -EOPNOTSUPP or -ENOEXEC of a reload: it can't, or does not run; -EEXIST for a conflict in mode fail; -EDEADLK as transaction_settle(); -EPERM if the unit
 * refuses this.
 */
int engine_request(Engine *e, const JobRequest *request, Job **ret, Error *error);
/** engine_add_job() - the same of nobody in particular */
int engine_add_job(Engine *e,
                Unit *u,
                JobType type,
                JobMode mode,
                bool by_hand,
                Job **ret,
                Error *error);
/**
 * job_waits_for() - why a job has not begun
 * @ret: the unit whose job is to end first, borrowed; NULL: fewer starts have to be under way
 *
 * Return: false if it has begun, or is about to.
 */
bool job_waits_for(const Job *j, const Unit **ret);
Job *engine_find_job(Engine *e, uint32_t id);
size_t engine_n_jobs(const Engine *e);
Job *engine_job_at(const Engine *e, size_t index);
/** engine_cancel_job() - it ends as "canceled", and what requires it with it; what was begun goes on */
void engine_cancel_job(Engine *e, Job *j);

/* ---- the engine -------------------------------------------------------------------------------- */

/* What the engine needs from outside. Any slot of the observer's half may be NULL. */
typedef struct EngineOps {
        void (*wake)(void *userdata); /* call engine_run_queue() soon, not from within this call */
        uint64_t (*now)(void *userdata); /* monotonic; NULL with all observers: no job ever times out */
        uint64_t (*now_realtime)(
                        void *userdata); /* NULL with all observers: histories have no times */
        /* How many containers may be starting now, asked before one more; 0: any number. */
        unsigned (*starts_max)(void *userdata);
        void (*set_deadline)(uint64_t monotonic_usec,
                        void *userdata); /* call engine_on_deadline() then */
        /* 1: met; 0: not; negative errno: can't be told. '!' and '|' are not its business. NULL with all: met */
        int (*test)(const UnitCondition *c, void *userdata);
        /* Conditions or assertions kept a unit from starting: it stays as it is, and a record of it does not. */
        void (*unit_held_back)(Unit *u, void *userdata);
        void (*unit_added)(Unit *u, void *userdata);
        void (*unit_removed)(Unit *u, void *userdata);
        void (*unit_changed)(Unit *u, void *userdata);
        void (*job_added)(Job *j, void *userdata);
        void (*job_removed)(Job *j, JobResult result, void *userdata);
} EngineOps;

/* Makes the kind's object for a spec, which it takes over on success. */
typedef int (*UnitFactory)(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error);

int engine_new(UnitFactory factory, void *factory_userdata, Engine **ret);
Engine *engine_free(Engine *e);
DEFINE_CLEANUP(Engine *, engine_free);
/** engine_add_observer() - up to ENGINE_OBSERVERS_MAX, called in order; @ops stays borrowed */
#define ENGINE_OBSERVERS_MAX 4U
void engine_add_observer(Engine *e, const EngineOps *ops, void *userdata);

/** engine_load() - take a freshly read set: new units appear, known ones get their new definition
 *
 * A running unit keeps its definition until its next start, a vanished one stays until it is
 * inactive, a broken one keeps its last good definition while it runs. Takes *set over on success.
 */
int engine_load(Engine *e, UnitSet **set, Error *error);

/**
 * engine_reread_unit() - the same for one unit alone, whose drop-ins in @dropin_dirs may have changed
 *
 * The unit may be another object afterwards: look it up anew. Return: 1; 0 if all has to be read (unit_set_reread());
 * negative errno.
 */
int engine_reread_unit(Engine *e, const char *id, char *const *dropin_dirs, Error *error);

/** engine_find() - by name as a person writes it; borrowed; NULL: none. Instances are made on demand. */
Unit *engine_find(Engine *e, const char *name);
Unit *engine_find_by_pid(Engine *e, pid_t pid, const char *cgroup_path);
size_t engine_n_units(const Engine *e);
Unit *engine_unit_at(const Engine *e, size_t index);
/** engine_find_node() - the dependencies of a unit, or of a name that is only mentioned; borrowed until the next
 * load; NULL: nobody knows it */
const DepNode *engine_find_node(const Engine *e, const char *id);
/** engine_diagnostics() - of the last load, beside those of the units; borrowed; NULL before any load */
const DiagnosticList *engine_diagnostics(const Engine *e);

/** engine_run_queue() - start what waits; called from the loop */
void engine_run_queue(Engine *e);
/** engine_on_deadline() - the time of the last EngineOps.set_deadline has come */
void engine_on_deadline(Engine *e);
/**
 * engine_set_starts_max() - so many containers are started at the same time
 * @n:            0: any number, or as EngineOps.starts_max says
 * @patience_usec: one that takes longer to start counts no more: it waits for something else than the machine;
 *                USEC_INFINITY: it counts to its end
 */
void engine_set_starts_max(Engine *e, unsigned n, uint64_t patience_usec);
/** engine_sync() - units have been put into a state that nobody told of: take it as it is */
void engine_sync(Engine *e);

/** engine_collect() - of units that are off: free those that are gone, take waiting definitions */
void engine_collect(Engine *e);

/** engine_start_wanted() - start default.target. A failure to is logged. Return: 0 or -ENOMEM. */
int engine_start_wanted(Engine *e);
/** engine_stop_all() - stop jobs for all that run, no others any more. Return: how many, targets apart */
size_t engine_stop_all(Engine *e);
/** engine_is_idle() - no unit runs and no job waits: supd may end */
bool engine_is_idle(const Engine *e);
