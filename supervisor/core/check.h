/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Conditions and assertions of a unit, tested just before its start. What is decided here is how the answers
 * combine, and what is remembered of them; the tests themselves are the outside's (EngineOps.test).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "unitfile/condition.h"

struct Unit;

/* What came of the last test. */
typedef struct UnitCheck {
        bool met;             /* false also if nothing was ever tested */
        DualTime when;        /* zero: never */
        signed char *answers; /* owned; of each in the spec's list: 1 met, -1 not, 0 not tested */
        size_t n_answers;     /* 0: nothing is known of the list as it is now */
} UnitCheck;

/** unit_test_conditions(), unit_test_asserts() - test them and remember. Return: whether they are met. */
bool unit_test_conditions(struct Unit *u);
bool unit_test_asserts(struct Unit *u);

/** unit_find_missing_path() - the first of @paths that is not there; borrowed; NULL: all are */
const char *unit_find_missing_path(const struct Unit *u, char *const *paths);

/** unit_is_held_back() - at the last attempt it was kept from starting, and has not been started since */
bool unit_is_held_back(const struct Unit *u);

/**
 * unit_check_blame() - what of @list was not met at the last test, as "ConditionPathExists=/x was not met"
 *
 * Return: owned by the caller; NULL: all is met, or out of memory.
 */
char *unit_check_blame(const UnitCheck *check, const ConditionList *list, const char *prefix);

/** unit_blame() - the same of what held the unit back at the last attempt, a condition or an assertion */
char *unit_blame(const struct Unit *u);

/** unit_check_answer() - of the @i-th item: 1, -1, 0 */
int unit_check_answer(const UnitCheck *check, size_t i);
/** unit_check_forget_answers() - the list has changed */
void unit_check_forget_answers(UnitCheck *check);
