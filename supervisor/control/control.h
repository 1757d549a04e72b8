/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The control bus: D-Bus peer to peer on Unix sockets, without a bus daemon. systemd's own interfaces on
 * systemd's own object paths, so that its clients are ours, and org.supd.* for the rest.
 *
 * Every front end comes through here: a request is authorised (access.h), validated, done through the
 * engine, and answered. What only the daemon can do it is asked for by ControlOps.
 *
 * Clients are held to limits (control.c): how many, how long they may take to say who they are, how
 * much may wait for them to be read.
 *
 * org.supd.Manager on /org/supd, beside its properties:
 *
 *   SetUnitProperties(s name, b runtime, as assignments)  limits and the like by their keys, "MemoryMax=1G": in
 *                                     drop-ins, until the next boot if @runtime; what can be holds at once
 *   GetUnitHistory(s name) -> aa{ss}  what has happened to a unit, the oldest event first, each as
 *                                     core/history.h says; at the end what its job waits for, if it does:
 *                                     Event=waits, Job, JobType, Unit and UnitJobType (none: for fewer
 *                                     starts to be under way)
 *   GetUnitStatus(s name) -> a{sv}     what there is to show of a unit, in one round trip, by the
 *                                      names of `systemctl show`; an unknown one is "not-found".
 *                                      Diagnostics is what was wrong in its files, as below
 *   ListUnitStatus(as patterns) -> a(sa{sv})
 *                                      the same, by id, for all units whose id matches a shell
 *                                      pattern, or for all where there is none
 *   GetDiagnostics() -> aa{sv}         what was wrong in unit files at the last load: Unit ("" if it
 *                                      belongs to none), Severity, Code, File, Line, Column, Section,
 *                                      Key, Message, Text (all of it in one line)
 *
 *   ListChangedUnits() -> a(ss)        units that run by something else than their files say, and
 *                                      "changed" or "gone"
 *   ListUnitFileStatus(as states, as patterns) -> aa{sv}
 *                                      unit files, loaded or not: UnitFile (its name), Id, FragmentPath,
 *                                      UnitFileState, UnitFilePreset
 *
 * org.supd.Image on /org/supd:
 *
 *   Run(as words, h records, h data) -> (i status)
 *                                      has the program supd-image do what the words say, and answers
 *                                      with its exit status once it has ended. Words are a verb; options,
 *                                      each in one word, "--arch=arm64"; arguments, behind "--" where one
 *                                      begins with a dash. Its records are written to the first
 *                                      descriptor, a pipe, and say what went wrong (ERROR=, ERROR_CODE=,
 *                                      ERRNO=). The other one is what load and import read, save writes,
 *                                      and pull reads its credentials from; /dev/null for other verbs.
 *                                      Files are the client's to open: what names one is refused. The
 *                                      program is ended when the client disconnects
 *
 * org.supd.Secret on /org/supd; what is in a secret is never in a message:
 *
 *   Create(s name, h data, as labels, b replace) -> s id
 *                                      puts a secret into the store; answers once it is on the disk. The
 *                                      descriptor is of a memory file of 1 to 524288 bytes, sealed against
 *                                      writing, growing and shrinking. Labels are "NAME=VALUE". One of that
 *                                      name is replaced, and keeps its id, or refused
 *   Remove(s name)                     takes it out; containers that run keep what they have
 *   List() -> aa{sv}                   ID, Name, CreatedTimestamp, UpdatedTimestamp (microseconds of real
 *                                      time), Labels (as) of all
 *   Inspect(s name) -> a{sv}           the same of one
 *   GetData(s name) -> h               a sealed memory file with what is in it
 *
 * Names of units may be written as a person does: "web", "web.container" and "web.service" are one.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/macro.h"
#include "core/engine.h"

typedef struct Control Control;

/* What the daemon knows of itself. Strings are borrowed until the next turn of the loop. */
typedef struct ControlInfo {
        const char *features;        /* "+SECCOMP -BPF": what was found at start */
        const char *cgroup_driver;   /* "v2", "hybrid" */
        const char *cgroup_path;     /* root of supd's own subtree */
        const char *log_level;       /* "info" */
        char *const *unit_dirs;      /* search path of unit files */
        const char *runtime_units;   /* the one among them that --runtime means; NULL: none */
        DualTime started;            /* the process */
        DualTime finished;           /* units loaded, what was wanted is done; zero: not yet */
        DualTime units_loaded_first; /* unit files had been read for the first time by this process */
        uint64_t units_loaded_realtime_usec; /* the last time that unit files were read */
        bool stopping;
        const char *image_path;       /* of the program supd-image; NULL: it is not installed */
        char *const *image_arguments; /* what each call of it is given: where the store is */
        const char *state_dir;        /* where secrets are */
} ControlInfo;

/* All mandatory; each answers at once. */
typedef struct ControlOps {
        void (*info)(void *userdata, ControlInfo *ret);
        int (*reload)(void *userdata, Error *error); /* read all unit files again */
        /* Those of one unit, whose drop-ins in these directories ("DIRECTORY/NAME.d") may have changed. The Unit
         * may be another one afterwards. An error also if new limits can't be had: it then runs on with some. */
        int (*reread)(void *userdata, const char *id, char *const *dropin_dirs, Error *error);
        /* Execute anew, or have it done from the loop. Not called within a handler of the bus. Who asked
         * is answered if it fails, else by the end of the connection. */
        int (*reexecute)(void *userdata, Error *error);
        int (*exit)(void *userdata, Error *error); /* begin to stop all units, then end */
} ControlOps;

/**
 * control_new() - a control bus without sockets
 * @engine:   borrowed; watched from now on. Nothing may change in it after control_free(): end the loop
 *            first, or free the engine
 * @ops:      borrowed
 *
 * Return: 0; negative errno.
 */
int control_new(sd_event *event,
                Engine *engine,
                const ControlOps *ops,
                void *userdata,
                Control **ret,
                Error *error);

/**
 * control_listen() - make a socket and serve on it
 * @path: replaced if it is a dead socket; at most 107 bytes
 * @mode: of the socket file
 * @gid:  its group, whose members may do all that root may; (gid_t) -1: root alone
 *
 * Return: 0; -EADDRINUSE if somebody serves there; another negative errno.
 */
int control_listen(Control *c, const char *path, mode_t mode, gid_t gid, Error *error);

/**
 * control_listen_fd() - serve on a listening socket that was passed to this process
 * @fd:   taken over on success
 * @path: as for control_listen(); removed by control_free(); NULL: not ours to remove
 */
int control_listen_fd(Control *c, int *fd, const char *path, gid_t gid, Error *error);

/**
 * control_listen_again() - serve on the socket that a former supd listened on, so that no client is refused
 * @fd:   taken over on success
 * @mode, @gid: as for control_listen(); the file gets them again
 *
 * Return: 0; -ESTALE if it is no listening socket of @path, or the file is gone: make a new one.
 */
int control_listen_again(
                Control *c, int *fd, const char *path, mode_t mode, gid_t gid, Error *error);

/** control_listener_fd() - of the socket that serves @path, for the manager's store; borrowed; -ENOENT */
int control_listener_fd(const Control *c, const char *path);

/** control_keep_sockets() - control_free() leaves the files of sockets to the next supd */
void control_keep_sockets(Control *c);

/** control_free() - disconnect all, remove the sockets. What was asked and not answered is dropped. */
Control *control_free(Control *c);
DEFINE_CLEANUP(Control *, control_free);
