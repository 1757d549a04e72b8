/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The control bus as C calls: one connection, requests that are answered, jobs that are waited for.
 *
 * Peer to peer, without a bus daemon. A call is one round trip and never waits longer than sd-bus's
 * time-out (25 s, or $SYSTEMD_BUS_TIMEOUT), so that a stopped supervisor can't hang its callers; only
 * waiting for a job has no limit, because the unit's own time-outs are in force.
 *
 * Names of units go to the supervisor as a person writes them: "web", "web.container", "web.service"
 * are resolved there, where the unit files are known.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/macro.h"
#include "client/value.h"

typedef struct Client Client;

/**
 * client_connect() - reach the supervisor whose runtime directory is @runtime_dir
 *
 * Return: 0; negative errno with a text that says what to do, as ERROR_DISCONNECTED or
 * ERROR_ACCESS_DENIED.
 */
int client_connect(const char *runtime_dir, Client **ret, Error *error);
Client *client_free(Client *c);
DEFINE_CLEANUP(Client *, client_free);

/* ---- reading ----------------------------------------------------------------------------------- */

/** client_get_manager() - the supervisor's own properties; @ret: a dict, to be value_done() */
int client_get_manager(Client *c, Value *ret, Error *error);

/** client_get_unit() - all that there is to show of one unit; LoadState= "not-found" of an unknown one */
int client_get_unit(Client *c, const char *name, Value *ret, Error *error);

/** client_set_properties() - @assignments: "MemoryMax=1G"; @runtime: until the next boot */
int client_set_properties(
                Client *c, const char *name, bool runtime, char *const *assignments, Error *error);

/** client_dump() - all that supd knows of units, as text; @patterns: NULL: of all. @ret: owned by the caller */
int client_dump(Client *c, char *const *patterns, char **ret, Error *error);

/** client_get_history() - what has happened to a unit: an array of dicts of strings, the oldest first, with the
 * keys of org.supd.Manager.GetUnitHistory */
int client_get_history(Client *c, const char *name, Value *ret, Error *error);

/**
 * client_check_health() - make a health check of a unit now, and wait for its result
 * @ret_code:   exit status of the check; -1: it has none
 * @ret_output: what it printed; owned by the caller
 */
int client_check_health(
                Client *c, const char *name, int *ret_code, char **ret_output, Error *error);

/**
 * client_get_units() - the same of several units side by side
 * @ret:     @n values, zeroed by the caller and to be value_done() whatever the outcome
 *
 * Return: 0; negative errno of the first that failed.
 */
int client_get_units(Client *c, const char *const *names, size_t n, Value *ret, Error *error);

/**
 * client_list_units() - a dict from id to what client_get_unit() gives, but for what costs the
 * supervisor system calls: memory, tasks, CPU time
 * @patterns: shell globs of ids, NULL for all
 */
int client_list_units(Client *c, char *const *patterns, Value *ret, Error *error);

/** client_get_properties() - every property of a unit's bus object, as systemctl show has them */
int client_get_properties(Client *c, const char *name, Value *ret, Error *error);

/** client_get_processes() - an array of [cgroup, pid, command line] of the unit's processes */
int client_get_processes(Client *c, const char *name, Value *ret, Error *error);

/** client_list_jobs() - an array of [id, unit, type, state, path of the job, path of the unit] */
int client_list_jobs(Client *c, Value *ret, Error *error);

/** client_get_diagnostics() - an array of dicts, of all unit files that were read last */
int client_get_diagnostics(Client *c, Value *ret, Error *error);

/** client_list_changed() - an array of [id, "changed" or "gone"]: those that run by something else than their files */
int client_list_changed(Client *c, Value *ret, Error *error);

/* ---- acting on the supervisor ------------------------------------------------------------------ */

/** client_reload() - read all unit files again */
int client_reload(Client *c, Error *error);

/** client_cancel_job(), client_cancel_jobs() - one by its number, or all */
int client_cancel_job(Client *c, uint32_t id, Error *error);
int client_cancel_jobs(Client *c, Error *error);

/** client_reset_failed() - of all units; of single ones see UNIT_RESET_FAILED */
int client_reset_failed(Client *c, Error *error);

/** client_reexecute() - have the supervisor execute itself anew; returns when it has let go of us.
 * The connection is of no use then. */
int client_reexecute(Client *c, Error *error);

/* ---- acting on units --------------------------------------------------------------------------- */

typedef enum UnitAction {
        UNIT_START,
        UNIT_STOP,
        UNIT_RESTART,
        UNIT_TRY_RESTART,
        UNIT_RELOAD,
        UNIT_RELOAD_OR_RESTART,
        UNIT_RELOAD_OR_TRY_RESTART,
        UNIT_KILL,
        UNIT_FREEZE,
        UNIT_THAW,
        UNIT_RESET_FAILED,
        _UNIT_ACTION_MAX,
        _UNIT_ACTION_INVALID = -EINVAL,
} UnitAction;

/** unit_action_makes_job() - the answer is a job, whose end can be waited for */
bool unit_action_makes_job(UnitAction action);

/* One unit of one call. The caller sets the first group, the calls below the others. */
typedef struct UnitRequest {
        const char *unit; /* borrowed */
        UnitAction action;
        const char *mode; /* of what makes a job: "replace", "isolate", …; borrowed */
        const char *whom; /* UNIT_KILL: "main" or "all"; borrowed */
        int signal;       /* UNIT_KILL */

        int number;  /* 0, or why the request was refused */
        Error error; /* the same in words */

        char *job_path;   /* owned; NULL: no job was made */
        char *job_result; /* owned; "done", "failed", …; NULL: still under way */
        char *id;         /* owned; what the supervisor calls the unit; NULL: no job has ended */
} UnitRequest;

void unit_request_done(UnitRequest *request);

/* How to wait for the jobs to end. */
typedef struct ClientWait {
        int interrupt_fd; /* readable when waiting is to be given up; -EBADF: none */
        /* Called now and then meanwhile, with requests as they are; NULL: not at all. */
        void (*on_interval)(void *userdata);
        void *userdata; /* borrowed */
} ClientWait;

/**
 * client_run_units() - send all requests at once, then collect all answers
 * @wait: for the jobs to end, too; NULL: no
 *
 * Return: 0 if each was answered, be it by an error of its own; -EINTR; another negative errno if the
 * connection broke. What is known then is in the requests.
 */
int client_run_units(
                Client *c, UnitRequest *requests, size_t n, const ClientWait *wait, Error *error);
