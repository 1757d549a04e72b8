/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Starting the one program that supinit is there for, and reading how it ended.
 */

#include <signal.h>
#include <sys/types.h>

#include "init/signals.h"

typedef struct Launch {
        char *const *argv;          /* borrowed from main() */
        const SignalState *signals; /* borrowed from main(); what the program is to find */

        /*
         * Runs in the child with signals still blocked; may replace @envp. Returns 0 or a negative
         * errno, which counts as a failed exec.
         */
        int (*prepare)(void *userdata, char *const **envp);
        void *userdata;
        int fd_min; /* prepare() replaces descriptors below this; > 2 */
} Launch;

/**
 * process_start() - fork and execute; returns once the exec has succeeded or failed
 *
 * The command is searched in PATH of the environment that prepare() leaves, unless it has a '/'.
 * A program whose format the kernel doesn't know is an error, not a shell script.
 *
 * Return: the child's pid; the negative errno of what failed, the child being gone again.
 */
pid_t process_start(const Launch *launch);

/**
 * process_exec() - execute @argv, searched as process_start() does. Return: only on failure, negative errno.
 */
int process_exec(char *const *argv, char *const *envp);

/** process_start_exit_code() - the shell's 127 or 126 for a failed process_start(). */
int process_start_exit_code(int error);

/** process_exit_code() - exit status as the shell gives it: 128 + number for a signal. */
int process_exit_code(const siginfo_t *ended);
