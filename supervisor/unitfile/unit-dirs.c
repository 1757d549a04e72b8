/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-dirs.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "supd/paths.h"
#include "unitfile/text-builder.h"
#include "unitfile/unit-spec.h"

/* In order of precedence. */
static const struct {
        const char *path;
        bool quadlet_only;
} unit_dirs[] = {
        { "/etc/supd/units", false },
        { "/run/supd/units", false },
        { "/run/containers/systemd", true },
        { "/etc/containers/systemd", true },
        { "/usr/lib/supd/units", false },
        { "/usr/share/containers/systemd", true },
};

static bool is_or_is_below(const char *path, const char *directory) {
        size_t n = strlen(directory);

        return strncmp(path, directory, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

bool unit_dir_is_quadlet_only(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(unit_dirs); i++) {
                if (unit_dirs[i].quadlet_only && is_or_is_below(path, unit_dirs[i].path))
                        return true;
        }
        return false;
}

bool unit_dir_is_skipped(const char *path) {
        return strcmp(path, "/etc/containers/systemd/users") == 0;
}

/* Podman, too, takes what stands before a relative entry. */
static int split_list(const char *list, char ***ret, Error *error) {
        _cleanup_(word_list_done) WordList dirs = {};
        int result = 0;

        for (;;) {
                size_t size = strcspn(list, ":");
                _cleanup_free_ char *dir = strndup(list, size);

                if (!dir)
                        return -ENOMEM;
                if (*dir != '/') {
                        result = error_set_plain(error,
                                        -EINVAL,
                                        ERROR_INVALID_ARGUMENT,
                                        "unit directory '%s' is not an absolute path; "
                                        "it and those after it are not used",
                                        dir);
                        break;
                }
                int r = word_list_add(&dirs, &dir);
                if (r < 0)
                        return r;
                if (list[size] == '\0')
                        break;
                list += size + 1;
        }
        *ret = word_list_take(&dirs);
        return result;
}

int unit_dirs_default(char ***ret, Error *error) {
        const char *list = getenv(SUPD_ENV_UNIT_DIRS);

        if (str_is_empty(list))
                list = getenv(SUPD_ENV_UNIT_DIRS_ALIAS);
        if (!str_is_empty(list))
                return split_list(list, ret, error);

        _cleanup_strv_ char **dirs = NULL;
        for (size_t i = 0; i < ELEMENTSOF(unit_dirs); i++) {
                int r = strv_append(&dirs, unit_dirs[i].path);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(dirs);
        return 0;
}
