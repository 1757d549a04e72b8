/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The unit files and links on disk, as the bus tells of them and changes them: between install/, which
 * knows files, and the engine, which knows units.
 */

#include "control/control-internal.h"
#include "install/plan.h"
#include "install/world.h"

/** unit_files_read() - what is on disk now. Return: 0; negative errno. */
int unit_files_read(Control *c, InstallWorld **ret, Error *error);

/** unit_files_forget() - what was read before for properties is old */
void unit_files_forget(Control *c);

/** unit_files_state() - of a unit as it is loaded: "enabled", "generated", "masked", …; "": none; static */
const char *unit_files_state(Control *c, const UnitSpec *spec);
/** unit_files_preset() - "enabled", "disabled" or "", static */
const char *unit_files_preset(Control *c, const UnitSpec *spec);

/** unit_files_list_state() - the same of a file, whether or not it is loaded */
const char *unit_files_list_state(Control *c, const InstallWorld *w, const InstallFile *f);

/**
 * unit_files_name() - the name by which install/ finds what a client calls @name
 * @as_id: the id of the unit, even if it comes from a Quadlet file
 *
 * Return: owned by the caller; NULL: out of memory.
 */
char *unit_files_name(Control *c, const InstallWorld *w, const char *name, bool as_id);

/** unit_files_apply() - make it so and tell clients. Return: 0; negative errno. */
int unit_files_apply(Control *c, const InstallWorld *w, const InstallPlan *plan, Error *error);
