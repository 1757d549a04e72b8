/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * PID 1 of a container: starts the payload, reaps whatever the kernel hands over, forwards signals
 * to the payload, reports as supd/init-protocol.h says, and ends when the payload does; what else
 * still runs then dies with the pid namespace.
 */

#include "init/signals.h"

/** container_run() - Return: the exit status for the process, which is the payload's. */
int container_run(char *const *argv, int n_listen_fds, const SignalState *signals);
