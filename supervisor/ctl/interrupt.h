/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ctrl-C as a descriptor: a handler could come between the check and the wait.
 */

#define EXIT_INTERRUPTED 130 /* 128 + SIGINT, as shells have it */

/** interrupt_open() - readable once SIGINT or SIGTERM came, which end us no more. Return: owned by the
 * caller; negative errno. */
int interrupt_open(void);
