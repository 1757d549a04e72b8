/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Kernel parameters of the container's own namespaces. What is global to the host is refused by name,
 * before there is a child.
 */

#include "runtime/plan.h"

/**
 * sysctl_parse() - "net.ipv4.ip_forward=1" to a path and a value
 * @host_network: net.* would change the host then, and is refused
 */
int sysctl_parse(Plan *p, const char *text, bool host_network, PlanSysctl *ret, Error *error);

/** sysctl_apply() - in the child, through the fresh procfs and before /proc/sys becomes read-only */
int sysctl_apply(Plan *p);
