/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names of units: what is valid, what a person's word means, and the object path on the bus.
 */

#include <stdbool.h>

#define UNIT_NAME_MAX 255U

/** unit_name_is_valid() - "web.service", with a known suffix; 1 to 255 of the bytes of UNITS.md 1.3 */
bool unit_name_is_valid(const char *name);

/** unit_name_mangle() - "web" and "web.container" become "web.service"; owned by the caller; NULL:
 * out of memory. What has a unit suffix already is only copied. */
char *unit_name_mangle(const char *name);

/** unit_name_to_path() - "/org/freedesktop/systemd1/unit/web_2eservice"; owned by the caller, or NULL */
char *unit_name_to_path(const char *name);

/** unit_name_from_path() - the reverse. Return: 0; -EINVAL; -ENOMEM. @ret owned by the caller. */
int unit_name_from_path(const char *path, char **ret);
