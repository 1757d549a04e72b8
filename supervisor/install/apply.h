/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan becomes so, on disk. New links come first and each replaces what was there in one step, then
 * what is to go goes: who is killed in between leaves links that are whole, and units at least as enabled
 * as they were. When it returns, the disk has it.
 *
 * Nothing is written behind a symbolic link: a NAME.wants that is one is refused.
 */

#include "install/plan.h"

/** install_apply() - @w: what @plan was made from. Return: 0; negative errno, with a part of it done. */
int install_apply(const InstallWorld *w, const InstallPlan *plan, Error *error);
