/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Property getters that every interface shares, and reading properties outside of a bus call.
 *
 * An interface's properties are a table: name, type, getter, offset. Where the getter is NULL the
 * value lies at the offset, as its type says ("s": char *, "as": char **, "t": uint64_t, ...).
 */

#include <stdbool.h>

#include <systemd/sd-bus.h>

#include "base/macro.h"

/* The head of a getter. What it does not need of its parameters is no warning. */
#define PROPERTY_GETTER(function) \
        /* NOLINTNEXTLINE(readability-function-size): the parameters are sd-bus's */ \
        int function(sd_bus *bus _unused_, \
                        const char *path _unused_, \
                        const char *interface _unused_, \
                        const char *property _unused_, \
                        sd_bus_message *reply, \
                        void *userdata _unused_, \
                        sd_bus_error *ret_error _unused_)

PROPERTY_GETTER(property_get_bool);        /* "b" from a bool */
PROPERTY_GETTER(property_get_stamp);       /* "t" from a uint64_t; "never" is 0 on the bus */
PROPERTY_GETTER(property_get_false);       /* "b" */
PROPERTY_GETTER(property_get_empty);       /* "s" */
PROPERTY_GETTER(property_get_empty_array); /* any array */
PROPERTY_GETTER(property_get_zero);        /* "u", "i", "t" */
PROPERTY_GETTER(property_get_infinity);    /* "t": UINT64_MAX */

/** property_append() - append the value that @entry, a property of a vtable, has for @object */
int property_append(
                sd_bus_message *m, const sd_bus_vtable *entry, const char *interface, void *object);

/** property_find() - the entry of a vtable, or NULL */
const sd_bus_vtable *property_find(const sd_bus_vtable *vtable, const char *name);
