/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The unit store on disk and in the manager's descriptor store.
 *
 * Records are RUNTIME_DIR/container/NAME/state, NAME being the unit's id without ".service", replaced
 * atomically. Descriptors go by FDSTORE=1 to whoever runs supd, supinit or systemd, and come back as
 * LISTEN_FDS; see include/supd/init-protocol.h. Without such a manager the descriptors simply end with
 * supd, and processes are found again by pid and start time.
 */

#include "core/engine.h"
#include "core/unit-store.h"

typedef struct Store Store;

/**
 * store_open() - read all records and take over the passed descriptors
 * @runtime_dir: made if missing; "container/" is made below it
 *
 * An unreadable record is logged and left out: its container is then no unit's and torn down.
 */
int store_open(const char *runtime_dir, Store **ret, Error *error);

UnitStore *store_unit_store(Store *s);

/** store_is_first_start() - no supd has come as far as store_mark_started() since boot or the last clean end */
bool store_is_first_start(const Store *s);

/** store_mark_started() - what is wanted at boot is under way. Return: 0 or negative errno */
int store_mark_started(Store *s, Error *error);

/** store_instantiate() - have the engine make the instances of templates that there are records of */
int store_instantiate(Store *s, Engine *e, Error *error);

/** store_keep_for_exec() - let the descriptors survive execve() of ourselves, as LISTEN_FDS would. Return: 0 or
 * negative errno */
int store_keep_for_exec(Store *s);

/**
 * store_settle() - every unit has been asked: what is left is nobody's
 * @ret_names: strv of unit ids whose records no unit took; owned by the caller
 *
 * Left-over descriptors are dropped and closed, left-over records removed.
 */
int store_settle(Store *s, char ***ret_names);

/** store_remove() - a clean end: remove everything, so that the next start is a first one */
void store_remove(Store *s);

Store *store_free(Store *s);
DEFINE_CLEANUP(Store *, store_free);
