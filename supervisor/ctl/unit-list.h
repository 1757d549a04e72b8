/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Units as rows: which are shown, and what each row says. Shared by list-units and the overview.
 */

#include "ctl/table.h"
#include "ctl/verbs.h"

/** unit_is_listed() - @states: load, active or sub states to show; NULL: by @all and the unit's state */
bool unit_is_listed(const Value *unit, char *const *states, bool all);

/**
 * unit_list_fetch() - the units to show, figures included
 * @patterns: words of the command line; NULL: all units
 * @ret:      an array of units by id, each as client_get_unit() gives
 * @ret_hidden: how many there are beside them
 */
int unit_list_fetch(Context *c,
                char *const *words,
                char *const *states,
                bool all,
                Value *ret,
                size_t *ret_hidden,
                Error *error);

/** unit_list_fill() - one row for each unit of the array
 * @now_usec: real time, for how long ago things were */
int unit_list_fill(
                Table *table, const Terminal *t, const Value *units, bool plain, uint64_t now_usec);
