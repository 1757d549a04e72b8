/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What can be done to units, and the answer to who asked. Both spellings of each verb come here: of the
 * Manager by name, and of the unit's own object. The caller is authorised already (connection.c).
 *
 * Each returns what a method handler returns.
 */

#include <systemd/sd-bus.h>

#include "control/control-internal.h"

/** verb_find_unit() - the unit called @name; if there is none, fills in the error
 * Return: 0, or negative errno to be returned */
int verb_find_unit(Control *c, const char *name, Unit **ret, sd_bus_error *ret_error);

/** verb_reply_error() - answer a call that was kept, from outside of its handler */
void verb_reply_error(sd_bus_message *call, int r, const Error *error);

/** verb_job() - ask for a job; answers with its path
 * @method: of systemd, "StartUnit" or "Start": which job */
int verb_job(Control *c,
                sd_bus_message *m,
                const char *unit,
                const char *method,
                const char *mode,
                sd_bus_error *ret_error);
/** verb_enqueue() - the same by the job's type, answered in the long form */
int verb_enqueue(Control *c,
                sd_bus_message *m,
                const char *unit,
                const char *type,
                const char *mode,
                sd_bus_error *ret_error);
/** verb_kill() - @whom: "main", "control", "all", each with "-fail" to have an empty unit refused */
int verb_kill(Control *c,
                sd_bus_message *m,
                const char *unit,
                const char *whom,
                int signal,
                sd_bus_error *ret_error);
/** verb_freeze() - answers once the unit is frozen, or thawed */
int verb_freeze(Control *c,
                sd_bus_message *m,
                const char *unit,
                bool freeze,
                sd_bus_error *ret_error);
int verb_reset_failed(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error);
/** verb_reference() - a client's hold on a unit: units stay for as long as their files do */
int verb_reference(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error);
/** verb_processes() - answers with cgroup, pid and command line of each */
int verb_processes(Control *c, sd_bus_message *m, const char *unit, sd_bus_error *ret_error);

/** verbs_abandon() - nobody is left to answer */
void verbs_abandon(Control *c);
