/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Keeps one program alive: restarts it when it crashes, with the descriptors it gave us to keep, and
 * reaps what it leaves behind. supd's guardian on a machine with another init, and the part of an
 * appliance's PID 1 that outlives supd.
 *
 * The program is done when it exits with 0, or ends in any way after STOPPING=1 or a SIGTERM or
 * SIGINT that went through us. Any other end is a crash: the first restart comes at once, those
 * after a life of less than ten seconds later and later, and we never give up.
 */

#include "init/signals.h"

/**
 * guardian_run() - Return: the exit status for the process, which is the program's
 *
 * Inherited descriptors above standard error are closed.
 */
int guardian_run(char *const *argv, const SignalState *signals);
