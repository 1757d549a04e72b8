/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The person's editor.
 */

#include "base/error.h"

/**
 * editor_run() - have @path edited: $SUPCTL_EDITOR, $SYSTEMD_EDITOR, $EDITOR, $VISUAL, editor, nano, vi
 *
 * Waits for it to end. Return: 0; negative errno with a text if there is none, or it failed.
 */
int editor_run(const char *path, Error *error);
