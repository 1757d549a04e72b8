/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * supd.conf and supd.conf.d/NAME.conf beside it: the syntax of plain units, a table of keys.
 */

#include <stdbool.h>

#include "daemon/options.h"

/**
 * config_read() - read o->config_file and its drop-ins into @o
 * @must_exist: it was named on the command line
 *
 * Unknown keys and bad values are warnings with file and line; the rest holds. Return: 0 or negative
 * errno.
 */
int config_read(Options *o, bool must_exist, Error *error);

/** config_parse_log_level() - "info" to a DiagLevel. Return: 0 or -EINVAL. */
int config_parse_log_level(const char *value, void *target);
