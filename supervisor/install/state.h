/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How a unit file is installed, in systemd's words. Pure.
 */

#include "install/world.h"

/**
 * install_state() - "enabled", "disabled", "static", "masked", …; of Quadlet's files "generated"
 * @name: as for world_find()
 *
 * Return: static; NULL: there is no such file.
 */
const char *install_state(const InstallWorld *w, const char *name);

/** install_preset() - "enabled", "disabled", or "" where presets have no say; static */
const char *install_preset(const InstallWorld *w, const char *name);

/** install_default_target() - what default.target stands for; borrowed or static */
const char *install_default_target(const InstallWorld *w);
