/* SPDX-License-Identifier: MIT */
#pragma once

/* What nobody asks any more how it ended: reaped or removed when it does, without anybody waiting. */

#include <systemd/sd-event.h>

#include "runtime/cgroup.h"

/**
 * reap_later() - take a child's pidfd over
 * @pidfd: owned by the callee from here on; negative: nothing to do
 *
 * A process in the middle of a sync may take long to die, and a frozen one as long as it likes. It stays a
 * zombie until supd ends where the loop can't take it. Return: -EBADF.
 */
int reap_later(sd_event *event, int pidfd);

/**
 * reap_scratch() - end a scratch group with all that is in it, and remove it as soon as they have died
 * @c: taken over; NULL: nothing to do
 *
 * Return: NULL.
 */
Cgroup *reap_scratch(sd_event *event, Cgroup *c);

/**
 * reap_members() - reap_later() for all children of ours that are or were in a group
 *
 * For when their numbers never became known: whoever was to tell was killed. Costs a look at each child.
 */
void reap_members(sd_event *event, const Cgroup *c);
