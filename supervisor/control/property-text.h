/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Properties as systemd's clients send them (SetUnitProperties), as assignments of unit files. Only what can be changed
 * while a unit runs.
 */

#include <stdbool.h>

#include <systemd/sd-bus.h>

#include "unitfile/unit-spec.h"

typedef struct PropertyText {
        const char *section, *key; /* static */
        char *value; /* owned; "" takes the key back to its default; of a list, lines to be added */
} PropertyText;

void property_text_done(PropertyText *p);

/** property_text_is_settable() - @key of a unit file; @ret_section: static */
bool property_text_is_settable(const char *key, const char **ret_section);

/** property_text_join() - @more, of the same key: it goes before what was said, or in a list comes after it.
 * Return: 0; -ENOMEM */
int property_text_join(PropertyText *p, const PropertyText *more);

/** property_text_write() - the lines of a drop-in, beside which @spec, the unit as it is, need not be known;
 * owned by the caller; NULL: out of memory */
char *property_text_write(const PropertyText *p, const UnitSpec *spec);

/**
 * property_text_read() - the next (sv) of a message
 *
 * Return: 1; 0 if it needs no assignment, as it is always so; -EINVAL with the error filled in; -ENOMEM.
 */
int property_text_read(sd_bus_message *m, PropertyText *ret, sd_bus_error *ret_error);

/** property_text_parse() - "MemoryMax=512M", as supctl sends it. Return: 1; -EINVAL with the error filled in; -ENOMEM */
int property_text_parse(const char *assignment, PropertyText *ret, sd_bus_error *ret_error);
