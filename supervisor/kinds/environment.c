/* SPDX-License-Identifier: MIT */
#include "kinds/environment.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/strv.h"
#include "unitfile/unit-spec.h"

#define ENVIRONMENT_FILE_MAX (1024U * 1024U)

int environment_file_read(const char *path, char **ret, Error *error) {
        int r = file_read(AT_FDCWD, path, ENVIRONMENT_FILE_MAX, ret, NULL);
        if (r < 0)
                return error_set(error, r, ERROR_STORAGE, "read environment file %s", path);
        return 0;
}

/* [Service] Environment= and EnvironmentFile=: what ${NAME} in other values means. */
int service_environment_read(const ServiceSpec *service, char ***ret, Error *error) {
        _cleanup_strv_ char **expansion = NULL;
        int r = strv_copy(service->environment, &expansion);

        STRV_FOREACH (word, service->environment_files) {
                _cleanup_(error_done) Error reason = {};
                _cleanup_free_ char *text = NULL;
                _cleanup_strv_ char **assignments = NULL;
                bool optional = **word == '-';
                const char *path = *word + optional;
                unsigned line = 0;

                if (r < 0)
                        return r;
                r = environment_file_read(path, &text, &reason);
                if (r < 0 && optional) {
                        r = 0;
                        continue;
                }
                if (r < 0) {
                        error_move(error, &reason);
                        return r;
                }
                r = environment_parse_systemd(text, &assignments, &line);
                if (r == -EINVAL)
                        return error_set_plain(error,
                                        r,
                                        ERROR_BAD_SETTING,
                                        "%s:%u: not NAME=VALUE",
                                        path,
                                        line);
                STRV_FOREACH (assignment, assignments) {
                        if (r >= 0)
                                r = strv_env_set(&expansion, *assignment);
                }
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(expansion);
        return 0;
}
