/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What /dev of every container holds: six devices, the links into /proc and the empty directories of
 * further mounts. Which of them may be used is the cgroup's business.
 */

#include "runtime/plan.h"

/** dev_tree_create() - in the child, on the attached tmpfs @dev_fd, which becomes the plan's */
int dev_tree_create(Plan *p, int dev_fd);

/** dev_tree_device() - name of a row, for messages; NULL if there is none */
const char *dev_tree_device(int row);
