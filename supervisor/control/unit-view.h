/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A unit as one request sees it: its state, read once however many properties are asked for. A name
 * without a unit has a view too, "not-found" and inactive, as systemd's clients expect.
 *
 * Figures cost system calls and are read when the first of them is asked for.
 */

#include <stdbool.h>
#include <stdint.h>

#include "control/control.h"
#include "core/engine.h"
#include "unitfile/unit-spec.h"

typedef struct UnitView {
        Control *control;        /* borrowed */
        char *name;              /* owned; the unit's id, or what was asked for; NULL: empty view */
        Unit *unit;              /* borrowed; NULL: there is none */
        const UnitSpec *spec;    /* borrowed; never NULL in a filled view */
        const char *description; /* borrowed */
        UnitStatus status;
        UnitUsage usage; /* only through unit_view_usage() */
        bool usage_read;
} UnitView;

/**
 * unit_view_init() - look at @u, or at a name that has no unit
 * @name:  used only where @u is NULL
 *
 * Nothing may happen to the unit until unit_view_done(). Return: 0 or -ENOMEM.
 */
int unit_view_init(UnitView *v, Control *c, Unit *u, const char *name);
void unit_view_done(UnitView *v);

/** unit_view_usage() - never fails: what can't be read is UINT64_MAX */
const UnitUsage *unit_view_usage(UnitView *v);

/** unit_load_error() - the first error of its files in one line, owned; NULL: none, or out of memory */
char *unit_load_error(const UnitSpec *spec);

/** unit_matches() - its id matches one of the shell patterns, or there are none */
bool unit_matches(const Unit *u, char *const *patterns);
