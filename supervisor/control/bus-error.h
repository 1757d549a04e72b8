/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What an Error is called on the bus: systemd's or D-Bus's name where there is one that clients know,
 * else org.supd.Error.* with the name of the code itself ("unit-state" is org.supd.Error.UnitState).
 */

#include <systemd/sd-bus.h>

#include "base/error.h"

/** bus_error_name() - "org.freedesktop.systemd1.NoSuchUnit"; static; NULL if out of range */
const char *bus_error_name(ErrorCode code);

/** bus_error_take() - fill in the reply of a request that failed, and log it
 * @number: negative errno; out of memory comes without an Error
 *
 * Return: negative errno, for `return bus_error_take(...)` from a method handler.
 */
int bus_error_take(sd_bus_error *ret, int number, const Error *error);
