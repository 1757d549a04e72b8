/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The list of keys that the unit language has, for the manual and the fuzzer's dictionary. It comes
 * from the same tables as the reader.
 */

#include <stdbool.h>

typedef struct UnitKeyInfo {
        const char *section, *key; /* borrowed for the call */
        const char *help;          /* static; one line: what it does, or why nothing */
        bool supported;
} UnitKeyInfo;

typedef void (*UnitKeyHandler)(const UnitKeyInfo *info, void *userdata);

/** unit_keys_foreach() - every known key once, section by section. Return: 0 or -ENOMEM. */
int unit_keys_foreach(UnitKeyHandler handler, void *userdata);
