/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Changing how unit files are installed: ask supd, tell what was done, have it read the files again.
 */

#include "client/unit-files.h"
#include "ctl/verbs.h"

/**
 * unit_file_change() - the whole of a verb such as enable, as the options have it
 * @request: its runtime and force are filled in
 *
 * Return: 0; negative errno.
 */
int unit_file_change(Context *c, UnitFileRequest *request, Error *error);

/** unit_file_reload() - unless the options say not to; problems of files are printed, and are no failure */
int unit_file_reload(Context *c, Error *error);
