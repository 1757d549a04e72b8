/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Numbers of devices by the names of their drivers, as /proc/devices has them. Pure.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * device_numbers_find() - major numbers of the drivers whose names match
 * @text:    of /proc/devices
 * @type:    'c' or 'b'
 * @pattern: a shell's; "pts", "loop", "tty*"
 * @ret:     owned by the caller; NULL: none
 *
 * Return: 0; -ENOMEM.
 */
int device_numbers_find(
                const char *text, char type, const char *pattern, uint32_t **ret, size_t *ret_n);
