/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Lines of a Dockerfile that say how an image runs, as `docker import --change` takes them: CMD,
 * ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR. Pure; variables are not expanded.
 */

#include "base/error.h"
#include "image/oci/json.h"

/**
 * image_change_apply() - put one line into the "config" object of an image configuration
 *
 * Return: 0; -EINVAL with what is wrong in it; -ENOMEM.
 */
int image_change_apply(json_t *config, const char *line, Error *error);
