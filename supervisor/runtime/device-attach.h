/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Device programs in the kernel, by bpf(2). An attached program belongs to its cgroup: it outlives us and
 * goes with the group. The group's parents' programs apply as well.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct bpf_insn; /* <linux/bpf.h> */

/** device_program_load() - Return: a descriptor, owned by the caller, or negative errno */
int device_program_load(const struct bpf_insn *code, size_t n, Error *error);

/**
 * device_program_attach() - put the program on a group, in the place of an earlier one of ours
 * @replace: there may be one: look for it. Without, the look-up is spared.
 *
 * The change is atomic: no moment without rules, none with both.
 */
int device_program_attach(int cgroup_fd, int program_fd, bool replace, Error *error);
