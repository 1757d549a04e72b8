/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a distribution or an administrator wants to be enabled: files of lines "enable PATTERN
 * [INSTANCE…]" and "disable PATTERN", as systemd.preset(5) has them. The first line that matches a name
 * decides; without one it is enabled.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

#define PRESET_FILE_SIZE_MAX (256U * 1024U)
#define PRESET_RULES_MAX 16384U

typedef struct PresetRule {
        bool enable;
        char *pattern;    /* owned; a shell pattern */
        char **instances; /* owned; of a template: what to enable of it */
} PresetRule;

typedef struct Preset {
        PresetRule *rules; /* owned; the earlier one counts */
        size_t n_rules, n_allocated;
} Preset;

Preset *preset_free(Preset *p);
DEFINE_CLEANUP(Preset *, preset_free);

/** preset_add() - the rules of one file's text, behind those that are there; lines that are none are left
 * out. Return: 0; -E2BIG; -ENOMEM. */
int preset_add(Preset *p, const char *text);

/** preset_wants() - is a unit file called @name to be enabled?
 * @ret_instances: which instances of a template; borrowed; NULL: none; may be NULL */
bool preset_wants(const Preset *p, const char *name, char *const **ret_instances);

/** preset_read() - all *.preset of @dirs, by their names; one that has the name of a file in an earlier
 * directory is replaced by it. Missing directories are fine. Return: 0; negative errno. */
int preset_read(char *const *dirs, Preset **ret);
