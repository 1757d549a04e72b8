/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Device rules as a BPF program of type BPF_PROG_TYPE_CGROUP_DEVICE: the instructions only. Pure; loading
 * and attaching is in device-attach.h.
 */

#include "runtime/cgroup.h"

struct bpf_insn; /* <linux/bpf.h> */

/**
 * device_program_build() - instructions that allow what one of @rules allows, and deny the rest
 * @rules: merged by device_rules_merge(): one rule must cover all ways of an access at once
 * @ret:   malloc'ed
 */
int device_program_build(
                const DeviceRule *rules, size_t n_rules, struct bpf_insn **ret, size_t *ret_n);
