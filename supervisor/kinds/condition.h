/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The tests behind ConditionX= and AssertX=, a function for each X: what the machine, supd and the file systems
 * are like at this moment. '!' and '|' are core's business.
 *
 * Each is a few system calls. As in systemd one that asks for a path on a network file system whose server is
 * gone waits for that server; mount points are told without asking it.
 */

#include "unitfile/condition.h"

/** condition_test() - Return: 1: met; 0: not; negative errno: it can't be told, or the parameter makes no sense */
int condition_test(const UnitCondition *c);
