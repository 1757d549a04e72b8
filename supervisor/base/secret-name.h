/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a secret may be called: what Podman allows, but for control characters and what is no UTF-8.
 */

#include <stdbool.h>

#define SECRET_NAME_MAX 253U /* bytes */

/** secret_name_is_valid() - no ',', '/' and '=' in it either */
bool secret_name_is_valid(const char *name);
