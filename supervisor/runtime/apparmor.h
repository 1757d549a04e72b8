/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * AppArmor, of which a process needs one thing: that its next exec enters a profile.
 */

#include <stdbool.h>

/** apparmor_is_enabled() - in this kernel, now */
bool apparmor_is_enabled(void);

/**
 * apparmor_enter_on_exec() - in the child: allocates nothing
 * @attributes: /proc/self/attr
 *
 * Return: 0; -ENOENT: no such profile is loaded; -EACCES: ours does not allow it.
 */
int apparmor_enter_on_exec(const char *attributes, const char *profile);
