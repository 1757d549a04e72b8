/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What enabling, disabling, masking and so on change: a list of links to make and of files to take away,
 * decided from an InstallWorld. Pure; apply.h does it.
 *
 * A change that is there already is none: who enables twice changes nothing the second time.
 */

#include "install/world.h"

#define INSTALL_CHANGES_MAX 65536U

typedef enum InstallChangeType {
        INSTALL_SYMLINK, /* path becomes a link to source, whatever was there */
        INSTALL_UNLINK,  /* path goes: a file, a link, or a directory with all that is in it */
        /* No changes, but what there is to tell: */
        INSTALL_IS_MASKED,
        INSTALL_IS_DANGLING,
        INSTALL_NO_DESTINATION,   /* source wants to be started by a unit that is not there: path */
        INSTALL_AUXILIARY_FAILED, /* what Also= names can't be enabled */
        _INSTALL_CHANGE_TYPE_MAX,
        _INSTALL_CHANGE_TYPE_INVALID = -EINVAL,
} InstallChangeType;

const char *install_change_type_to_string(
                InstallChangeType t); /* systemd's: "symlink", "unlink", … */

typedef struct InstallChange {
        InstallChangeType type;
        char *path;   /* owned */
        char *source; /* owned; NULL: none */
} InstallChange;

typedef struct InstallPlan {
        InstallChange *changes; /* owned; in the order in which they are told */
        size_t n_changes, n_allocated;
        bool carries_install_info; /* one of the units at least has an [Install] that asks for links */
} InstallPlan;

void install_plan_done(InstallPlan *plan);

/* systemd's bits. */
typedef enum InstallFlags {
        INSTALL_FLAG_RUNTIME = 1U << 0, /* in the runtime directory */
        INSTALL_FLAG_FORCE = 1U << 1,   /* replace links that lead elsewhere */
        INSTALL_FLAG_PORTABLE = 1U << 2,
} InstallFlags;

typedef enum PresetMode {
        PRESET_FULL,
        PRESET_ENABLE_ONLY,
        PRESET_DISABLE_ONLY,
        _PRESET_MODE_MAX,
        _PRESET_MODE_INVALID = -EINVAL,
} PresetMode;

PresetMode preset_mode_from_string(const char *s); /* "full" or "", "enable-only", "disable-only" */

/*
 * Each takes names as world_find() does, and adds to @plan. Return: 0; -ENOENT no such file, -ERFKILL
 * masked, -EADDRNOTAVAIL of Quadlet, -ELOOP an alias, -EEXIST something else is there, -EROFS no place for
 * links, -EINVAL a bad name: @error has a text and a code; -ENOMEM. @plan is of no use then.
 */
int install_plan_enable(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
int install_plan_disable(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
/** install_plan_reenable() - links that are wanted come, others of the units go; those that stay are no change */
int install_plan_reenable(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
int install_plan_preset(const InstallWorld *w,
                char *const *names,
                PresetMode mode,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
/** install_plan_preset_all() - of all files that are enabled by links; what can't be is told and left */
int install_plan_preset_all(const InstallWorld *w,
                PresetMode mode,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
/** install_plan_mask(), install_plan_unmask() - @names are ids; they need not exist */
int install_plan_mask(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
int install_plan_unmask(const InstallWorld *w,
                char *const *names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
/** install_plan_link() - @paths: absolute, of files that the caller has seen to be there */
int install_plan_link(const InstallWorld *w,
                char *const *paths,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
/** install_plan_revert() - drop-ins go, and masks, and local files that stand before others' */
int install_plan_revert(const InstallWorld *w, char *const *names, InstallPlan *plan, Error *error);
/** install_plan_add_dependency() - @suffix: ".wants" or ".requires" of @target */
int install_plan_add_dependency(const InstallWorld *w,
                char *const *names,
                const char *target,
                const char *suffix,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
int install_plan_set_default(const InstallWorld *w,
                const char *target,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);

/** install_plan_check_name() - for callers that take files from disk first. Return: 0; -EINVAL. */
int install_check_name(const char *name, Error *error);
