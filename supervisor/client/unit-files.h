/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Unit files: how they are installed, and changing that. What the calls mean is systemd's to say.
 */

#include "client/client.h"

typedef enum UnitFileVerb {
        UNIT_FILE_ENABLE,
        UNIT_FILE_DISABLE,
        UNIT_FILE_REENABLE,
        UNIT_FILE_LINK,
        UNIT_FILE_PRESET,
        UNIT_FILE_PRESET_ALL,
        UNIT_FILE_MASK,
        UNIT_FILE_UNMASK,
        UNIT_FILE_REVERT,
        UNIT_FILE_ADD_DEPENDENCY,
        UNIT_FILE_SET_DEFAULT,
        _UNIT_FILE_VERB_MAX,
        _UNIT_FILE_VERB_INVALID = -EINVAL,
} UnitFileVerb;

/* All borrowed. */
typedef struct UnitFileRequest {
        UnitFileVerb verb;
        char *const *names; /* of units; of some verbs also absolute paths */
        const char *word;   /* mode of presets; the target to add to or to set */
        const char *type;   /* UNIT_FILE_ADD_DEPENDENCY: "Wants" or "Requires" */
        bool runtime, force;
} UnitFileRequest;

/**
 * client_change_unit_files() - have links made and taken away
 * @ret_changes: an array of [type, path, source]: what was done, and what there is to tell
 * @ret_carries: one of the files at least has an [Install]; true where that is no question
 */
int client_change_unit_files(Client *c,
                const UnitFileRequest *request,
                Value *ret_changes,
                bool *ret_carries,
                Error *error);

/** client_get_unit_file_state() - "enabled" and so on, a string */
int client_get_unit_file_state(Client *c, const char *name, Value *ret, Error *error);

/** client_get_unit_file_links() - an array of paths: what disabling would take away */
int client_get_unit_file_links(Client *c, const char *name, bool runtime, Value *ret, Error *error);

/** client_get_default_target() - a string */
int client_get_default_target(Client *c, Value *ret, Error *error);

/** client_list_unit_files() - an array of dicts: UnitFile, Id, FragmentPath, UnitFileState, UnitFilePreset
 * @states, @patterns: NULL for all */
int client_list_unit_files(
                Client *c, char *const *states, char *const *patterns, Value *ret, Error *error);
