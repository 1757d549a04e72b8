/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a unit's properties say to a person: its state in words and colour, how its process ended, how
 * long ago something was. Pure; a unit is the dict that client_get_unit() gives.
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/value.h"
#include "ctl/terminal.h"

bool unit_is_known(const Value *unit);  /* there is a file of it, or it runs without one */
bool unit_is_active(const Value *unit); /* active or reloading */
bool unit_is_failed(const Value *unit);
bool unit_is_paused(const Value *unit); /* frozen, or about to be or to be thawed */

/** unit_id() - "web.service"; "?" if even that is missing; borrowed */
const char *unit_id(const Value *unit);

/** unit_short_name() - "web" of "web.service", as words on the command line; owned, or NULL */
char *unit_short_name(const char *id);

/** unit_sub_state() - SubState=, but "paused" of what is; borrowed */
const char *unit_sub_state(const Value *unit);

Style unit_style(const Value *unit);
Glyph unit_glyph(const Value *unit);

/** exit_in_words() - "code=exited, status=7/NOTRUNNING", "code=killed, signal=KILL"
 * @code: CLD_…
 *
 * Return: owned by the caller; NULL: out of memory. */
char *exit_in_words(int64_t code, int64_t status);

/** unit_state_since() - when the unit came into its state, real time; UINT64_MAX: never told */
uint64_t unit_state_since(const Value *unit);

/** unit_failure() - why the unit is not running: its own words, else result and exit; owned, or NULL */
char *unit_failure(const Value *unit);

/**
 * unit_unmet() - what of its conditions was not met at the last attempt, a line each
 * @property: "Conditions" or "Asserts"
 * @ret:      owned by the caller; NULL: nothing that is known
 *
 * Return: 0 or -ENOMEM.
 */
int unit_unmet(const Value *unit, const char *property, char ***ret);
