/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Role 3 of supinit: the last step into a running container.
 *
 * A pid namespace is entered by a new process only, and until that executes something it is a copy of the
 * one that made it, open to whoever may trace in there. So supd's child has supinit executed first, which
 * holds nothing of supd's, and supinit makes that process.
 */

#include "init/signals.h"

/**
 * command_run() - run @argv as a child of our own parent; by the protocol of include/supd/init-protocol.h
 * @signals: as from signals_take(), what the command is to find
 *
 * Return: 0 once the process is made, with SUPD_STATUS_FORKED told; else the shell's 126, with
 * SUPD_STATUS_EXEC_FAILED told.
 */
int command_run(char *const *argv, const SignalState *signals);
