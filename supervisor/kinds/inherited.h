/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Children that supd had before it executed itself again: execve() keeps them, and what knew of them is gone.
 * The processes of units are adopted. All others, a health check under way, a worker that was being killed,
 * have nobody who waits for them: as zombies they would hold their container's PID namespace, and so its end,
 * for ever.
 */

#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "core/engine.h"

typedef struct InheritedChildren {
        pid_t *pids; /* owned */
        size_t n;
} InheritedChildren;

/** inherited_list() - to be called before anything is started. Return: 0 or -errno. */
int inherited_list(InheritedChildren *ret);
/** inherited_reap() - those that are no unit's, when the units have been restored. Return: 0; -ENOMEM. */
int inherited_reap(const InheritedChildren *children, Engine *engine, sd_event *event);
void inherited_done(InheritedChildren *children);
