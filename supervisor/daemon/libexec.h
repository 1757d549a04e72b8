/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where supd's helper programs are.
 */

#include "base/error.h"

/**
 * libexec_find() - path of a helper program
 *
 * Looked for in $SUPD_LIBEXEC_DIR, beside supd itself, and in ../lib/supd from there. Return: 0; -ENOENT
 * naming the places. @ret owned by the caller.
 */
int libexec_find(const char *program, char **ret, Error *error);
