/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The child's root: a bound directory, the mount of an image file, or layers joined by overlayfs. It is
 * mounted in the container's own mount namespace and vanishes with it; what it leaves on the host is the
 * writable layer in the plan's storage, if there is one.
 *
 * A step like those of runtime/mounts.h: reads the plan, notes in it where it is, allocates nothing.
 */

#include "runtime/plan.h"

/** root_make() - mount it and keep a descriptor of it in the plan; the host's mounts must be private */
int root_make(Plan *p);

/** root_attach() - put a finished, detached root where mounts_pivot() wants it */
int root_attach(Plan *p, int tree_fd);
