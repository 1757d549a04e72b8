/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Drop-ins that supd writes itself: DIR/FILE.d/NAME. Replaced in one step, on disk when the call returns; nothing is
 * written behind a symbolic link.
 */

#include "base/error.h"

/**
 * dropin_write() - the drop-in is so from now on
 * @dir:     a unit directory; made if it is not there
 * @file:    name of the unit's file, "web.container"
 * @name:    of the drop-in, "50-set-MemoryMax.conf"
 * @text:    NULL: it goes, and its directory if that is empty then
 * @ret_old: what was there, owned by the caller; NULL: nothing. May be NULL itself
 *
 * Return: 0; negative errno.
 */
int dropin_write(const char *dir,
                const char *file,
                const char *name,
                const char *text,
                char **ret_old,
                Error *error);
