/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Processes that this program forks off itself: they live no longer than it does, and the confined ones
 * keep only the descriptors that they need.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "image/confine/confine.h"

/** process_start() - run @body in a child, which ends with its return value. Return: pid, errno. */
pid_t process_start(int (*body)(const void *userdata), const void *userdata);

/**
 * process_reap() - wait for the end, at once by force with @kill_it; *pid becomes 0, which is none
 *
 * Return: the exit status; 128 and the signal that killed it; negative errno.
 */
int process_reap(pid_t *pid, bool kill_it);

/**
 * process_confine() - in the child: close all descriptors above standard error but @keep, then as
 * confine_process() does. Negative ones in @keep are none.
 */
int process_confine(const int *keep, size_t n_keep, const ConfineSpec *spec, Error *error);
