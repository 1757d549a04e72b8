/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Signals as a queue: all of them are blocked from main()'s first line on and taken one by one, so
 * nothing ever interrupts supinit and no handler exists. A blocked signal is queued even for PID 1
 * of a namespace, and even if it was inherited as ignored.
 *
 * The masks go to the kernel directly: musl's own functions leave out signals 32 to 34, and 34 is a
 * payload's SIGRTMIN.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SignalState {
        uint64_t mask;
        struct sigaction on_child;
} SignalState;

/** signals_take() - block all; SIGCHLD back to its default, or exited children would be lost. */
void signals_take(SignalState *ret_before);

/** signals_restore() - undo signals_take() in a forked child, just before its exec. */
void signals_restore(const SignalState *before);

/** signals_wait() - take the next signal, blocking. Return: its number; 0 if there was none. */
int signals_wait(siginfo_t *ret);

/** signals_next() - take the next pending signal. Return: its number; 0 if none is pending. */
int signals_next(siginfo_t *ret);

/** signals_open() - a descriptor that polls readable while signals are pending; or negative errno. */
int signals_open(void);

/**
 * signal_is_forwardable() - whether somebody meant the signal for what we supervise
 *
 * All are but SIGCHLD, and those that our own doing brought: SIGPIPE of a write, or the terminal's
 * answer to a background write.
 */
bool signal_is_forwardable(int number, const siginfo_t *info);
