/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The unit kind "container": a .container file brought to life. It joins the lifecycle (core) with
 * the mechanisms (runtime, log), and nothing else does.
 */

#include "kinds/context.h"

/** container_new() - a unit for a spec, dead. Takes *spec over on success. */
int container_new(const KindContext *context, UnitSpec **spec, Unit **ret, Error *error);

/** container_forget_stray() - of a container that no unit speaks for: remove what was made for its log */
void container_forget_stray(const KindContext *context, const char *unit_id);

/**
 * container_clear_strays() - once all units are restored: what a power cut left of others goes, their
 * storage and their hold on images
 */
int container_clear_strays(const KindContext *context, Engine *e);

/** container_held_back() - see kind_unit_held_back() */
void container_held_back(Unit *u);
/* A health check that was asked for has ended. @r: 0, and @entry is its result; negative: there is none. */
typedef void (*UnitHealthDone)(int r, const Error *error, const HealthEntry *entry, void *userdata);

/** container_check_health() - make a check now, or wait for the one under way. Return: 0: @done is called
 * later; negative errno. */
int container_check_health(Unit *u, UnitHealthDone done, void *userdata, Error *error);

/** container_reloaded() - see kind_unit_reloaded() */
int container_reloaded(Unit *u, Error *error);

/**
 * container_restore() - take the unit's stored record, if there is one, and go on from there
 *
 * To be called once the unit is in its engine. A container found alive is adopted, one that ended
 * meanwhile takes the way of every end, a half-made one is torn down and started anew.
 */
int container_restore(Unit *u, Error *error);

/** container_sleeps() - it is frozen for lack of connections, and to be woken by the next */
bool container_sleeps(const Unit *u);
/** container_wake() - somebody connects to what sleeps; nothing happens to what does not */
void container_wake(Unit *u);
