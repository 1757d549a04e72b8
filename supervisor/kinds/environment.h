/* SPDX-License-Identifier: MIT */
#pragma once

/* Environment files of units, read where they are needed: at a start. */

#include "base/error.h"
#include "unitfile/service-spec.h"

/** environment_file_read() - its text, owned by the caller */
int environment_file_read(const char *path, char **ret, Error *error);

/** service_environment_read() - [Service] Environment= and EnvironmentFile=: what ${NAME} means in other
 * values; owned by the caller (strv) */
int service_environment_read(const ServiceSpec *service, char ***ret, Error *error);
