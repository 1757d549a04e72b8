/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The attribute of a unit's cgroup by which journald knows what lines to keep. Who compiles and matches the regular
 * expressions is journald. Pure.
 */

#include <stddef.h>

#define JOURNAL_FILTER_ATTRIBUTE "user.journald_log_filter_patterns"

/**
 * journal_filter_encode() - its value: patterns of lines to keep, a byte 0xff, patterns of lines to drop; NUL bytes
 * between two of them
 * @patterns: those of lines to drop begin with '~'; NULL: none
 * @ret:      owned by the caller; NULL without patterns: there is to be no attribute
 *
 * Return: 0; -ENOMEM.
 */
int journal_filter_encode(char *const *patterns, char **ret, size_t *ret_size);
