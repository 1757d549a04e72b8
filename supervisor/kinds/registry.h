/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which code makes a unit of which kind: the only list of kinds.
 */

#include "kinds/context.h"

/** kind_make_unit() - a UnitFactory for engine_new(); @userdata is the KindContext */
int kind_make_unit(Engine *e, UnitSpec **spec, void *userdata, Unit **ret, Error *error);

/** kind_restore_pass() - units that others look at while they are restored come first: 0, then 1 */
#define KIND_RESTORE_PASSES 2U
unsigned kind_restore_pass(const Unit *u);

/** kind_forget_stray() - processes of this name were no unit's and are ended: what else they left goes */
void kind_forget_stray(const KindContext *context, const char *unit_id);

/**
 * kind_restore_unit() - have the unit go on from its stored record, if it has one
 *
 * After every unit is in its engine: what happened meanwhile is told to jobs and listeners.
 */
int kind_restore_unit(Unit *u, Error *error);

/**
 * kind_unit_reloaded() - unit files were read anew: what of a newer definition holds for a unit that runs,
 * its limits, is applied at once (UNITS.md 4.10)
 *
 * Return: 0; on a negative errno some limits may be the new ones, the unit runs on.
 */
int kind_unit_reloaded(Unit *u, Error *error);

/** kind_unit_held_back() - conditions or assertions have kept the unit from starting: a next supd shall know,
 * and so shall who waits for it */
void kind_unit_held_back(Unit *u);

/** kind_clear_strays() - once all units are restored: what is left on disk of units that are no more */
int kind_clear_strays(const KindContext *context, Engine *e);
