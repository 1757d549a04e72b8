/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Lines on standard error, without stdio: its buffers and its printf() would be most of supinit.
 */

/** report() - "supinit: PART PART...\n" in one write; the list ends with NULL; keeps errno. */
void report(const char *part, ...) __attribute__((sentinel));

#define NUMBER_TEXT_MAX 24

/** number_text() - decimal digits of a value >= 0 into @buffer of NUMBER_TEXT_MAX; returns the text. */
const char *number_text(unsigned long long value, char *buffer);
