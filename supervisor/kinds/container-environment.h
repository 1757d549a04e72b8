/* SPDX-License-Identifier: MIT */
#pragma once

/* What a payload gets of supd's own environment, before anything that its image and its unit say. */

#include "unitfile/container-spec.h"

/**
 * container_environment_inherit() - EnvironmentHost= and HttpProxy=, and what every program expects
 * @own:         supd's environment
 * @environment: strv that is added to; owned by the caller
 *
 * Of all of @own, what is between supd and the one that started it stays away: sockets, a watchdog and
 * credentials that a container has not. Return: 0 or -ENOMEM.
 */
int container_environment_inherit(
                const ProcessSpec *process, char *const *own, char ***environment);
