/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Capability sets as masks of 1 << CAP_…, and the calls of the child that give them up. The kernel's own
 * calls and not libcap's, which allocates.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/** capabilities_permitted() - what this process may hand on; 0 if the kernel does not say */
uint64_t capabilities_permitted(void);

/**
 * capabilities_check() - clamp what was asked for to what is there
 * @wanted: a mask with every capability that the kernel knows means "all there are"
 *
 * Return: 0; -EPERM naming a capability that this process does not have.
 */
int capabilities_check(uint64_t wanted, uint64_t permitted, uint64_t *ret, Error *error);

/** capabilities_bound() - in the child: drop all but @keep from the bounding set */
int capabilities_bound(uint64_t keep);

/** capabilities_set() - in the child: permitted and effective; inheritable and ambient become empty */
int capabilities_set(uint64_t permitted, uint64_t effective);
