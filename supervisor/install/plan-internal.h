/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the plans have in common.
 */

#include "install/plan.h"

/** plan_add() - one change, unless it is there. Return: 0; -E2BIG; -ENOMEM. */
int plan_add(InstallPlan *plan, InstallChangeType type, const char *path, const char *source);
/** plan_directory() - where links go; borrowed */
int plan_directory(const InstallWorld *w, InstallFlags flags, const char **ret, Error *error);
/** plan_link() - a link at @path to @source, unless it is there */
int plan_link(const InstallWorld *w,
                const char *path,
                const char *source,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
/** plan_full_name() - with ".service" where there is no type; owned, or NULL */
char *plan_full_name(const char *name);
/** plan_names() - all of them, each once. Return: 0; -EINVAL if one is no unit's; -ENOMEM. */
int plan_names(char *const *names, char ***ret, Error *error);

int plan_no_such_file(const char *name, Error *error);
/** plan_find_to_enable() - the file of @name, if links can enable it; NULL: a built-in target */
int plan_find_to_enable(
                const InstallWorld *w, const char *name, const InstallFile **ret, Error *error);
/** plan_enable_all(), plan_disable_all() - @names grows by what Also= says */
int plan_enable_all(const InstallWorld *w,
                char ***names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);
int plan_disable_all(const InstallWorld *w,
                char ***names,
                InstallFlags flags,
                InstallPlan *plan,
                Error *error);

bool name_is_template(const char *name);
bool entry_is_mask(const InstallEntry *e);
/** entry_is_link_of() - a link that enabling @name may have made, or linking, or another name of it */
bool entry_is_link_of(const InstallEntry *e, const char *name);
