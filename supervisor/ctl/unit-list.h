/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Units as rows: which are shown, and what each row says. Shared by list-units and the overview.
 */

#include "ctl/table.h"
#include "ctl/verbs.h"

/* Which units are shown; all borrowed. */
typedef struct UnitFilter {
        char *const *words; /* of the command line; NULL: any unit */
        char *const *states; /* load, active or sub states; NULL: by the other member and the unit's state */
        bool all;            /* inactive ones, too */
} UnitFilter;

/** unit_is_listed() - the states of @unit pass; words are not looked at */
bool unit_is_listed(const Value *unit, const UnitFilter *filter);

/**
 * unit_list_fetch() - the units to show, figures included
 * @ret:        an array of units by id, each as client_get_unit() gives
 * @ret_hidden: how many match the words beside them
 */
int unit_list_fetch(
                Context *c, const UnitFilter *filter, Value *ret, size_t *ret_hidden, Error *error);

/** unit_list_fill() - one row for each unit of the array
 * @now_usec: real time, for how long ago things were */
int unit_list_fill(
                Table *table, const Terminal *t, const Value *units, bool plain, uint64_t now_usec);
