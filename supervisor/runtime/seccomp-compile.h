/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From the profile's rows to a BPF program. libseccomp knows the numbers of each architecture; the
 * program is laid out here, as a binary search over ranges of numbers with one outcome: it comes out four
 * times shorter than libseccomp's own, and the kernel translates it at every container's start. The
 * unit test runs both over every number and compares.
 */

#include <linux/filter.h>
#include <stdint.h>

#include "runtime/seccomp-profile.h"

/**
 * seccomp_compile() - the program for a profile
 * @capabilities: which rows apply
 * @ret:          filter: owned by the caller; free()
 *
 * What is no row's is refused with EPERM, what is newer than all rows with ENOSYS, so that C libraries
 * fall back to what they used before. Return: 0; -E2BIG; -ENOMEM.
 */
int seccomp_compile(const SeccompRow *rows,
                size_t n_rows,
                uint64_t capabilities,
                struct sock_fprog *ret);

/** seccomp_row_applies() - Return: whether a container with these capabilities gets the row */
int seccomp_row_applies(const SeccompRow *row, uint64_t capabilities);
