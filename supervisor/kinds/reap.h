/* SPDX-License-Identifier: MIT */
#pragma once

/* Children that nobody asks any more how they ended: reaped when they do, without anybody waiting. */

#include <systemd/sd-event.h>

/**
 * reap_later() - take a child's pidfd over
 * @pidfd: owned by the callee from here on; negative: nothing to do
 *
 * A process in the middle of a sync may take long to die, and a frozen one as long as it likes. It stays a
 * zombie until supd ends where the loop can't take it. Return: -EBADF.
 */
int reap_later(sd_event *event, int pidfd);
